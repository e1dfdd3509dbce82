@cache
def reliability_reads(figure):
    """The scores and predictions of a figure's rows."""
    return runs_of(figure_files.rows_of(STUDY, figure), "scores", "predictions")


rule reliability:
    input:
        lambda wildcards: recorded_scores(
            {"scores": reliability_reads(wildcards.figure)["scores"]}
        ),
        lambda wildcards: records_of(reliability_reads(wildcards.figure)),
    output:
        **outputs("reliability"),
    log:
        log_of("reliability"),
    params:
        flags=lambda wildcards: flags(
            "reliability",
            wildcards,
            reliability_reads(wildcards.figure),
            settings=STUDY.figures[wildcards.figure].settings,
        ),
    shell:
        "overheard reliability {params.flags} --log {log}"
