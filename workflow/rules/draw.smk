rule draw:
    input:
        waits("draw"),
    output:
        **{
            flag: directory(path) if flag == "media" else path
            for flag, path in outputs("draw").items()
        },
    log:
        log_of("draw"),
    threads: workflow.cores
    params:
        flags=flags("draw"),
    shell:
        "overheard draw {params.flags} --workers {threads} --log {log}"
