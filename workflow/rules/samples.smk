SAMPLES = {
    "index": f"{RESULTS}/media/index.csv",
    **dict(zip(["images", "image_ids"], features_of("image"))),
    **dict(zip(["sounds", "sound_ids"], features_of("sound"))),
}


rule samples:
    input:
        records_of(SAMPLES),
    output:
        **outputs("samples"),
    log:
        log_of("samples"),
    params:
        flags=lambda wildcards: flags("samples", wildcards, SAMPLES),
    shell:
        "overheard samples {params.flags} --log {log}"
