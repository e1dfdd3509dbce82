"""Which rows lose to a dull baseline that sees and hears no more than they do."""

from collections.abc import Mapping, Sequence

import numpy as np

from overheard.scores.over_seeds import Row, Run, shown


def mean_f_scores(runs: Sequence[Run]) -> dict[Row, float]:
    """The mean weighted F over seeds, in percent, of each row."""
    values: dict[Row, list[float]] = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        values.setdefault((run["method"], run["modality"]), []).append(shown(run, "f_score"))
    return {row: float(np.mean(found)) for row, found in values.items()}


def inputs(modality: str) -> set[str]:
    """What a row sees and hears, of `image` and `sound`."""
    return set(modality.split("+")) - {"none"}


def lost_to(baselines: Sequence[Run], runs: Sequence[Run], labels: Mapping[str, str]) -> list[str]:
    """One sentence that names the rows whose mean F is below that of a baseline, with the best such one; or nothing.

    Args:
        baselines: runs of the study's baselines.
        runs: runs of a table's rows.
        labels: what each method is called.
    """
    dull, found = mean_f_scores(baselines), []
    students = {row: value for row, value in mean_f_scores(runs).items() if row not in dull}
    for (method, modality), value in students.items():
        beside = {row: own for row, own in dull.items() if inputs(row[1]) <= inputs(modality) and row[0] != method}
        best = max(beside, key=beside.__getitem__, default=None)
        if best and beside[best] > value:
            name, other = (labels.get(word, word) for word in (method, best[0]))
            found.append(f"{name} ({modality}) {value:.2f} < {other} ({best[1]}) {beside[best]:.2f}")
    return [f"Mean F below that of a dull baseline: {'; '.join(found)}."] if found else []
