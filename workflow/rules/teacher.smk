rule teacher:
    input:
        waits("teacher"),
    output:
        **outputs("teacher"),
    log:
        log_of("teacher"),
    params:
        flags=flags("teacher"),
    shell:
        "overheard teacher {params.flags} --log {log}"


rule shuffle:
    input:
        waits("shuffle"),
    output:
        **outputs("shuffle"),
    log:
        log_of("shuffle"),
    params:
        flags=flags("shuffle"),
    shell:
        "overheard shuffle {params.flags} --log {log}"


rule prior:
    input:
        waits("prior"),
    output:
        **outputs("prior"),
    log:
        log_of("prior"),
    params:
        flags=flags("prior"),
    shell:
        "overheard prior {params.flags} --log {log}"


rule relevance:
    input:
        waits("relevance"),
    output:
        **outputs("relevance"),
    log:
        log_of("relevance"),
    params:
        flags=flags("relevance"),
    shell:
        "overheard relevance {params.flags} --log {log}"
