@cache
def baseline_reads(method, seed):
    """What a run of a baseline reads."""
    return under_results(row_files.baseline_inputs(EXPERIMENT, STUDY, method, seed))


rule baselines:
    input:
        lambda wildcards: records_of(
            baseline_reads(wildcards.method, int(wildcards.seed))
        ),
    output:
        **outputs("baselines"),
    log:
        log_of("baselines"),
    params:
        flags=lambda wildcards: flags(
            "baselines",
            wildcards,
            baseline_reads(wildcards.method, int(wildcards.seed)),
            method=wildcards.method,
            modality=wildcards.modality,
            seed=int(wildcards.seed),
        ),
    shell:
        "overheard baselines {params.flags} --log {log}"
