"""Two rows compared: the difference, what its intervals and tests cover, and what would decide it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from overheard.errors import PairingError
from overheard.scores import locations, paired, power
from overheard.scores.arranged import Arranged
from overheard.scores.cells import table_rows
from overheard.scores.locations import Pair
from overheard.scores.over_seeds import Row, Run, measurements, shown

COLUMNS = (
    *("row_a", "column_a", "row_b", "column_b", "metric", "n", "folds", "mean_a", "mean_b", "difference"),
    *("seed_error", "df", "seed_low", "seed_high", "location_error", "location_low", "location_high", "p_exchange"),
    *("improvement", "floor", "detectable", "seeds_needed", "locations_needed", "covers"),
)
"""Of comparisons.csv: a difference is second row less first, in points of percent; empty is what cannot be said."""

OVER_FOLDS = (
    "seed: other trainings and test locations, folds share training clips (Nadeau-Bengio); "
    "location: other test locations and trainings together"
)
ON_ONE_SPLIT = (
    "seed: other trainings on this split only; "
    "location: other test locations and trainings together, these training locations"
)
ONE_SEED = "one seed: no ± and no test over seeds; location: other test locations, of these two trainings"
TESTED = "p: test locations, of these trainings"
_DECIMALS = 4


@dataclass(frozen=True)
class Asked:
    """Two rows and the metrics that a table shows of them."""

    first: Row
    second: Row
    metrics: Sequence[str]

    @property
    def rows(self) -> tuple[Row, Row]:
        """Both."""
        return self.first, self.second


def pairs_of_tables(tables: Mapping[str, Mapping[str, Any]]) -> list[Asked]:
    """Every two rows that stand together in a table, once for each metric, in the order of the tables."""
    found, seen = [], set()
    for spec in tables.values():
        rows = table_rows(spec)
        for place, first in enumerate(rows):
            for second in rows[place + 1 :]:
                new = [name for name in spec["metrics"] if (frozenset((first, second)), name) not in seen]
                seen |= {(frozenset((first, second)), name) for name in new}
                found += [Asked(first, second, new)] if new else []
    return found


def paired_seeds(first: Mapping[int, Run], second: Mapping[int, Run], names: tuple[Row, Row]) -> list[int]:
    """The seeds that both rows have, of one fold each.

    Raises:
        PairingError: none, or a seed that the two were not tested alike with: nothing is paired then.
    """
    both = sorted(first.keys() & second.keys())
    said = " and ".join("@".join(row) for row in names)
    if not both:
        raise PairingError(f"{said}: not paired: seeds {sorted(first)} against {sorted(second)}; run both rows again")
    for seed in both:
        if first[seed]["fold"] != second[seed]["fold"]:
            folds = f"{first[seed]['fold']} against {second[seed]['fold']}"
            raise PairingError(f"{said}: not paired: seed {seed} is of fold {folds}; run evaluate again")
    return both


def compared(study: Arranged, asked: Sequence[Asked], reasons: Mapping[Row, str] = {}) -> list[dict[str, Any]]:
    """A line (see `COLUMNS`) for each asked pair and metric; numbers None where they cannot be said.

    Args:
        study: the runs.
        asked: pairs of rows.
        reasons: why a row has no run.
    """
    ready = [(one, *_pairing(study, one, reasons)) for one in asked]
    testable = [one.rows for one, seeds, _ in ready if seeds]
    exchange = locations.exchanged(
        study.counts, [_pair(study, one, seeds) for one, seeds, _ in ready if seeds], len(study.places), study.metrics
    )
    p = dict(zip(testable, exchange, strict=True))
    return [
        dict.fromkeys(COLUMNS)
        | dict(zip(COLUMNS, (*one.first, *one.second, metric), strict=False))
        | (_numbers(study, one, seeds, metric, p[one.rows]) if seeds else _means(study, one, metric))
        | {"covers": covers}
        for one, seeds, covers in ready
        for metric in one.metrics
    ]


def _pairing(study: Arranged, asked: Asked, reasons: Mapping[Row, str]) -> tuple[list[int], str]:
    """The seeds that a pair is compared by, none where no test is possible, and what is covered or why not."""
    sides = [study.runs.get(row, {}) for row in asked.rows]
    if missing := [row for row, runs in zip(asked.rows, sides, strict=True) if not runs]:
        said = "; ".join(f"{'@'.join(row)}: {reasons.get(row, 'no run')}" for row in missing)
        return [], said
    if any("epochs" in run for runs in sides for run in runs.values()):
        return [], "epochs of one run, not trainings: no interval and no test"
    try:
        seeds = paired_seeds(sides[0], sides[1], asked.rows)
    except PairingError as error:
        return [], str(error)
    folds = {sides[0][seed]["fold"] for seed in seeds}
    covers = ONE_SEED if len(seeds) == 1 else OVER_FOLDS if len(folds) > 1 else ON_ONE_SPLIT
    known = sorted(sides[0].keys() | sides[1].keys())
    fewer = [] if seeds == known else [f"seeds {', '.join(map(str, seeds))} of {', '.join(map(str, known))}"]
    return seeds, "; ".join([*fewer, covers, TESTED])


def _means(study: Arranged, asked: Asked, metric: str) -> dict[str, Any]:
    """What can be said where nothing is tested: means, and their difference where both rows have runs."""
    found: dict[str, Any] = {}
    for name, row in (("mean_a", asked.first), ("mean_b", asked.second)):
        if runs := study.runs.get(row):
            values = measurements(runs, metric)
            found |= {name: float(np.mean(list(values.values()))), "n": len(values)}
    if {"mean_a", "mean_b"} <= found.keys():
        return found | {"difference": found["mean_b"] - found["mean_a"]}
    return {name: value for name, value in found.items() if name != "n"}


def groups_of(study: Arranged, asked: Asked, seeds: Sequence[int]) -> list[list[int]]:
    """The seeds of each fold, or each seed by itself on one split."""
    return paired.grouped({seed: study.runs[asked.first][seed]["fold"] for seed in seeds})


def _pair(study: Arranged, asked: Asked, seeds: Sequence[int]) -> Pair:
    return {
        (*study.position[asked.first, seed], study.position[asked.second, seed][1]): 1 / len(seeds) for seed in seeds
    }


def _numbers(study: Arranged, asked: Asked, seeds: Sequence[int], metric: str, p: np.ndarray) -> dict[str, Any]:
    """All numbers of a pair that is paired by these seeds."""
    first, second = ({seed: shown(study.runs[row][seed], metric) for seed in seeds} for row in asked.rows)
    fold = {seed: study.runs[asked.first][seed]["fold"] for seed in seeds}
    folds = list(dict.fromkeys(fold.values()))
    differences = {seed: second[seed] - first[seed] for seed in seeds}
    difference = float(np.mean(list(differences.values())))
    found: dict[str, Any] = {"n": len(seeds), "folds": len(folds), "difference": difference}
    found |= {"mean_a": float(np.mean(list(first.values()))), "mean_b": float(np.mean(list(second.values())))}
    groups = groups_of(study, asked, seeds)
    n_test, n_train = (
        float(np.mean(clips))
        for clips in zip(*((len(study.splits[one].test), study.splits[one].n_train) for one in folds), strict=True)
    )
    tested, df_locations = study.locations_of(folds)
    over_locations = covariance_over_locations(study, asked, groups, metric)
    if len(groups) > 1:
        seed_error, df = paired.error_over_runs(differences, fold, n_test, n_train)
        found |= {"seed_error": seed_error, "df": df, "floor": power.rank_floor(len(groups))}
        found |= dict(zip(("seed_low", "seed_high"), paired.interval(difference, seed_error, df), strict=True))
        found |= {"improvement": power.improvement(list(first.values()), list(second.values()))}
        values = np.array([np.mean([differences[seed] for seed in group]) for group in groups])
        inflation = paired.shared_training(len(groups), len(folds), n_test, n_train)
        error, df_together = paired.together(values, over_locations, inflation, df_locations)
        found |= {"detectable": power.DETECTABLE * error}
        found |= {"seeds_needed": power.needed(difference, error, len(seeds))}
        found |= {"locations_needed": power.needed(difference, error, tested)}
    else:
        error, df_together = float(np.sqrt(over_locations.mean())), df_locations
    found |= {"location_error": error, "p_exchange": float(p[study.metrics.index(metric)])}
    low_high = paired.interval(difference, error, df_together)
    return found | dict(zip(("location_low", "location_high"), low_high, strict=True))


def covariance_over_locations(
    study: Arranged, asked: Asked, groups: Sequence[Sequence[int]], metric: str
) -> np.ndarray:
    """Covariances (groups, groups) of the groups' differences over test locations drawn again."""
    share = np.zeros((len(groups), study.covariance.shape[1]))
    for number, group in enumerate(groups):
        for seed in group:
            share[number, study.column(asked.first, seed)] = -1 / len(group)
            share[number, study.column(asked.second, seed)] = 1 / len(group)
    found: np.ndarray = share @ study.covariance[study.metrics.index(metric)] @ share.T
    return found


def csv_line(line: Mapping[str, Any]) -> dict[str, str]:
    """A line as text: floats with four decimals, nothing for None."""
    return {name: _text(line[name]) for name in COLUMNS}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.{_DECIMALS}f}" if isinstance(value, float) else str(value)
