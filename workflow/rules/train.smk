rule train:
    input:
        waits("train"),
    output:
        **outputs("train"),
    log:
        log_of("train"),
    params:
        flags=flags("train"),
    shell:
        "overheard train {params.flags} --checkpoints checkpoints --log {log}"
