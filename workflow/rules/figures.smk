rule figure3:
    input:
        records_of({"statistics": f"results/{NAME}/media/statistics.csv"}),
    output:
        record="results/{experiment}/figures/figure3.record.json",
        png=report(
            "results/{experiment}/figures/figure3.png",
            caption="../report/figure3.rst",
            category="Figures",
        ),
        pdf="results/{experiment}/figures/figure3.pdf",
    log:
        "logs/{experiment}/figures/figure3.log",
    params:
        settings=as_json({"experiment": NAME, "source": EXPERIMENT.source.kind}),
        statistics=f"results/{NAME}/media/statistics.csv",
        planned=lambda wildcards: planned("figures"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard figures --figure figure3 --statistics {params.statistics} --settings {params.settings:q}"
        " --png {output.png} --pdf {output.pdf} {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"


rule figure6:
    input:
        recorded_scores("figure6"),
    output:
        record="results/{experiment}/figures/figure6.record.json",
        png=report(
            "results/{experiment}/figures/figure6.png",
            caption="../report/figure6.rst",
            category="Figures",
        ),
        pdf="results/{experiment}/figures/figure6.pdf",
    log:
        "logs/{experiment}/figures/figure6.log",
    params:
        settings=as_json(
            job_settings.figure_settings(EXPERIMENT, STUDY, NAME, "figure6", ABSENT)
        ),
        scores=flags({"scores": scores_of_table("figure6")}),
        planned=lambda wildcards: planned("figures"),
        lineage=lambda wildcards, input: record_flags(input),
    shell:
        "overheard figures --figure figure6 {params.scores} --settings {params.settings:q}"
        " --png {output.png} --pdf {output.pdf} {params.lineage} --planned {params.planned:q} --record {output.record} --log {log}"
