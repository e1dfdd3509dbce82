rule statistics:
    input:
        waits("statistics"),
    output:
        **reported("statistics", "report", "Statistics", subcategory="{table}"),
    log:
        log_of("statistics"),
    params:
        flags=flags("statistics"),
    shell:
        "overheard statistics {params.flags} --log {log}"
