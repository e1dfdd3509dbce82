rule atlas:
    input:
        waits("atlas"),
    output:
        **outputs("atlas"),
    log:
        log_of("atlas"),
    params:
        flags=flags("atlas"),
    shell:
        "overheard atlas {params.flags} --log {log}"
