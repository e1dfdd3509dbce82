TRUNK = (
    {"trunk": "results/{experiment}/teacher/trunk.npy"}
    if EXPERIMENT.networks.sound.frozen_blocks
    else {}
)


rule teacher:
    input:
        *([f"results/{NAME}/draw/pairs"] if TWIN else []),
        **dict(zip(["sounds", "ids"], features_of("sound"))),
        weights="results/{experiment}/pretrain/sound.pt",
        normaliser="results/{experiment}/features/normaliser.npz",
    output:
        **TRUNK,
        logits="results/{experiment}/teacher/logits.npy",
        logit_ids="results/{experiment}/teacher/logits.ids.csv",
        report="results/{experiment}/teacher/report.json",
    log:
        "logs/{experiment}/teacher/teacher.log",
    params:
        frozen_blocks=EXPERIMENT.networks.sound.frozen_blocks,
        reads=lambda wildcards, input: flags(dict(input.items())),
        truth=f"--truth results/{NAME}/draw/pairs/truth/events.csv" if TWIN else "",
        writes=lambda wildcards, output: flags(dict(output.items())),
    shell:
        "overheard teacher {params.reads} {params.truth} --frozen-blocks {params.frozen_blocks} {params.writes} --log {log}"


rule prior:
    input:
        logits="results/{experiment}/teacher/logits.npy",
        logit_ids="results/{experiment}/teacher/logits.ids.csv",
        index="results/{experiment}/media/index.csv",
        splits="results/{experiment}/media/splits.csv",
    output:
        prior="results/{experiment}/teacher/prior.csv",
    log:
        "logs/{experiment}/teacher/prior.log",
    shell:
        "overheard prior --logits {input.logits} --logit-ids {input.logit_ids} --index {input.index}"
        " --splits {input.splits} --prior {output.prior} --log {log}"


rule relevance:
    input:
        logits="results/{experiment}/teacher/logits.npy",
        logit_ids="results/{experiment}/teacher/logits.ids.csv",
        index="results/{experiment}/media/index.csv",
        splits="results/{experiment}/media/splits.csv",
    output:
        relevance="results/{experiment}/teacher/relevance.csv",
    log:
        "logs/{experiment}/teacher/relevance.log",
    shell:
        "overheard relevance --logits {input.logits} --logit-ids {input.logit_ids} --index {input.index}"
        " --splits {input.splits} --relevance {output.relevance} --log {log}"
