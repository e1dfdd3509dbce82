TRUNK = (
    {"trunk": "results/{experiment}/teacher/trunk.npy"}
    if EXPERIMENT.networks.sound.frozen_blocks
    else {}
)


HEARD = {
    **dict(zip(["sounds", "ids"], features_of("sound"))),
    "weights": f"results/{NAME}/pretrain/sound.pt",
    "normaliser": f"results/{NAME}/features/normaliser.npz",
    **({"truth": f"results/{NAME}/draw/pairs/truth/events.csv"} if TWIN else {}),
}
TAUGHT = {
    "logits": f"results/{NAME}/teacher/logits.npy",
    "logit_ids": f"results/{NAME}/teacher/logits.ids.csv",
    "index": f"results/{NAME}/media/index.csv",
    "splits": f"results/{NAME}/media/splits.csv",
}


rule teacher:
    input:
        records_of(HEARD),
    output:
        **TRUNK,
        record="results/{experiment}/teacher/teacher.record.json",
        logits="results/{experiment}/teacher/logits.npy",
        logit_ids="results/{experiment}/teacher/logits.ids.csv",
        report="results/{experiment}/teacher/report.json",
    log:
        "logs/{experiment}/teacher/teacher.log",
    params:
        frozen_blocks=EXPERIMENT.networks.sound.frozen_blocks,
        reads=flags(HEARD),
        writes=lambda wildcards, output: flags(dict(output.items())),
        planned=lambda wildcards: planned("teacher"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard teacher {params.reads} --frozen-blocks {params.frozen_blocks} {params.writes} {params.lineage} --planned {params.planned:q} --log {log}"


rule prior:
    input:
        records_of(TAUGHT),
    output:
        record="results/{experiment}/teacher/prior.record.json",
        prior="results/{experiment}/teacher/prior.csv",
    log:
        "logs/{experiment}/teacher/prior.log",
    params:
        reads=flags(TAUGHT),
        planned=lambda wildcards: planned("prior"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard prior {params.reads} --prior {output.prior} {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"


rule relevance:
    input:
        records_of(TAUGHT),
    output:
        record="results/{experiment}/teacher/relevance.record.json",
        relevance="results/{experiment}/teacher/relevance.csv",
    log:
        "logs/{experiment}/teacher/relevance.log",
    params:
        reads=flags(TAUGHT),
        planned=lambda wildcards: planned("relevance"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard relevance {params.reads} --relevance {output.relevance} {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
