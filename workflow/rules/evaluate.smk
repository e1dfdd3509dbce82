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
            waits("evaluate"),
        output:
            **outputs("evaluate", {"seed": seeds}),
        log:
            log_of("evaluate"),
        wildcard_constraints:
            method=methods,
            modality="|".join(re.escape(modality) for modality in modalities),
        params:
            flags=flags("evaluate"),
        shell:
            "overheard evaluate {params.flags} --log {log}"
