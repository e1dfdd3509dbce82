@cache
def embedding_reads(figure):
    """What the students of a figure's rows and the teacher say of the test clips, and split and prior of each fold."""
    folds = [
        {**made_for(fold, "split"), **made_for(fold, "prior")}
        for fold in plans.folds_made(LOADED, ABSENT)
    ]
    trained = [
        row
        for row in figure_files.rows_of(STUDY, figure)
        if STUDY.tested_by(row[0]) == "evaluate"
    ]
    return {
        **under_results(row_files.TEACHER_FILES),
        "index": f"{RESULTS}/media/index.csv",
        **{flag: [files[flag] for files in folds] for flag in folds[0]},
        **runs_of(trained, "scores", "predictions", "events"),
    }


rule embedding:
    input:
        lambda wildcards: recorded_scores(
            {"scores": embedding_reads(wildcards.figure)["scores"]}
        ),
        lambda wildcards: records_of(embedding_reads(wildcards.figure)),
    output:
        **outputs("embedding"),
    log:
        log_of("embedding"),
    params:
        flags=lambda wildcards: flags(
            "embedding",
            wildcards,
            embedding_reads(wildcards.figure),
            settings=captions.embedding_settings(LOADED, wildcards.figure),
        ),
    shell:
        "overheard embedding {params.flags} --log {log}"
