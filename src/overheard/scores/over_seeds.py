"""Scores over seeds: mean and standard deviation, refused where a run is missing or given twice.

A run is what a student's `scores.json` holds: method, modality, seed, fold, n (test clips), the confusion and scores as
fractions. Its fold is None where the split is the user's own.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from overheard.errors import PairingError
from overheard.scores import metrics

Run = Mapping[str, Any]
Row = tuple[str, str]
"""Method and modality."""


class Spread(NamedTuple):
    """Mean and standard deviation over n seeds; no std for one seed, neither for none."""

    n: int
    mean: float | None
    std: float | None


def run_name(method: str, modality: str, seed: int) -> str:
    """`method/modality/seed-k`, as the run's folder is called."""
    return f"{method}/{modality}/seed-{seed}"


DDOF: Mapping[str, int] = {"sample": 1, "population": 0}
"""What the sum of squares is divided by, less than n, by the word of a protocol."""


def mean_and_std(
    values: Mapping[int, float], seeds: Sequence[int], partial: bool = False, spread: str = "sample"
) -> Spread:
    """Mean and standard deviation over the asked seeds.

    Args:
        values: one number a seed, in any order and unit.
        seeds: the seeds asked for.
        partial: fewer seeds than asked are allowed.
        spread: word of `DDOF`: of a sample, as ours, or of a population, as numpy's and the released program's.

    Raises:
        PairingError: a seed is missing (unless `partial`), or one is there that was not asked for.
    """
    extra = sorted(set(values) - set(seeds))
    missing = [seed for seed in seeds if seed not in values]
    if extra:
        raise PairingError(f"seeds {extra} were not asked for; asked: {list(seeds)}")
    if missing and not partial:
        raise PairingError(f"seeds {missing} are missing; asked: {list(seeds)}")
    # sorted, because a sum of floats depends on its order
    ordered = np.array([values[seed] for seed in sorted(values)], dtype=np.float64)
    n = len(ordered)
    mean = float(ordered.mean()) if n else None
    return Spread(n, mean, float(ordered.std(ddof=DDOF[spread])) if n > 1 else None)


def error_of_fold_mean(values: Sequence[float], n_test: float, n_train: float) -> float:
    """Standard error of a mean over J folds, whose training data are mostly the same.

    The J values are not independent, so that their variance s² / J is too small for their mean. Nadeau and Bengio
    (2003, Inference for the generalization error, Machine Learning 52) correct it to (1/J + n_test/n_train) · s².

    Args:
        values: one number a fold, J of them, at least two.
        n_test: test clips (or locations) of a fold.
        n_train: training clips (or locations) of a fold.

    Raises:
        ValueError: fewer than two values, or no training or test clips.
    """
    if len(values) < 2 or n_test <= 0 or n_train <= 0:
        raise ValueError(f"expected two folds or more with clips to train and test on, got {len(values)} values")
    variance = float(np.var(np.asarray(values, dtype=np.float64), ddof=1))
    return math.sqrt((1 / len(values) + n_test / n_train) * variance)


def pooled(runs: Iterable[Run], metric: str) -> float | None:
    """A score of all runs' test clips together, as it is shown: of the sum of their confusions; None without a run.

    Over all folds each clip is counted once for every seed that tests it. One that needs probabilities is the mean of
    the runs', by their clips.

    Raises:
        PairingError: the runs have not the same classes.
    """
    its, runs = metrics.METRICS[metric], list(runs)
    counts = summed(runs)
    if counts is None:
        return None
    if its.needs_probabilities:
        clips = [int(run["n"]) for run in runs]
        return float(np.average([shown(run, metric) for run in runs], weights=clips))
    return its.scale * metrics.of_confusion(counts, metric)


def summed(runs: Iterable[Run]) -> NDArray[np.int64] | None:
    """The sum of some runs' confusions, true classes as rows; None without a run.

    Raises:
        PairingError: the runs have not the same classes.
    """
    counts: dict[tuple[str, ...], np.ndarray] = {}
    for run in runs:
        classes, own = tuple(run["classes"]), np.array(run["confusion"], dtype=np.int64)
        counts[classes] = counts[classes] + own if classes in counts else own
    if len(counts) > 1:
        raise PairingError("runs of one row have other classes than each other; run evaluate again for all rows")
    return next(iter(counts.values()), None)


def clips_tested(runs: Iterable[Run]) -> dict[int | None, int]:
    """How many clips the runs were tested on, by fold."""
    return {run["fold"]: run.get("clips", run["n"]) for run in runs}


def piece_remarks(runs: Iterable[Run]) -> list[str]:
    """What a caption must say where pieces of clips are scored."""
    counts = sorted({run["n"] // run["clips"] for run in runs if "clips" in run})
    return [f"{counts[0]} pieces of each clip, scored one by one"] if counts else []


def checked_run(content: Any, where: str) -> Run:
    """A run as read from its file, or a refusal.

    Raises:
        PairingError: the file does not say which run it is and how many clips it was tested on.
    """
    kinds: dict[str, Any] = {"method": str, "modality": str, "seed": int, "fold": int | None, "n": int}
    kinds |= {"classes": list, "confusion": list}
    if not isinstance(content, dict) or any(not isinstance(content.get(key, ...), kinds[key]) for key in kinds):
        raise PairingError(f"{where}: no scores of a run ({', '.join(kinds)}); delete it and run evaluate again")
    return content


def event_remarks(runs: Iterable[Run]) -> list[str]:
    """What a caption must say of the event losses of some runs: over how many events they are summed."""
    counts = sorted({run["events"] for run in runs if run.get("events")})
    return [f"Event losses: over the {count} events that the teacher was trained on." for count in counts]


def by_row(runs: Iterable[Run], rows: Sequence[Row], seeds: Sequence[int], table: str) -> dict[Row, dict[int, Run]]:
    """The runs of a table by row and seed, in the order of `rows` and `seeds`, whatever order they come in.

    Raises:
        PairingError: a run is given twice, belongs to no row, has a seed that was not asked for, or was tested on
            another fold than the others of its seed, or on another number of clips than the others of its fold.
    """
    found: dict[Row, dict[int, Run]] = {row: {} for row in rows}
    for run in runs:
        row, seed = (run["method"], run["modality"]), run["seed"]
        name = run_name(*row, seed)
        if row not in found:
            raise PairingError(f"{table}: {name} belongs to none of its rows; give the scores of its rows only")
        if seed not in seeds:
            raise PairingError(f"{table}: {name} was not asked for; asked: seeds {', '.join(map(str, seeds))}")
        if seed in found[row]:
            raise PairingError(f"{table}: {name} is given twice; give each run's scores.json once")
        found[row][seed] = run
    _check_test_clips(found, table)
    return {row: {seed: found[row][seed] for seed in seeds if seed in found[row]} for row in rows}


def _check_test_clips(found: Mapping[Row, Mapping[int, Run]], table: str) -> None:
    """Rows are compared seed by seed: a seed is of one fold, and a fold has one number of test clips."""
    seeds: dict[Any, dict[Any, str]] = {}
    folds: dict[Any, dict[Any, str]] = {}
    for row, runs in found.items():
        for seed, run in runs.items():
            seeds.setdefault(seed, {}).setdefault(run["fold"], run_name(*row, seed))
            folds.setdefault(run["fold"], {}).setdefault(run["n"], run_name(*row, seed))
    for told, groups in (("different folds", seeds), ("different numbers of clips", folds)):
        for first in groups.values():
            if len(first) > 1:
                shown = ", ".join(f"{name} on {value}" for value, name in first.items())
                raise PairingError(f"{table}: tested on {told} ({shown}); run evaluate again for all rows")


def missing_runs(
    found: Mapping[Row, Mapping[int, Run]], seeds: Sequence[int], left_out: Mapping[Row, str]
) -> list[str]:
    """Names of the runs that were asked for and are not there, rows left out on purpose aside."""
    return [
        run_name(*row, seed) for row, runs in found.items() if row not in left_out for seed in seeds if seed not in runs
    ]


def measurements(runs: Mapping[int, Run], metric: str) -> dict[int, float]:
    """What a row's runs measured, as it is shown: a number a seed; of one run tested in several epochs, one each.

    Raises:
        PairingError: several runs of several epochs, or a run without such a score.
    """
    if not any("epochs" in run for run in runs.values()):
        return {seed: shown(run, metric) for seed, run in runs.items()}
    if len(runs) > 1:
        names = ", ".join(run_name(run["method"], run["modality"], seed) for seed, run in runs.items())
        raise PairingError(f"{names}: tested in several epochs each; expected one such run a row")
    (run,) = runs.values()
    return {each["epoch"]: shown(run | each, metric) for each in run["epochs"]}


def epoch_remarks(runs: Iterable[Run]) -> list[str]:
    """What a caption must say where rows were tested in several epochs of one run."""
    counts = sorted({len(run["epochs"]) for run in runs if "epochs" in run})
    if not counts:
        return []
    n = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return [
        f"n = {n} epochs of one run: the best on validation and the next ones, as the released program counts; ± is "
        "over neighbouring epochs of one training, not over trainings"
    ]


def shown(run: Run, metric: str) -> float:
    """One score of a run as it is shown: a fraction in percent, log loss in nats.

    Raises:
        PairingError: the run has no such score, or it is no number or, of a fraction, not from 0 to 1.
    """
    its, value = metrics.METRICS[metric], run.get(metric)
    if metric not in run and not its.needs_probabilities:
        value = metrics.of_confusion(np.array(run["confusion"], dtype=np.int64), metric)
    most = 1.0 if its.unit == "percent" else math.inf
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= most:
        name = run_name(run["method"], run["modality"], run["seed"])
        expected = "a fraction from 0 to 1" if its.unit == "percent" else f"{its.unit}, at least 0"
        raise PairingError(f"{name}: {metric} is {value!r}, expected {expected}; delete its scores.json and run again")
    return its.scale * value
