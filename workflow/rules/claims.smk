rule claims:
    input:
        waits("claims"),
    output:
        **reported("claims", "markdown", "Claims"),
    log:
        log_of("claims"),
    params:
        flags=flags("claims"),
    shell:
        "overheard claims {params.flags} --log {log}"
