@cache
def figure_reads(figure):
    return under_results(plans.figure_reads(LOADED, figure, ABSENT))


def figure_waits(figure):
    """Records; of runs their scores too: of a row's record alone Snakemake would not see that a seed is missing."""
    reads = figure_reads(figure)
    scores = {flag: paths for flag, paths in reads.items() if flag == "scores"}
    return [*records_of(reads), *(path for paths in scores.values() for path in paths)]


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
            draws=STUDY.figures[wildcards.figure].draws,
            settings=captions.figure_settings(
                LOADED, wildcards.figure, ABSENT, DIVERGED
            ),
        ),
    shell:
        "overheard figures {params.flags} --log {log}"
