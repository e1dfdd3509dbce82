rule media:
    input:
        drawn,
    output:
        index="results/{experiment}/media/{part}index.csv",
        manifest="results/{experiment}/media/{part}manifest.csv",
        statistics="results/{experiment}/media/{part}statistics.csv",
        report="results/{experiment}/media/{part}report.md",
    log:
        "logs/{experiment}/media/{part}media.log",
    threads: workflow.cores
    params:
        collection=lambda wildcards: collection(wildcards.part),
        folder=lambda wildcards: media_folder(wildcards.part),
        settings=lambda wildcards: as_json(plan.media_settings(EXPERIMENT)),
        outside=lambda wildcards: outside(wildcards.part),
    shell:
        "overheard media --folder {params.folder:q} --collection {params.collection} --settings {params.settings:q}"
        " --workers {threads} --index {output.index} --manifest {output.manifest} --statistics {output.statistics}"
        " --report {output.report} --log {log}"


rule split:
    input:
        index="results/{experiment}/media/index.csv",
    output:
        splits="results/{experiment}/media/splits.csv",
    log:
        "logs/{experiment}/media/split.log",
    params:
        settings=as_json(EXPERIMENT.split.model_dump()),
    shell:
        "overheard split --index {input.index} --settings {params.settings:q} --splits {output.splits} --log {log}"
