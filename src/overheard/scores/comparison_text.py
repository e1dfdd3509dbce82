"""A comparison of two rows as text: one screen, and lists by class, seed and location."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from overheard.scores.arranged import Arranged
from overheard.scores.metrics import METRICS, Sums
from overheard.scores.over_seeds import Row, mean_and_std, measurements

SHOWN = 15
"""Locations that are listed."""
Line = Mapping[str, Any]


def rows(line: Line) -> tuple[Row, Row]:
    """The two rows of a line."""
    return (line["row_a"], line["column_a"]), (line["row_b"], line["column_b"])


def title(line: Line) -> str:
    """What is compared."""
    its = METRICS[line["metric"]]
    return f"{its.words} in {its.unit}, {' (A) and '.join('@'.join(row) for row in rows(line))} (B)"


def screen(study: Arranged, line: Line) -> list[str]:
    """Numbers, intervals, tests, and what would decide."""
    lines = [*_numbers(study, line), ""]
    if line["difference"] is None or line["location_error"] is None:
        return [*lines, f"No interval and no test: {line['covers']}"]
    unit = METRICS[line["metric"]].difference
    lines.append(_line("B - A", f"{line['difference']:+.2f} {unit}", "paired by seed and fold"))
    together = "other test locations"
    if line["seed_error"] is not None:
        over_folds = line["folds"] > 1
        together += " and trainings" if over_folds else " and trainings, on this split's training locations"
        seeds = "over folds, rather wide: they share training clips (Nadeau-Bengio)"
        alone = seeds if over_folds else "other trainings on this split only, these test locations"
    else:
        together += ", of these two trainings: nothing is known of others"
    lines.append(_line("", _interval(line, "location"), f"95 %: {together}"))
    if line["seed_error"] is not None:
        lines.append(_line("", _interval(line, "seed"), f"95 %: {alone}"))
    lines.append(_line("p", f"{line['p_exchange']:.4f}", "exchange of A and B by location; these trainings; one test"))
    if line["seed_error"] is None:
        return [*lines, "", "One seed: no ± and no test over seeds; more `seeds` in the configuration give them."]
    groups = f"{round(1 - np.log2(line['floor']))} {'folds' if line['folds'] > 1 else 'seeds'}"
    cannot = ": no rank test decides at 0.05" if line["floor"] > 0.05 else ""
    lines.append(_line("P(B > A)", f"{line['improvement']:.2f}", "share of pairs of runs; ties count half"))
    lines.append(_line("floor", f"{line['floor']:.4f}", f"smallest p by ranks of {groups}{cannot}"))
    lines.append(_line("detectable", f"{line['detectable']:.2f} {unit}", "found in 4 of 5 such studies (2.8 errors)"))
    return [*lines, "", _verdict(line)]


def _line(what: str, number: str, words: str) -> str:
    return f"{what:<12}{number:<20}{words}".rstrip()


def _interval(line: Line, what: str) -> str:
    return f"{line[f'{what}_low']:+.2f} to {line[f'{what}_high']:+.2f}"


def _numbers(study: Arranged, line: Line) -> Iterator[str]:
    width = max(len("@".join(row)) for row in rows(line))
    for letter, row in zip("AB", rows(line), strict=True):
        values = measurements(study.runs[row], line["metric"])
        spread = mean_and_std(values, list(values))
        epochs = any("epochs" in run for run in study.runs[row].values())
        n = f"n = {spread.n} {'epochs of one run' if epochs else 'seed' if spread.n == 1 else 'seeds'}"
        std = "" if spread.std is None else f" ± {spread.std:.2f} (sample standard deviation)"
        yield f"{letter}  {'@'.join(row):<{width}}  {spread.mean:.2f}{std}, {n}"


def _verdict(line: Line) -> str:
    if not line["location_low"] <= 0 <= line["location_high"]:
        higher = "B" if line["difference"] > 0 else "A"
        return f"{higher} is higher: the first interval leaves out 0."
    if line["seeds_needed"] is None:
        return "Not decided, and no difference to decide: both are the same."
    return (
        f"Not decided: 0 lies in the first interval. About {line['seeds_needed']:,} seeds and "
        f"{line['locations_needed']:,} test locations would decide a difference of {abs(line['difference']):.2f}."
    )


def by_seed(study: Arranged, line: Line) -> str:
    """Each seed's two scores."""
    values = [measurements(study.runs[row], line["metric"]) for row in rows(line)]
    both = [seed for seed in values[0] if seed in values[1]]
    runs = study.runs[rows(line)[0]]
    return _table(
        {"seed": seed, "fold": "own" if runs[seed]["fold"] is None else runs[seed]["fold"], "A": values[0][seed]}
        | {"B": values[1][seed], "B - A": values[1][seed] - values[0][seed]}
        for seed in both
        if seed in runs
    )


def by_class(study: Arranged, line: Line) -> str:
    """F, accuracy or log loss of each class, of all seeds' clips together, largest difference first."""
    its = METRICS[line["metric"]]
    sides = _summed(study, line)
    score, support = [its.scale * its.by_class.of(side) for side in sides], sides[0].support
    order = np.argsort(-np.abs(score[1] - score[0]), kind="stable")
    return f"{its.by_class.words} of each class, all runs' {_scored(study)} together\n" + _table(
        {"class": study.classes[place], "locations": sum(scene == study.classes[place] for scene in study.scenes)}
        | {_scored(study): int(support[place]), "A": score[0][place], "B": score[1][place]}
        | {"B - A": score[1][place] - score[0][place]}
        for place in order
    )


def _shared(study: Arranged, line: Line) -> list[tuple[int, int, int]]:
    """(fold, run of A, run of B) of the seeds that both rows have."""
    first, second = rows(line)
    seeds = [seed for seed in study.runs[first] if seed in study.runs[second]]
    return [(*study.position[first, seed], study.position[second, seed][1]) for seed in seeds]


def _scored(study: Arranged) -> str:
    """What is counted: clips, or pieces of them."""
    return "pieces" if any("clips" in run for runs in study.runs.values() for run in runs.values()) else "clips"


def _summed(study: Arranged, line: Line) -> list[Sums]:
    """Of A and of B, over the seeds that both have."""
    shared = _shared(study, line)
    support = sum(study.counts[fold].support.sum(axis=0) for fold, *_ in shared)
    sides = []
    for side in (1, 2):
        of_runs = [[its[:, each[side]].sum(axis=0) for its in study.counts[each[0]].of_runs] for each in shared]
        right, said, *lost = (np.sum(its, axis=0) for its in zip(*of_runs, strict=True))
        sides.append(Sums(right, said, support, *lost))
    return sides


def by_location(study: Arranged, line: Line) -> str:
    """The locations whose clips the two rows know most differently."""
    tested, right = np.zeros(len(study.places)), np.zeros((2, len(study.places)))
    for fold, *runs in _shared(study, line):
        counts = study.counts[fold]
        tested[counts.place] += counts.support.sum(axis=1)
        for side, run in enumerate(runs):
            right[side, counts.place] += counts.right[:, run].sum(axis=1)
    apart = right[1] - right[0]
    order = [its for its in np.argsort(-np.abs(apart), kind="stable") if apart[its]]
    of = f"{len(order)} of {int((tested > 0).sum())}"
    head = f"{of} test locations differ; {_scored(study)} known there, all runs together"
    if not order:
        return head
    return f"{head}\n" + _table(
        {"location": study.places[its], "class": study.scenes[its], _scored(study): int(tested[its])}
        | {"A": int(right[0, its]), "B": int(right[1, its]), "B - A": int(apart[its])}
        for its in order[:SHOWN]
    )


def _table(lines: Iterator[Mapping[str, Any]] | Sequence[Mapping[str, Any]]) -> str:
    frame = pd.DataFrame(list(lines))
    return str(frame.to_string(index=False, float_format=lambda value: f"{value:.2f}"))
