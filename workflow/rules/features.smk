rule features:
    input:
        drawn,
        index="results/{experiment}/media/{part}index.csv",
    output:
        array="results/{experiment}/features/{part}{front_end}.npy",
        pooled="results/{experiment}/features/{part}{front_end}.pooled.npy",
        ids="results/{experiment}/features/{part}{front_end}.ids.csv",
    log:
        "logs/{experiment}/features/{part}{front_end}.log",
    wildcard_constraints:
        front_end="images|paper",
    threads: workflow.cores
    params:
        folder=lambda wildcards: media_folder(wildcards.part),
        writes=lambda wildcards, output: flags(dict(output.items())),
    shell:
        "overheard features --folder {params.folder:q} --index {input.index} --front-end {wildcards.front_end}"
        " --workers {threads} {params.writes} --log {log}"


# the tagger's network reads its log-mels whole: nothing is pooled
use rule features as features_tagger with:
    output:
        array="results/{experiment}/features/{part}{front_end}.npy",
        ids="results/{experiment}/features/{part}{front_end}.ids.csv",
    wildcard_constraints:
        front_end="tagger_mn04",


rule normaliser:
    input:
        **dict(zip(["images", "image_ids"], features_of("image"))),
        **dict(zip(["sounds", "sound_ids"], features_of("sound"))),
        splits="results/{experiment}/media/splits.csv",
    output:
        normaliser="results/{experiment}/features/normaliser.npz",
    log:
        "logs/{experiment}/features/normaliser.log",
    params:
        front_end=plan.front_end(EXPERIMENT, "sound"),
    shell:
        "overheard normaliser --images {input.images} --image-ids {input.image_ids} --sounds {input.sounds}"
        " --sound-ids {input.sound_ids} --splits {input.splits} --front-end {params.front_end}"
        " --normaliser {output.normaliser} --log {log}"
