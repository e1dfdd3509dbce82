rule counts:
    input:
        waits("counts"),
    output:
        **reported("counts", "csv", "Tables", subcategory="{counted}"),
    log:
        log_of("counts"),
    params:
        flags=flags("counts"),
    shell:
        "overheard counts {params.flags} --log {log}"
