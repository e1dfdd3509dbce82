def train_inputs(wildcards):
    """A run's arrays, and of encoders and teacher what its method needs and the experiment has."""
    files = student_arrays(wildcards.method)
    needs = STUDY.methods[wildcards.method].needs
    if "encoders" in needs:
        for modality in plan.encoders(EXPERIMENT):
            files[f"{modality}_encoder"] = f"results/{NAME}/pretrain/{modality}.pt"
    if "teacher" in needs:
        teacher = f"results/{NAME}/teacher"
        files |= {
            "logits": f"{teacher}/logits.npy",
            "logit_ids": f"{teacher}/logits.ids.csv",
            "prior": f"{teacher}/prior.csv",
            "relevance": f"{teacher}/relevance.csv",
        }
    return files


rule train:
    input:
        unpack(train_inputs),
    output:
        student="results/{experiment}/train/{method}/{modality}/seed-{seed}/student.pt",
        history="results/{experiment}/train/{method}/{modality}/seed-{seed}/history.csv",
    log:
        "logs/{experiment}/train/{method}/{modality}/seed-{seed}.log",
    params:
        settings=lambda wildcards: as_json(plan.train_settings(EXPERIMENT, PROTOCOL, STUDY.methods[wildcards.method].needs)),
        reads=lambda wildcards, input: flags(dict(input.items())),
    shell:
        "overheard train --method {wildcards.method} --modality {wildcards.modality} --seed {wildcards.seed}"
        " {params.reads} --settings {params.settings:q} --checkpoints checkpoints"
        " --student {output.student} --history {output.history} --log {log}"
