rule draw:
    output:
        **{
            flag: directory(path) if flag == "media" else path
            for flag, path in outputs("draw").items()
        },
    log:
        log_of("draw"),
    threads: workflow.cores
    params:
        flags=lambda wildcards: flags(
            "draw",
            wildcards,
            {},
            collection=wildcards.collection,
            settings=job_settings.draw_settings(EXPERIMENT, wildcards.collection),
        ),
    shell:
        "overheard draw {params.flags} --workers {threads} --log {log}"
