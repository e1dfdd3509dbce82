rule draw:
    output:
        media=directory("results/{experiment}/draw/{collection}"),
    log:
        "logs/{experiment}/draw/{collection}.log",
    params:
        settings=lambda wildcards: as_json(plan.draw_settings(EXPERIMENT)),
    threads: workflow.cores
    shell:
        "overheard draw --collection {wildcards.collection} --settings {params.settings:q} --workers {threads}"
        " --media {output.media} --log {log}"
