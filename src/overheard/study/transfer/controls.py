"""Which experiments the controls of a study are, and how many seeds each needs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError
from overheard.scores.power import trainings_for_equivalence
from overheard.study import checking
from overheard.study.ablation import Variant, of_rows
from overheard.study.changes import with_values
from overheard.study.controls_file import Controls, rows_of
from overheard.study.experiments import with_named
from overheard.study.loaded import Loaded
from overheard.study.transfer.job_files import its

ALONE_TOO = ("dark", "rotated", "noisy")
"""Degradations that leave something to recognise where the modality is all there is."""


@dataclass(frozen=True)
class Planned:
    """The experiments.

    Attributes:
        cases: by name, each with the rows that it compares.
        degraded: tests of the students of `base` on worse clips, each with the rows that are tested.
        base: the case that changes nothing; of all rows.
        seeds: of each experiment.
        needed: how many the power asks for.
    """

    cases: Mapping[str, Variant]
    degraded: Sequence[Variant]
    base: Variant
    seeds: int
    needed: int

    @property
    def all(self) -> list[Variant]:
        """Every experiment, first the one whose results others share."""
        return [self.base, *(one for one in self.cases.values() if one is not self.base), *self.degraded]


def controls_of(loaded: Loaded) -> Controls:
    """The section of the experiment's study.

    Raises:
        ConfigError: it has none.
    """
    if loaded.study.controls is None:
        raise ConfigError(
            f"config/studies/{loaded.study.study}.yaml: no section controls; name an experiment whose study has one, "
            "e.g. `overheard controls controls`"
        )
    return loaded.study.controls


def planned(loaded: Loaded, content: Mapping[str, Any], root: Path, seeds: int | None = None) -> Planned:
    """The experiments of a study's controls.

    Args:
        loaded: the experiment that they change.
        content: of its file.
        root: the project's.
        seeds: of each; by default as many as the power asks for.

    Raises:
        ConfigError: no controls, a change that is refused, or seeds that are not alike for all folds.
    """
    asked, folds = controls_of(loaded), loaded.experiment.split.folds
    needed = trainings_for_equivalence(asked.margin, asked.deviation, asked.power, folds)
    n = seeds or needed
    if n % folds or n < 2 * folds:
        more = max(2 * folds, n + -n % folds)
        raise ConfigError(f"--seeds {n}: expected as many in each of {folds} folds, two or more; e.g. --seeds {more}")

    def changed(word: str, change: Mapping[str, Any], rows: Sequence[tuple[str, str]]) -> Variant:
        return _variant(loaded, {**content, "seeds": list(range(n))}, root, word, change, rows)

    tests = _degraded(asked)
    cases = {
        word: changed(word, case.change, rows_of(case) + ([] if case.change else asked.tested()))
        for word, case in asked.cases.items()
    }
    base = next(one for one in cases.values() if not one.change)
    degraded = [changed(f"{of}-{how}", {f"control.test_{of}": how}, rows) for of, how, rows in tests]
    return Planned(cases, degraded, base, n, needed)


def _degraded(asked: Controls) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Modality, what is done to it, and the rows that are tested so."""
    if asked.degraded is None:
        return []
    found = []
    for of, words in (("image", asked.degraded.image), ("sound", asked.degraded.sound)):
        for how in words:
            rows = [row for row in asked.tested() if of in row[1].split("+") and ("+" in row[1] or how in ALONE_TOO)]
            found.append((of, how, rows))
    return found


def _variant(
    loaded: Loaded,
    content: Mapping[str, Any],
    root: Path,
    word: str,
    change: Mapping[str, Any],
    rows: Sequence[tuple[str, str]],
) -> Variant:
    """The experiment with a change, of some rows."""
    name = f"{loaded.name}-{word}"
    study = of_rows(loaded.study, name, list(dict.fromkeys(rows)))
    own: dict[str, Any] = with_values({**content, "study": name}, change)
    where = Path("config") / f"{name}.yaml"
    experiment = checking.check(loaded.design.EXPERIMENT, own, str(where))
    made = with_named(name, where, experiment, root, study)
    return Variant(word, dict(change), made, own, tuple(dict.fromkeys(rows)))


def trainings(made: Sequence[Variant]) -> int:
    """How many students differ: those of rows that a change does not reach are put back, not trained."""
    found = set()
    for one in made:
        (experiment, _), study = its(one.loaded), one.loaded.study
        for method, column in one.rows:
            taught = {"logits", "prior", "relevance"} & set(study.methods[method].reads)
            told = (experiment.control.prior, experiment.control.teacher) if taught else ()
            found.add(
                (method, column, str(experiment.source), experiment.control.redrawn, str(experiment.train), *told)
            )
    return len(found) * len(made[0].loaded.experiment.seeds)
