def claims_reads():
    """The comparisons of every table, and the printed numbers."""
    return {
        "comparisons": [comparisons_of(table) for table in STUDY.tables],
        "published": of_project(STUDY.published),
    }


rule claims:
    input:
        records_of({"comparisons": claims_reads()["comparisons"]}),
        published=of_project(STUDY.published),
    output:
        **outputs("claims")
        | {
            "markdown": report(
                outputs("claims")["markdown"],
                caption="../report/claims.rst",
                category="Claims",
            )
        },
    log:
        log_of("claims"),
    params:
        flags=lambda wildcards: flags(
            "claims",
            wildcards,
            claims_reads(),
            settings=captions.claims_settings(LOADED),
        ),
    shell:
        "overheard claims {params.flags} --log {log}"
