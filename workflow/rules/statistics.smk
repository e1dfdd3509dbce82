@cache
def statistics_reads():
    """The scores and predictions of every run, the media's index and the splits of all folds."""
    made = plans.rows_made(LOADED, ABSENT)
    folds = sorted(
        {
            layout.fold_of(seed, EXPERIMENT.split.folds)
            for row in made
            for seed in plans.seeds_made(LOADED, *row, ABSENT)
        }
    )
    return {
        "index": f"{RESULTS}/media/index.csv",
        "splits": [made_for(fold, "split")["splits"] for fold in folds],
        **{
            flag: [
                path
                for row in made
                for path in per_seed(STUDY.tested_by(row[0]), flag, *row)
            ]
            for flag in ("scores", "predictions")
        },
    }


rule statistics:
    input:
        lambda wildcards: recorded_scores({"scores": statistics_reads()["scores"]}),
        lambda wildcards: records_of(statistics_reads()),
    output:
        **outputs("statistics")
        | {
            "report": report(
                outputs("statistics")["report"],
                caption="../report/statistics.rst",
                category="Statistics",
            )
        },
    log:
        log_of("statistics"),
    params:
        flags=lambda wildcards: flags(
            "statistics",
            wildcards,
            statistics_reads(),
            settings=captions.statistics_settings(LOADED),
        ),
    shell:
        "overheard statistics {params.flags} --log {log}"
