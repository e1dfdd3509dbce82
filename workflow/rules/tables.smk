rule tables:
    input:
        waits("tables"),
    output:
        **reported("tables", "csv", "Tables", subcategory="{table}"),
    log:
        log_of("tables"),
    params:
        flags=flags("tables"),
    shell:
        "overheard tables {params.flags} --log {log}"


rule cells:
    input:
        waits("cells"),
    output:
        **reported("cells", "cells", "Tables"),
    log:
        log_of("cells"),
    params:
        flags=flags("cells"),
    shell:
        "overheard cells {params.flags} --log {log}"
