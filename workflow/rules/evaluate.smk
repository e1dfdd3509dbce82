if ABSENT:

    # some runs could not be made: rows are evaluated from those that could, each row by a rule of its own seeds
    for number, (method, modality) in enumerate(rows_made(STUDY.rows())):

        rule:
            name:
                f"evaluate_{number}"
            input:
                **student_arrays(method),
                students=per_seed("train", "student.pt", method, modality),
            output:
                predictions=per_seed("evaluate", "predictions.npz", method, modality),
                events=per_seed("evaluate", "events.npz", method, modality),
                scores=per_seed("evaluate", "scores.json", method, modality),
            log:
                f"logs/{NAME}/evaluate/{method}/{modality}.log",
            params:
                settings=as_json(plan.evaluate_settings(EXPERIMENT, PROTOCOL)),
                reads=lambda wildcards, input: flags(dict(input.items())),
                writes=lambda wildcards, output: flags(dict(output.items())),
            shell:
                "overheard evaluate {params.reads} --settings {params.settings:q} {params.writes} --log {log}"

else:

    rule evaluate:
        input:
            unpack(lambda wildcards: student_arrays(wildcards.method)),
            students=lambda wildcards: per_seed(
                "train", "student.pt", wildcards.method, wildcards.modality
            ),
        output:
            predictions=evaluate_outputs("predictions.npz"),
            events=evaluate_outputs("events.npz"),
            scores=evaluate_outputs("scores.json"),
        log:
            "logs/{experiment}/evaluate/{method}/{modality}.log",
        params:
            settings=as_json(plan.evaluate_settings(EXPERIMENT, PROTOCOL)),
            reads=lambda wildcards, input: flags(dict(input.items())),
            writes=lambda wildcards, output: flags(dict(output.items())),
        shell:
            "overheard evaluate {params.reads} --settings {params.settings:q} {params.writes} --log {log}"
