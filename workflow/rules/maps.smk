def maps_reads(wildcards):
    """What a row's students are tested on, and the pairs' media, where masks may lie."""
    method = STUDY.methods[wildcards.method]
    pictures = row_files.row_pictures(EXPERIMENT, method, wildcards.modality)
    return {
        **evaluate_reads(wildcards),
        **under_results(pictures),
        "folder": media_folder(""),
    }


rule maps:
    input:
        lambda wildcards: records_of(maps_reads(wildcards)),
    output:
        **outputs("maps"),
    log:
        log_of("maps"),
    params:
        flags=lambda wildcards: flags(
            "maps",
            wildcards,
            maps_reads(wildcards),
            method=wildcards.method,
            modality=wildcards.modality,
            settings=job_settings.maps_settings(
                EXPERIMENT, PROTOCOL, STUDY, wildcards.method, wildcards.modality
            ),
        ),
    shell:
        "overheard maps {params.flags} --log {log}"
