def student_arrays(method):
    """Inputs of training and evaluation: both modalities' arrays by key."""
    images, image_ids = features_of("image")
    sounds, sound_ids = features_of("sound")
    if job_settings.frozen_blocks(EXPERIMENT, STUDY.methods[method].needs):
        sounds, sound_ids = (
            f"{RESULTS}/teacher/trunk.npy",
            f"{RESULTS}/teacher/logits.ids.csv",
        )
    return {
        "images": images,
        "image_ids": image_ids,
        "sounds": sounds,
        "sound_ids": sound_ids,
        "index": f"{RESULTS}/media/index.csv",
        "splits": f"{RESULTS}/media/splits.csv",
        "normaliser": f"{RESULTS}/features/normaliser.npz",
    }


@cache
def train_reads(method):
    """A run's arrays, and of encoders and teacher what its method needs and the experiment has."""
    files = student_arrays(method)
    needs = STUDY.methods[method].needs
    if "encoders" in needs:
        for modality in job_settings.encoders(EXPERIMENT):
            files[f"{modality}_encoder"] = f"{RESULTS}/pretrain/{modality}.pt"
    if "teacher" in needs:
        teacher = f"{RESULTS}/teacher"
        files |= {
            "logits": f"{teacher}/logits.npy",
            "logit_ids": f"{teacher}/logits.ids.csv",
            "prior": f"{teacher}/prior.csv",
            "relevance": f"{teacher}/relevance.csv",
        }
    return files


@cache
def train_waits(method):
    """The records of a run's inputs but for those of files that another of these jobs read itself.

    Such a job's record has the content of what it read, so it changes with them; and of thousands of runs, each record
    more that a run waits for takes Snakemake its time.
    """
    files = train_reads(method)
    covered = {
        "normaliser": NORMALISED,
        "prior": TAUGHT,
        "relevance": TAUGHT,
    }
    known = {
        path for flag in covered if flag in files for path in covered[flag].values()
    }
    return records_of({flag: path for flag, path in files.items() if path not in known})


rule train:
    input:
        lambda wildcards: train_waits(wildcards.method),
    output:
        **outputs("train"),
    log:
        log_of("train"),
    params:
        flags=lambda wildcards: flags(
            "train",
            wildcards,
            train_reads(wildcards.method),
            method=wildcards.method,
            modality=wildcards.modality,
            seed=int(wildcards.seed),
            settings=job_settings.train_settings(
                EXPERIMENT, PROTOCOL, STUDY.methods[wildcards.method].needs
            ),
        ),
    shell:
        "overheard train {params.flags} --checkpoints checkpoints --log {log}"
