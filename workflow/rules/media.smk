def media_reads(wildcards):
    return {"folder": media_folder(wildcards.part)}


rule media:
    input:
        lambda wildcards: records_of(media_reads(wildcards)),
    output:
        **outputs("media"),
    log:
        log_of("media"),
    threads: workflow.cores
    params:
        flags=lambda wildcards: flags(
            "media",
            wildcards,
            media_reads(wildcards),
            collection=collection_of(wildcards.part),
            settings=job_settings.media_settings(
                EXPERIMENT, collection_of(wildcards.part)
            ),
        ),
    shell:
        "overheard media {params.flags} --workers {threads} --log {log}"


SPLIT = {"index": f"{RESULTS}/media/index.csv"}
LISTING = given(job_settings.listing(EXPERIMENT, PROTOCOL, "split"))


rule split:
    input:
        records_of(SPLIT),
        **LISTING,
    output:
        **outputs("split"),
    log:
        log_of("split"),
    params:
        flags=lambda wildcards: flags(
            "split",
            wildcards,
            SPLIT | LISTING,
            fold=int(wildcards.fold),
            settings=job_settings.split_settings(EXPERIMENT, PROTOCOL),
        ),
    shell:
        "overheard split {params.flags} --log {log}"
