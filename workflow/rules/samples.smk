rule samples:
    input:
        waits("samples"),
    output:
        **outputs("samples"),
    log:
        log_of("samples"),
    params:
        flags=flags("samples"),
    shell:
        "overheard samples {params.flags} --log {log}"
