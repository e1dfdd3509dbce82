rule train:
    input:
        lambda wildcards: train_records(wildcards.method, wildcards.modality),
    output:
        record="results/{experiment}/train/{method}/{modality}/seed-{seed}/student.record.json",
        student="results/{experiment}/train/{method}/{modality}/seed-{seed}/student.pt",
        history="results/{experiment}/train/{method}/{modality}/seed-{seed}/history.csv",
    log:
        "logs/{experiment}/train/{method}/{modality}/seed-{seed}.log",
    params:
        settings=lambda wildcards: train_settings(wildcards.method, wildcards.modality),
        reads=lambda wildcards: train_reads(wildcards.method, wildcards.modality),
        planned=lambda wildcards: planned("train", wildcards.method),
    shell:
        "overheard train --method {wildcards.method} --modality {wildcards.modality} --seed {wildcards.seed}"
        " {params.reads} --settings {params.settings:q} --checkpoints checkpoints"
        " --student {output.student} --history {output.history}"
        " --planned {params.planned:q} --record {output.record} --log {log}"
