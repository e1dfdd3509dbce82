rule draw:
    output:
        media=directory("results/{experiment}/draw/{collection}"),
    log:
        "logs/{experiment}/draw/{collection}.log",
    threads: workflow.cores
    params:
        settings=lambda wildcards: as_json(plan.draw_settings(EXPERIMENT)),
    shell:
        "overheard draw --collection {wildcards.collection} --settings {params.settings:q} --workers {threads}"
        " --media {output.media} --log {log}"
