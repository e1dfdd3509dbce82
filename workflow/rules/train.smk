rule train:
    input:
        lambda wildcards: records_of(train_inputs(wildcards)),
    output:
        record="results/{experiment}/train/{method}/{modality}/seed-{seed}/student.record.json",
        student="results/{experiment}/train/{method}/{modality}/seed-{seed}/student.pt",
        history="results/{experiment}/train/{method}/{modality}/seed-{seed}/history.csv",
    log:
        "logs/{experiment}/train/{method}/{modality}/seed-{seed}.log",
    params:
        settings=lambda wildcards: as_json(
            plan.train_settings(
                EXPERIMENT, PROTOCOL, STUDY.methods[wildcards.method].needs
            )
        ),
        reads=lambda wildcards: flags(train_inputs(wildcards)),
        planned=lambda wildcards: planned("train", wildcards.method),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard train --method {wildcards.method} --modality {wildcards.modality} --seed {wildcards.seed}"
        " {params.reads} --settings {params.settings:q} --checkpoints checkpoints"
        " --student {output.student} --history {output.history}"
        " {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
