rule draw:
    output:
        media=directory("results/{experiment}/draw/{collection}"),
        record="results/{experiment}/draw/{collection}.record.json",
    log:
        "logs/{experiment}/draw/{collection}.log",
    threads: workflow.cores
    params:
        settings=lambda wildcards: as_json(
            job_settings.draw_settings(EXPERIMENT, wildcards.collection)
        ),
        planned=lambda wildcards: planned("draw"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard draw --collection {wildcards.collection} --settings {params.settings:q} --workers {threads}"
        " --media {output.media} {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
