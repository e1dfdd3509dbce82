rule tables:
    input:
        lambda wildcards: recorded_scores(scores_of_table(wildcards.table)),
        lambda wildcards: records_of(compared_in(wildcards.table)),
        published=of_project(STUDY.published),
    output:
        **outputs("tables")
        | {
            "csv": report(
                outputs("tables")["csv"],
                caption="../report/tables.rst",
                category="Tables",
                subcategory="{table}",
            )
        },
    log:
        log_of("tables"),
    params:
        flags=lambda wildcards: flags(
            "tables",
            wildcards,
            {
                **scores_of_table(wildcards.table),
                **compared_in(wildcards.table),
                "published": of_project(STUDY.published),
            },
            table=wildcards.table,
            settings=captions.table_settings(
                LOADED, wildcards.table, ABSENT, DIVERGED
            ),
        ),
    shell:
        "overheard tables {params.flags} --log {log}"


GATHERED = {"tables": [f"{RESULTS}/tables/{table}.cells.csv" for table in STUDY.tables]}


rule cells:
    input:
        records_of(GATHERED),
    output:
        **outputs("cells")
        | {
            "cells": report(
                outputs("cells")["cells"],
                caption="../report/cells.rst",
                category="Tables",
            )
        },
    log:
        log_of("cells"),
    params:
        flags=lambda wildcards: flags("cells", wildcards, GATHERED),
    shell:
        "overheard cells {params.flags} --log {log}"
