rule reliability:
    input:
        waits("reliability"),
    output:
        **outputs("reliability"),
    log:
        log_of("reliability"),
    params:
        flags=flags("reliability"),
    shell:
        "overheard reliability {params.flags} --log {log}"
