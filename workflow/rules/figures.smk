rule figures:
    input:
        waits("figures"),
    output:
        **reported("figures", "png", "Figures"),
    log:
        log_of("figures"),
    params:
        flags=flags("figures"),
    shell:
        "overheard figures {params.flags} --log {log}"
