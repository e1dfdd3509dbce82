rule media:
    input:
        lambda wildcards: records_of({"folder": drawn(wildcards.part)}),
    output:
        record="results/{experiment}/media/{part}media.record.json",
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
        settings=lambda wildcards: as_json(
            job_settings.media_settings(EXPERIMENT, collection(wildcards.part))
        ),
        planned=lambda wildcards: planned("media", outside=outside(wildcards.part)),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard media --folder {params.folder:q} --collection {params.collection} --settings {params.settings:q}"
        " --workers {threads} --index {output.index} --manifest {output.manifest} --statistics {output.statistics}"
        " --report {output.report} {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"


rule split:
    input:
        records_of({"index": f"results/{NAME}/media/index.csv"}),
    output:
        record="results/{experiment}/media/split.record.json",
        splits="results/{experiment}/media/splits.csv",
    log:
        "logs/{experiment}/media/split.log",
    params:
        settings=as_json(EXPERIMENT.split.model_dump()),
        index=f"results/{NAME}/media/index.csv",
        planned=lambda wildcards: planned("split"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard split --index {params.index} --settings {params.settings:q} --splits {output.splits}"
        " {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
