rule tables:
    input:
        scores=lambda wildcards: scores_of(STUDY.tables[wildcards.table].runs()),
        published=str(ROOT / STUDY.published),
    output:
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
            plan.table_settings(EXPERIMENT, STUDY, NAME, wildcards.table, ABSENT)
        ),
        scores=lambda wildcards, input: flags({"scores": input.scores}),
    shell:
        "overheard tables --table {wildcards.table} {params.scores} --published {input.published:q}"
        " --settings {params.settings:q} --cells {output.cells} --csv {output.csv} --markdown {output.markdown}"
        " --latex {output.latex} --log {log}"


rule cells:
    input:
        tables=[f"results/{NAME}/tables/{table}.cells.csv" for table in STUDY.tables],
    output:
        cells=report(
            "results/{experiment}/tables/cells.csv",
            caption="../report/cells.rst",
            category="Tables",
        ),
        metrics="results/{experiment}/tables/metrics.json",
    log:
        "logs/{experiment}/tables/cells.log",
    params:
        tables=lambda wildcards, input: flags({"tables": input.tables}),
    shell:
        "overheard cells {params.tables} --cells {output.cells} --metrics {output.metrics} --log {log}"
