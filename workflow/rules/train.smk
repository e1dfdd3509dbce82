rule train:
    input:
        unpack(train_inputs),
    output:
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
        reads=lambda wildcards, input: flags(dict(input.items())),
    shell:
        "overheard train --method {wildcards.method} --modality {wildcards.modality} --seed {wildcards.seed}"
        " {params.reads} --settings {params.settings:q} --checkpoints checkpoints"
        " --student {output.student} --history {output.history} --log {log}"
