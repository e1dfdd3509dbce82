rule maps:
    input:
        waits("maps"),
    output:
        **outputs("maps"),
    log:
        log_of("maps"),
    params:
        flags=flags("maps"),
    shell:
        "overheard maps {params.flags} --log {log}"
