def evaluate_reads(wildcards):
    """The students of a row, the arrays they are run on, and of each student its fold's split and normaliser."""
    row = wildcards.method, wildcards.modality
    arrays = row_files.row_arrays(EXPERIMENT, STUDY.methods[row[0]], row[1])
    folds = [
        under_results(row_files.row_of_fold(EXPERIMENT, row[1], seed))
        for seed in plans.seeds_made(LOADED, *row, ABSENT)
    ]
    return {
        "students": per_seed("train", "student", *row),
        **under_results(arrays),
        **{flag: [files[flag] for files in folds] for flag in folds[0]},
    }


def evaluated_alike():
    """Rows with the seeds that they are evaluated of: all rows alike, or each by itself where some runs are missing."""
    if not ABSENT:
        return [("evaluate", r"[^/]+", [*STUDY.columns], EXPERIMENT.seeds)]
    return [
        (
            f"evaluate_{n}",
            re.escape(row[0]),
            row[1:],
            plans.seeds_made(LOADED, *row, ABSENT),
        )
        for n, row in enumerate(plans.rows_made(LOADED, ABSENT))
    ]


for rule_name, methods, modalities, seeds in evaluated_alike():

    rule:
        name:
            rule_name
        input:
            lambda wildcards: records_of(evaluate_reads(wildcards)),
        output:
            **outputs("evaluate", {"seed": seeds}),
        log:
            log_of("evaluate"),
        wildcard_constraints:
            method=methods,
            modality="|".join(re.escape(modality) for modality in modalities),
        params:
            flags=lambda wildcards: flags(
                "evaluate",
                wildcards,
                evaluate_reads(wildcards),
                method=wildcards.method,
                modality=wildcards.modality,
                settings=job_settings.evaluate_settings(
                    EXPERIMENT,
                    PROTOCOL,
                    STUDY.methods[wildcards.method],
                    wildcards.modality,
                ),
            ),
        shell:
            "overheard evaluate {params.flags} --log {log}"
