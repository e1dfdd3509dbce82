def frozen_reads(encoder):
    clips, ids = features_of(encoder)
    return {"clips": clips, "ids": ids, "weights": f"{RESULTS}/pretrain/{encoder}.pt"}


rule frozen:
    input:
        lambda wildcards: records_of(frozen_reads(wildcards.encoder)),
    output:
        **outputs("frozen"),
    log:
        log_of("frozen"),
    params:
        flags=lambda wildcards: flags(
            "frozen",
            wildcards,
            frozen_reads(wildcards.encoder),
            modality=wildcards.encoder,
            frozen_blocks=getattr(
                EXPERIMENT.networks, wildcards.encoder
            ).frozen_blocks,
            device="cpu",
        ),
    shell:
        "overheard frozen {params.flags} --log {log}"
