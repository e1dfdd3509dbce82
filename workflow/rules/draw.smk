rule draw:
    output:
        media=directory("results/{experiment}/draw/{collection}"),
        record="results/{experiment}/draw/{collection}.record.json",
    log:
        "logs/{experiment}/draw/{collection}.log",
    threads: workflow.cores
    params:
        settings=lambda wildcards: as_json(plan.draw_settings(EXPERIMENT)),
        lineage=lambda wildcards, input: lineage("draw", input),
    shell:
        "overheard draw --collection {wildcards.collection} --settings {params.settings:q} --workers {threads}"
        " --media {output.media} {params.lineage} --record {output.record} --log {log}"
