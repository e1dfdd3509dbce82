"""What tables and figures must say of themselves: their settings, and the sentences of their captions. Pure."""

from collections.abc import Collection
from typing import Any

from overheard.study import claims_file
from overheard.study.experiment import Experiment
from overheard.study.loaded import Loaded


def protocol_name(experiment: Experiment) -> str:
    """What captions and cells call the protocol: its name, and the experiment's own switches."""
    if isinstance(experiment.protocol, str):
        return experiment.protocol
    own = [f"{name} {value}" for name, value in experiment.protocol.items() if name != "base"]
    return f"{experiment.protocol['base']} with {', '.join(own)}" if own else str(experiment.protocol["base"])


def of_study(loaded: Loaded) -> dict[str, str]:
    """Whose numbers an experiment makes, of which paper, by which protocol."""
    return {
        "source": loaded.origin.sentence,
        "title": loaded.study.title,
        "protocol": protocol_name(loaded.experiment),
    }


def table_settings(loaded: Loaded, table: str, absent: list[str], diverged: Collection[str] = ()) -> dict[str, Any]:
    """What a table must say of itself; `absent` names runs that are known to be missing (`method/modality/seed-k`).

    `diverged` are those of them whose training ended with numbers that are none.
    """
    spec = loaded.study.tables[table]
    dull = loaded.study.baselines()
    metrics = {metric: loaded.study.metrics[metric].model_dump() for metric in spec.metrics}
    return {"spec": spec.model_dump(exclude={"scenes"}), "metrics": metrics} | _of_rows(
        loaded, "tables", spec.runs(), dull, absent, diverged
    )


def figure_settings(loaded: Loaded, figure: str, absent: list[str], diverged: Collection[str] = ()) -> dict[str, Any]:
    """What a figure must say of itself; a diagram is given what it says of the configuration, and no more."""
    spec, tables = loaded.study.figures[figure], loaded.study.tables
    rows, shown = spec.runs(tables), [block.model_dump() for block in spec.shown(tables)]
    said: dict[str, Any] = {"spec": {"title": spec.title, "caption": spec.caption}}
    said |= {"own": spec.settings} if spec.settings else {}
    if spec.configuration:
        said |= {"configuration": loaded.design.CONFIGURATIONS[spec.configuration](loaded, rows)}
        return _of_experiment(loaded) | said | ({"protocol": protocol_name(loaded.experiment)} if rows else {})
    if not rows:
        return _of_experiment(loaded) | said
    said["spec"]["blocks"] = shown
    return said | _of_rows(loaded, "figures", rows, [], absent, diverged)


def _of_experiment(loaded: Loaded) -> dict[str, Any]:
    return {"experiment": loaded.name, "source": loaded.origin._asdict()}


def _of_rows(
    loaded: Loaded,
    stage: str,
    rows: list[tuple[str, str]],
    beside: list[tuple[str, str]],
    absent: list[str],
    diverged: Collection[str],
) -> dict[str, Any]:
    """What a table or figure of these rows must say of itself."""
    experiment, study = loaded.experiment, loaded.study
    seeds: dict[str, list[int]] = {}
    for run in diverged:
        method, modality, seed = run.split("/")
        for row in rows:
            if study.made(row) == (method, modality):
                seeds.setdefault("|".join(row), []).append(int(seed.removeprefix("seed-")))
    return {
        **_of_experiment(loaded),
        "protocol": protocol_name(experiment),
        **loaded.design.switched(loaded, stage),
        "labels": {method: study.methods[method].label for method, _ in [*rows, *beside]},
        "columns": {column: study.columns[column] for _, column in rows},
        "seeds": experiment.seeds,
        "partial": bool(absent),
        "left_out": _left_out(loaded, rows),
        "remarks": loaded.design.remarks(loaded),
    } | {key: said for key, said in (("diverged", seeds), ("varies", loaded.design.VARIES)) if said}


def _left_out(loaded: Loaded, rows: Collection[tuple[str, str]]) -> dict[str, str]:
    """Why this experiment cannot make some of these rows, by `method|modality`."""
    reasons = loaded.design.left_out(loaded)
    made = {row: loaded.study.made(row) for row in rows}
    return {"|".join(row): reasons[run] for row, run in made.items() if run in reasons}


def claims_settings(loaded: Loaded) -> dict[str, Any]:
    """The paper's claims, and what is said of the numbers that judge them."""
    assert loaded.claims is not None
    claims = claims_file.as_settings(loaded.claims)
    named = {row[0] for claim in claims for pair in claim["compare"] for row in (pair["first"], pair["second"])}
    return {
        **_of_experiment(loaded),
        "protocol": protocol_name(loaded.experiment),
        "seeds": loaded.experiment.seeds,
        "paper": loaded.claims.paper,
        "caveat": loaded.claims.caveat,
        "claims": claims,
        "labels": {method: its.label for method, its in loaded.study.methods.items() if method in named},
        "remarks": loaded.design.remarks(loaded),
    }


def counts_settings(loaded: Loaded, count: str) -> dict[str, Any]:
    """What a table of the clips shows and says of itself."""
    return _of_experiment(loaded) | {"spec": loaded.study.counts[count].model_dump()}


def statistics_settings(loaded: Loaded, table: str) -> dict[str, Any]:
    """What is compared: the rows and metrics of a table."""
    spec = loaded.study.tables[table]
    own = {"blocks", "metrics", *(("scenes",) if spec.scenes else ())}
    return {
        **_of_experiment(loaded),
        "tables": {table: spec.model_dump(include=own)},
        "left_out": _left_out(loaded, spec.runs()),
    }
