rule pretrain:
    input:
        lambda wildcards: records_of(pretrain_inputs(wildcards)),
    output:
        record="results/{experiment}/pretrain/{encoder}.record.json",
        weights="results/{experiment}/pretrain/{encoder}.pt",
        history="results/{experiment}/pretrain/{encoder}.history.csv",
    log:
        "logs/{experiment}/pretrain/{encoder}.log",
    params:
        network=lambda wildcards: getattr(EXPERIMENT.networks, wildcards.encoder).name,
        how=lambda wildcards: how_pretrained(wildcards),
        planned=lambda wildcards: planned(
            "pretrain",
            outside=[TAGGER] if wildcards.encoder == "sound" and TAGGER else [],
        ),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard pretrain --modality {wildcards.encoder} --network {params.network} {params.how} --checkpoints checkpoints"
        " --weights {output.weights} --history {output.history}"
        " {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
