rule figure3:
    input:
        statistics="results/{experiment}/media/statistics.csv",
    output:
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
    shell:
        "overheard figures --figure figure3 --statistics {input.statistics} --settings {params.settings:q}"
        " --png {output.png} --pdf {output.pdf} --log {log}"


rule figure6:
    input:
        scores=scores_of(STUDY.tables["figure6"].runs()),
    output:
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
            plan.table_settings(EXPERIMENT, STUDY, NAME, "figure6", ABSENT)
        ),
        scores=lambda wildcards, input: flags({"scores": input.scores}),
    shell:
        "overheard figures --figure figure6 {params.scores} --settings {params.settings:q}"
        " --png {output.png} --pdf {output.pdf} --log {log}"
