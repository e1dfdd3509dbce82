rule features:
    input:
        lambda wildcards: records_of(
            {
                "folder": drawn(wildcards.part),
                "index": f"results/{NAME}/media/{wildcards.part}index.csv",
            }
        ),
    output:
        record="results/{experiment}/features/{part}{front_end}.record.json",
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
        planned=lambda wildcards: planned("features", outside=outside(wildcards.part)),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard features --folder {params.folder:q} --index results/{wildcards.experiment}/media/{wildcards.part}index.csv"
        " --front-end {wildcards.front_end} --workers {threads} {params.writes} {params.lineage} --planned {params.planned:q} --log {log}"


# the tagger's network reads its log-mels whole: nothing is pooled
use rule features as features_tagger with:
    output:
        record="results/{experiment}/features/{part}{front_end}.record.json",
        array="results/{experiment}/features/{part}{front_end}.npy",
        ids="results/{experiment}/features/{part}{front_end}.ids.csv",
    wildcard_constraints:
        front_end="tagger_mn04",


NORMALISED = {
    **dict(zip(["images", "image_ids"], features_of("image"))),
    **dict(zip(["sounds", "sound_ids"], features_of("sound"))),
    "splits": f"results/{NAME}/media/splits.csv",
}


rule normaliser:
    input:
        records_of(NORMALISED),
    output:
        record="results/{experiment}/features/normaliser.record.json",
        normaliser="results/{experiment}/features/normaliser.npz",
    log:
        "logs/{experiment}/features/normaliser.log",
    params:
        front_end=job_settings.front_end(EXPERIMENT, "sound"),
        reads=flags(NORMALISED),
        planned=lambda wildcards: planned("normaliser"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard normaliser {params.reads} --front-end {params.front_end} --normaliser {output.normaliser}"
        " {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
