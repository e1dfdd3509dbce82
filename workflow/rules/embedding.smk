rule embedding:
    input:
        waits("embedding"),
    output:
        **outputs("embedding"),
    log:
        log_of("embedding"),
    params:
        flags=flags("embedding"),
    shell:
        "overheard embedding {params.flags} --log {log}"
