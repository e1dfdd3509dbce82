rule pretrain:
    input:
        unpack(pretrain_inputs),
    output:
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
            plan.pretrain_settings(EXPERIMENT, PROTOCOL, wildcards.encoder)
        ),
        reads=lambda wildcards, input: flags(dict(input.items())),
        given=lambda wildcards: (
            f"--given {shlex.quote(TAGGER)}"
            if wildcards.encoder == "sound" and TAGGER
            else ""
        ),
        outside=lambda wildcards: (
            listing_digest(Path(TAGGER))
            if wildcards.encoder == "sound" and TAGGER
            else ""
        ),
    shell:
        "overheard pretrain --modality {wildcards.encoder} --network {params.network} {params.reads} {params.given}"
        " --settings {params.settings:q} --seed {params.seed} --checkpoints checkpoints"
        " --weights {output.weights} --history {output.history} --log {log}"
