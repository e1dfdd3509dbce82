def figure_reads(figure):
    if figure in STUDY.tables:
        return {"scores": scores_of_rows(STUDY.tables[figure].runs())}
    return {"statistics": f"{RESULTS}/media/statistics.csv"}


def figure_waits(figure):
    if figure in STUDY.tables:
        return recorded_scores(figure_reads(figure))
    return records_of(figure_reads(figure))


rule figures:
    input:
        lambda wildcards: figure_waits(wildcards.figure),
    output:
        **outputs("figures")
        | {
            "png": report(
                outputs("figures")["png"],
                caption="../report/figures.rst",
                category="Figures",
            )
        },
    log:
        log_of("figures"),
    params:
        flags=lambda wildcards: flags(
            "figures",
            wildcards,
            figure_reads(wildcards.figure),
            figure=wildcards.figure,
            settings=captions.figure_settings(
                LOADED, wildcards.figure, ABSENT, DIVERGED
            ),
        ),
    shell:
        "overheard figures {params.flags} --log {log}"
