HEARD = {
    **dict(zip(["sounds", "ids"], features_of("sound"))),
    "weights": f"{RESULTS}/pretrain/sound.pt",
    **({"truth": f"{RESULTS}/draw/pairs/truth/events.csv"} if TWIN else {}),
}


@cache
def taught_reads(fold):
    """What the prior and the relevance vectors are made from."""
    told = row_files.teacher_files(EXPERIMENT, fold)
    return {
        **under_results({flag: told[flag] for flag in ("logits", "logit_ids")}),
        "index": f"{RESULTS}/media/index.csv",
        **made_for(fold, "split"),
    }


rule teacher:
    input:
        records_of(HEARD),
    output:
        **outputs("teacher"),
    log:
        log_of("teacher"),
    params:
        flags=lambda wildcards: flags(
            "teacher",
            wildcards,
            HEARD,
            device="cpu",
            **job_settings.switched(EXPERIMENT, PROTOCOL, "teacher"),
        ),
    shell:
        "overheard teacher {params.flags} --log {log}"


def shuffle_reads(wildcards):
    return {
        "logit_ids": f"{RESULTS}/teacher/logits.ids.csv",
        "index": f"{RESULTS}/media/index.csv",
        **made_for(wildcards.fold, "split"),
    }


rule shuffle:
    input:
        lambda wildcards: records_of(shuffle_reads(wildcards)),
    output:
        **outputs("shuffle"),
    log:
        log_of("shuffle"),
    params:
        flags=lambda wildcards: flags(
            "shuffle",
            wildcards,
            shuffle_reads(wildcards),
            fold=int(wildcards.fold),
            **job_settings.shuffle_settings(EXPERIMENT),
        ),
    shell:
        "overheard shuffle {params.flags} --log {log}"


LISTED = {
    stage: given(job_settings.listing(EXPERIMENT, PROTOCOL, stage))
    for stage in ("prior", "relevance")
}


rule prior:
    input:
        lambda wildcards: records_of(taught_reads(wildcards.fold)),
        **LISTED["prior"],
    output:
        **outputs("prior"),
    log:
        log_of("prior"),
    params:
        flags=lambda wildcards: flags(
            "prior",
            wildcards,
            taught_reads(wildcards.fold) | LISTED["prior"],
            **job_settings.prior_settings(EXPERIMENT, PROTOCOL),
        ),
    shell:
        "overheard prior {params.flags} --log {log}"


rule relevance:
    input:
        lambda wildcards: records_of(taught_reads(wildcards.fold)),
        **LISTED["relevance"],
    output:
        **outputs("relevance"),
    log:
        log_of("relevance"),
    params:
        flags=lambda wildcards: flags(
            "relevance",
            wildcards,
            taught_reads(wildcards.fold) | LISTED["relevance"],
            **job_settings.switched(EXPERIMENT, PROTOCOL, "relevance"),
        ),
    shell:
        "overheard relevance {params.flags} --log {log}"
