def pretrain_reads(wildcards):
    """A collection's features and index; where the weights are given, they alone."""
    if wildcards.encoder in GIVEN:
        return {"given": GIVEN[wildcards.encoder]}
    part = flow.PARTS["scenes" if wildcards.encoder == "image" else "sounds"]
    features, ids = features_of(wildcards.encoder, part)
    return {
        "features": features,
        "ids": ids,
        "index": f"{RESULTS}/media/{part}index.csv",
    }


def pretrain_how(encoder):
    """The network, and how it is pre-trained: of given weights nothing more is said."""
    network = getattr(EXPERIMENT.networks, encoder)
    if encoder in GIVEN:
        return {"network": network.name}
    return {
        "network": network.name,
        "seed": network.pretrain.seed,
        "settings": job_settings.pretrain_settings(EXPERIMENT, PROTOCOL, encoder),
    }


rule pretrain:
    input:
        lambda wildcards: records_of(pretrain_reads(wildcards)),
    output:
        **outputs("pretrain"),
    log:
        log_of("pretrain"),
    params:
        flags=lambda wildcards: flags(
            "pretrain",
            wildcards,
            pretrain_reads(wildcards),
            modality=wildcards.encoder,
            **pretrain_how(wildcards.encoder),
        ),
    shell:
        "overheard pretrain {params.flags} --checkpoints checkpoints --log {log}"
