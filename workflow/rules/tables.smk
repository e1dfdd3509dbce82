rule tables:
    input:
        lambda wildcards: recorded_scores(wildcards.table),
        published=of_project(STUDY.published),
    output:
        record="results/{experiment}/tables/{table}.record.json",
        cells="results/{experiment}/tables/{table}.cells.csv",
        csv=report(
            "results/{experiment}/tables/{table}.csv",
            caption="../report/tables.rst",
            category="Tables",
            subcategory="{table}",
        ),
        markdown="results/{experiment}/tables/{table}.md",
        latex="results/{experiment}/tables/{table}.tex",
    log:
        "logs/{experiment}/tables/{table}.log",
    params:
        settings=lambda wildcards: as_json(
            job_settings.table_settings(
                EXPERIMENT, STUDY, NAME, wildcards.table, ABSENT
            )
        ),
        scores=lambda wildcards: flags({"scores": scores_of_table(wildcards.table)}),
        planned=lambda wildcards: planned("tables"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard tables --table {wildcards.table} {params.scores} --published {input.published:q}"
        " --settings {params.settings:q} --cells {output.cells} --csv {output.csv} --markdown {output.markdown}"
        " --latex {output.latex} {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"


GATHERED = {
    "tables": [f"results/{NAME}/tables/{table}.cells.csv" for table in STUDY.tables]
}


rule cells:
    input:
        records_of(GATHERED),
    output:
        record="results/{experiment}/tables/cells.record.json",
        cells=report(
            "results/{experiment}/tables/cells.csv",
            caption="../report/cells.rst",
            category="Tables",
        ),
        metrics="results/{experiment}/tables/metrics.json",
    log:
        "logs/{experiment}/tables/cells.log",
    params:
        tables=flags(GATHERED),
        planned=lambda wildcards: planned("cells"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard cells {params.tables} --cells {output.cells} --metrics {output.metrics}"
        " {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
