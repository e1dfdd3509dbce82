HEARD = {
    **dict(zip(["sounds", "ids"], features_of("sound"))),
    "weights": f"{RESULTS}/pretrain/sound.pt",
    **({"truth": f"{RESULTS}/draw/pairs/truth/events.csv"} if TWIN else {}),
}
TAUGHT = {
    "logits": f"{RESULTS}/teacher/logits.npy",
    "logit_ids": f"{RESULTS}/teacher/logits.ids.csv",
    "index": f"{RESULTS}/media/index.csv",
    "splits": f"{RESULTS}/media/splits.csv",
}


rule teacher:
    input:
        records_of(HEARD),
    output:
        **outputs("teacher", without=plans.without(LOADED, "teacher", {})),
    log:
        log_of("teacher"),
    params:
        flags=lambda wildcards: flags(
            "teacher",
            wildcards,
            HEARD,
            frozen_blocks=EXPERIMENT.networks.sound.frozen_blocks,
            device="cpu",
        ),
    shell:
        "overheard teacher {params.flags} --log {log}"


rule prior:
    input:
        records_of(TAUGHT),
    output:
        **outputs("prior"),
    log:
        log_of("prior"),
    params:
        flags=lambda wildcards: flags("prior", wildcards, TAUGHT),
    shell:
        "overheard prior {params.flags} --log {log}"


rule relevance:
    input:
        records_of(TAUGHT),
    output:
        **outputs("relevance"),
    log:
        log_of("relevance"),
    params:
        flags=lambda wildcards: flags("relevance", wildcards, TAUGHT),
    shell:
        "overheard relevance {params.flags} --log {log}"
