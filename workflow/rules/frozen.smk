rule frozen:
    input:
        waits("frozen"),
    output:
        **outputs("frozen"),
    log:
        log_of("frozen"),
    params:
        flags=flags("frozen"),
    shell:
        "overheard frozen {params.flags} --log {log}"
