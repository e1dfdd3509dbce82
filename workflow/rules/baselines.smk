rule baselines:
    input:
        waits("baselines"),
    output:
        **outputs("baselines"),
    log:
        log_of("baselines"),
    params:
        flags=flags("baselines"),
    shell:
        "overheard baselines {params.flags} --log {log}"
