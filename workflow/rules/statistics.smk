@cache
def statistics_reads(table):
    """The scores and predictions of a table's runs, the media's index and the splits of their folds."""
    possible = set(plans.rows_made(LOADED, ABSENT))
    made = [row for row in STUDY.tables[table].runs() if row in possible]
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
        **runs_of(STUDY.tables[table].runs(), "scores", "predictions"),
    }


rule statistics:
    input:
        lambda wildcards: recorded_scores(
            {"scores": statistics_reads(wildcards.table)["scores"]}
        ),
        lambda wildcards: records_of(statistics_reads(wildcards.table)),
    output:
        **outputs("statistics")
        | {
            "report": report(
                outputs("statistics")["report"],
                caption="../report/statistics.rst",
                category="Statistics",
                subcategory="{table}",
            )
        },
    log:
        log_of("statistics"),
    params:
        flags=lambda wildcards: flags(
            "statistics",
            wildcards,
            statistics_reads(wildcards.table),
            settings=captions.statistics_settings(LOADED, wildcards.table),
        ),
    shell:
        "overheard statistics {params.flags} --log {log}"
