@cache
def train_reads(method, modality, seed):
    """What a run reads."""
    return under_results(
        row_files.train_inputs(EXPERIMENT, STUDY.methods[method], modality, seed)
    )


@cache
def train_waits(method, modality, seed):
    """The records of a run's inputs but for those of files that another of these jobs read itself.

    Such a job's record has the content of what it read, so it changes with them; and of thousands of runs, each record
    more that a run waits for takes Snakemake its time.
    """
    files = train_reads(method, modality, seed)
    fold = layout.fold_of(seed, EXPERIMENT.split.folds)
    read = dict.fromkeys(("prior", "relevance"), taught_reads(fold))
    read |= dict.fromkeys(flow.STAGES["normaliser"].writes, normaliser_reads(fold))
    known = {path for flag in read if flag in files for path in read[flag].values()}
    return records_of({flag: path for flag, path in files.items() if path not in known})


rule train:
    input:
        lambda wildcards: train_waits(
            wildcards.method, wildcards.modality, int(wildcards.seed)
        ),
    output:
        **outputs("train"),
    log:
        log_of("train"),
    params:
        flags=lambda wildcards: flags(
            "train",
            wildcards,
            train_reads(wildcards.method, wildcards.modality, int(wildcards.seed)),
            method=wildcards.method,
            modality=wildcards.modality,
            seed=int(wildcards.seed),
            settings=job_settings.train_settings(
                EXPERIMENT,
                PROTOCOL,
                STUDY.methods[wildcards.method],
                wildcards.modality,
            ),
        ),
    shell:
        "overheard train {params.flags} --checkpoints checkpoints --log {log}"
