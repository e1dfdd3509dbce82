if ABSENT:

    # some runs could not be made: rows are evaluated from those that could, each row by a rule of its own seeds
    for number, (method, modality) in enumerate(rows_made(STUDY.rows())):

        rule:
            name:
                f"evaluate_{number}"
            input:
                records_of(evaluate_inputs(method, modality)),
            output:
                record=f"results/{NAME}/evaluate/{method}/{modality}/evaluate.record.json",
                predictions=per_seed("evaluate", "predictions.npz", method, modality),
                events=per_seed("evaluate", "events.npz", method, modality),
                scores=per_seed("evaluate", "scores.json", method, modality),
            log:
                f"logs/{NAME}/evaluate/{method}/{modality}.log",
            params:
                settings=as_json(job_settings.evaluate_settings(EXPERIMENT, PROTOCOL)),
                method=method,
                modality=modality,
                reads=flags(evaluate_inputs(method, modality)),
                planned=lambda wildcards, method=method: planned("evaluate", method),
                lineage=lambda wildcards, input: record_flags(input),
                writes=lambda wildcards, output: flags(dict(output.items())),
            shell:
                "overheard evaluate --method {params.method} --modality {params.modality} {params.reads} --settings {params.settings:q} {params.writes} {params.lineage} --planned {params.planned:q} --log {log}"

else:

    rule evaluate:
        input:
            lambda wildcards: records_of(
                evaluate_inputs(wildcards.method, wildcards.modality)
            ),
        output:
            record=f"results/{NAME}/evaluate/{{method}}/{{modality}}/evaluate.record.json",
            predictions=evaluate_outputs("predictions.npz"),
            events=evaluate_outputs("events.npz"),
            scores=evaluate_outputs("scores.json"),
        log:
            f"logs/{NAME}/evaluate/{{method}}/{{modality}}.log",
        params:
            settings=as_json(job_settings.evaluate_settings(EXPERIMENT, PROTOCOL)),
            reads=lambda wildcards: flags(
                evaluate_inputs(wildcards.method, wildcards.modality)
            ),
            planned=lambda wildcards: planned("evaluate", wildcards.method),
            lineage=lambda wildcards, input: record_flags(input),
            writes=lambda wildcards, output: flags(dict(output.items())),
        shell:
            "overheard evaluate --method {wildcards.method} --modality {wildcards.modality} {params.reads} --settings {params.settings:q} {params.writes} {params.lineage} --planned {params.planned:q} --log {log}"
