@cache
def atlas_reads():
    """What the teacher hears, and the split, prior and relevance vectors of one fold: the first that is made."""
    fold = plans.folds_made(LOADED, ABSENT)[0]
    return {
        **under_results(row_files.TEACHER_FILES),
        "index": f"{RESULTS}/media/index.csv",
        **made_for(fold, "split"),
        **made_for(fold, "prior"),
        **made_for(fold, "relevance"),
    }


rule atlas:
    input:
        lambda wildcards: records_of(atlas_reads()),
    output:
        **outputs("atlas"),
    log:
        log_of("atlas"),
    params:
        flags=lambda wildcards: flags(
            "atlas",
            wildcards,
            atlas_reads(),
            settings=captions.atlas_settings(
                LOADED, wildcards.figure, media_folder("")
            ),
        ),
    shell:
        "overheard atlas {params.flags} --log {log}"
