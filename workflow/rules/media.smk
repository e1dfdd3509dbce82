rule media:
    input:
        waits("media"),
    output:
        **outputs("media"),
    log:
        log_of("media"),
    threads: workflow.cores
    params:
        flags=flags("media"),
    shell:
        "overheard media {params.flags} --workers {threads} --log {log}"


rule split:
    input:
        waits("split"),
    output:
        **outputs("split"),
    log:
        log_of("split"),
    params:
        flags=flags("split"),
    shell:
        "overheard split {params.flags} --log {log}"
