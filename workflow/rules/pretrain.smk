rule pretrain:
    input:
        waits("pretrain"),
    output:
        **outputs("pretrain"),
    log:
        log_of("pretrain"),
    params:
        flags=flags("pretrain"),
    shell:
        "overheard pretrain {params.flags} --checkpoints checkpoints --log {log}"
