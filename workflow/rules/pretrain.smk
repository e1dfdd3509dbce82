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
        seed=lambda wildcards: getattr(
            EXPERIMENT.networks, wildcards.encoder
        ).pretrain.seed,
        settings=lambda wildcards: as_json(
            job_settings.pretrain_settings(EXPERIMENT, PROTOCOL, wildcards.encoder)
        ),
        reads=lambda wildcards: flags(pretrain_inputs(wildcards)),
        given=lambda wildcards: (
            f"--given {shlex.quote(TAGGER)}"
            if wildcards.encoder == "sound" and TAGGER
            else ""
        ),
        planned=lambda wildcards: planned(
            "pretrain",
            outside=[TAGGER] if wildcards.encoder == "sound" and TAGGER else [],
        ),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard pretrain --modality {wildcards.encoder} --network {params.network} {params.reads} {params.given}"
        " --settings {params.settings:q} --seed {params.seed} --checkpoints checkpoints"
        " --weights {output.weights} --history {output.history}"
        " {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
