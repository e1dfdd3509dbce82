"""Every number once more: scores, statistics, tables, claims, calibration. Touches files: writes, compares.

What is counted again goes into a folder of its own with the layout of `results/NAME`; nothing is trained. What has the
right hash may still be nonsense, so everything that is read is checked before anything is counted.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from overheard.errors import LineageError, MediaError, OverheardError, PairingError
from overheard.io import artifacts, clips
from overheard.io.scored import SAID, run_scores
from overheard.jobs.code import closure
from overheard.jobs.records import Record, located, students_of
from overheard.lineage.recounted import LAST_DIGITS, comparisons, differing, first_line, numbers, wrong_clips
from overheard.study.experiments import project_root
from overheard.study.flow import RUN, VIEWS
from overheard.study.study_file import TableSpec

_PREDICTIONS = {"id": ("U", 1), "label": ("iu", 1), "scene_logits": ("f", 2), "classes": ("U", 1)}
"""Kind of content and number of axes of each array."""
Settings = TypeVar("Settings")
_Tested = tuple[int | None, Mapping[str, str]]
"""A fold, and the class of each of its test clips, by id."""


@dataclass
class Recount:
    """What came of counting again.

    Attributes:
        differences: (recorded path, what stands there, what follows from the predictions).
        cells: how many cells were counted again.
        left: recorded paths of what could not be counted again, with the reason.
        other_code: tables whose text was made by other code than this, so that only their numbers were compared.
    """

    differences: list[tuple[str, str, str]] = field(default_factory=list)
    cells: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)
    other_code: list[str] = field(default_factory=list)


def recount(folder: Path, records: Mapping[str, Record], into: Path, faulty: Collection[str] = ()) -> Recount:
    """Count everything again and compare it with what stands there.

    Args:
        folder: `results/NAME` or `reference/NAME`.
        records: its records by recorded path.
        into: an empty folder for what is counted again, in the layout of `folder`.
        faulty: recorded paths of files that are known not to be what they should be; what needs them is left.
    """
    counting = _Counting(folder, records, into, set(faulty))
    scored = dict.fromkeys(("baselines", "evaluate"), counting.scores)
    later = {"statistics": counting.compared, "tables": counting.table, "cells": counting.gathered}
    later |= {"claims": counting.judged, "counts": counting.listed, "reliability": counting.calibrated}
    for stage, count in (scored | later).items():
        for job, record in records.items():
            if record["stage"] == stage:
                counting.attempt(job, count, job, record)
    return counting.found


def scores_again(predictions: Mapping[str, np.ndarray], said: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a scores file from its predictions; which run it is comes from `said`.

    Args:
        predictions: id, label, scene_logits (clips, classes), classes.
        said: method, modality, seed, fold, best_epoch and events, as the stored file has them.
    """
    classes = [str(name) for name in predictions["classes"]]
    epochs = predictions.get("next_epochs", np.array([], dtype=np.int64)).tolist()
    later = dict(zip(epochs, predictions.get("next_scene_logits", ()), strict=True))
    label, logits = predictions["label"], predictions["scene_logits"]
    clip = predictions["clip"].tolist() if "clip" in predictions else None
    return run_scores(said, classes, label, logits, later, predictions.get("decided"), clip)


class _Counting:
    """One counting of one experiment."""

    def __init__(self, folder: Path, records: Mapping[str, Record], into: Path, faulty: set[str]) -> None:
        self.folder, self.records, self.into, self.faulty = folder, records, into, faulty
        self.found = Recount()
        self.tested = cache(self._test_clips)

    def attempt(self, path: str, count: Callable[..., None], *given: Any) -> None:
        """Count something; what cannot be counted is left, with the reason."""
        try:
            count(*given)
        except (OverheardError, OSError) as error:
            self.found.left.append((path, str(error)))

    def scores(self, job: str, record: Record) -> None:
        """The scores of every run of a row."""
        index = _first(record, "reads", "index")
        runs = [record["writes"].get(flag, []) for flag in ("predictions", "scores")]
        splits = record["reads"].get("splits", [])
        students = {"students": [{"record": job}]} if record["stage"] == "baselines" else students_of(record)
        if len({*map(len, (*runs, splits)), *map(len, students.values())}) != 1 or not students:
            raise LineageError("its record has not as many predictions, scores, splits and students")
        # what is joined of others has no student of its own name
        own = students.get("students", [{"record": None}] * len(splits))
        views = [[record["writes"].get(its[flag], []) for flag in ("predictions", "scores")] for its in VIEWS.values()]
        for column, (predictions, scores) in zip(("", *VIEWS), (runs, *views), strict=True):
            if not predictions and not scores:
                continue
            for predicted, scored, split, student in zip(predictions, scores, splits, own, strict=True):
                read = index, split["path"]
                expected = None if self.faulty.intersection(read) else self.tested(*read)
                self.attempt(scored["path"], self._run, predicted["path"], scored["path"], student, expected, column)

    def _run(
        self, predicted: str, scored: str, student: Mapping[str, Any], expected: "_Tested | None", column: str
    ) -> None:
        if bad := [path for path in (predicted, scored) if path in self.faulty]:
            raise LineageError(f"{bad[0]} is not what it should be")
        arrays = _predictions(located(predicted, self.folder))
        stored = _scores(located(scored, self.folder))
        again = scores_again(arrays, stored | ({"fold": expected[0]} if expected else {}))
        artifacts.write_json(self._again(scored), again)
        self.found.differences += [(scored, *pair) for pair in differing(stored, again)]
        self.found.differences += [(predicted, *pair) for pair in wrong_clips(arrays, expected and expected[1])]
        if trained := self.records.get(student["record"] or ""):
            # a forged record may have no such setting
            of_student = trained["settings"] | ({"modality": column} if column else {})
            named = [RUN.format_map(dict.fromkeys(SAID) | one) for one in (stored, of_student)]
            if named[0] != named[1]:
                self.found.differences.append((scored, f"says it is {named[0]}", f"its student is {named[1]}"))

    def compared(self, job: str, record: Record) -> None:
        """The differences of a table's rows, from the scores that were counted again and from the predictions."""
        from overheard.stages.statistics import Settings, statistics

        paths = {flag: [entry["path"] for entry in side] for flag, side in record["reads"].items()}
        read = [path for flag in ("index", "splits", "predictions") for path in paths.get(flag, ())]
        if bad := self.faulty.intersection(read):
            raise LineageError(f"{min(bad)} is not what it should be")
        index = located(_first(record, "reads", "index"), self.folder)
        splits, predictions = (
            [located(path, self.folder) for path in paths.get(flag, ())] for flag in ("splits", "predictions")
        )
        writes = self._places(record, "comparisons", "report")
        settings = _settings(Settings, record)
        for spec in settings.tables.values():
            _check(TableSpec, {"title": "", "caption": ""} | spec)
        scores = self._counted(paths.get("scores", ()))
        statistics(index, settings, **writes, splits=splits, scores=scores, predictions=predictions)
        self._compare_numbers(job, record, writes, "comparisons")

    def table(self, job: str, record: Record) -> None:
        """One table from the scores that were counted again."""
        from overheard.stages.tables import Settings, tables

        scores, dull, compared = (
            self._counted(entry["path"] for entry in record["reads"].get(flag, ()))
            for flag in ("scores", "baselines", "comparisons")
        )
        writes = self._places(record, "cells", "csv", "markdown", "latex")
        word, settings = record["settings"].get("table"), _settings(Settings, record)
        _check(TableSpec, settings.spec)
        if not isinstance(word, str):
            raise LineageError("its record does not say which table it is")
        inputs = {"scores": scores, "baselines": dull, "comparisons": next(iter(compared), None)}
        given: dict[str, Any] = inputs | writes
        tables(published=_published(record), table=word, settings=settings, **given)
        self.found.cells += len(artifacts.read_table(writes["cells"]))
        self._compare_numbers(job, record, writes, "cells")

    def judged(self, job: str, record: Record) -> None:
        """The claims, by the differences that were counted again."""
        from overheard.stages.claims import Settings, claims

        compared = self._counted(entry["path"] for entry in record["reads"].get("comparisons", ()))
        writes, settings = self._places(record, "verdicts", "markdown"), _settings(Settings, record)
        try:
            claims(compared, _published(record), settings, **writes)
        except (KeyError, TypeError, IndexError) as error:
            raise LineageError(f"its record has no settings of claims: {error!r}") from error
        self._compare_numbers(job, record, writes, "verdicts")

    def listed(self, job: str, record: Record) -> None:
        """A table of the clips themselves, from their index."""
        from overheard.stages.counts import Settings, counts

        writes, word = self._places(record, "csv", "markdown", "latex"), str(record["settings"].get("counted"))
        index, settings = located(_first(record, "reads", "index"), self.folder), _settings(Settings, record)
        counts(index, _published(record), word, settings, **writes)
        self._compare_numbers(job, record, writes, "csv")

    def calibrated(self, job: str, record: Record) -> None:
        """How sure a figure's rows are, from the scores that were counted again and from the predictions."""
        from overheard.stages.reliability import Settings, reliability

        paths = {flag: [entry["path"] for entry in side] for flag, side in record["reads"].items()}
        if bad := self.faulty.intersection(paths.get("predictions", ())):
            raise LineageError(f"{min(bad)} is not what it should be")
        writes, scores = self._places(record, "bins", "calibration"), self._counted(paths.get("scores", ()))
        predictions = [located(path, self.folder) for path in paths.get("predictions", ())]
        reliability(_settings(Settings, record), **writes, scores=scores, predictions=predictions)
        self._compare_numbers(job, record, writes, "calibration")

    def gathered(self, job: str, record: Record) -> None:
        """All tables' cells from the tables that were counted again."""
        from overheard.stages.cells import cells

        _first(record, "reads", "tables")
        given = self._counted(entry["path"] for entry in record["reads"]["tables"])
        writes = self._places(record, "cells", "metrics")
        cells(given, **writes)
        self._compare(record, writes)

    def _again(self, path: str) -> Path:
        """Where a recorded path's second count goes."""
        place = self.into.joinpath(*Path(path).parts[2:])
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _places(self, record: Record, *flags: str) -> dict[str, Path]:
        return {flag: self._again(_first(record, "writes", flag)) for flag in flags}

    def _counted(self, paths: Iterable[str]) -> list[Path]:
        places = [self._again(path) for path in paths]
        if missing := [place for place in places if not place.exists()]:
            raise LineageError(f"{missing[0].relative_to(self.into)} could not be computed again")
        return places

    def _test_clips(self, index: str, splits: str) -> "_Tested | None":
        """The fold of a split, and the class of its test clips; None where index and split are not at hand."""
        places = [located(path, self.folder) for path in (index, splits)]
        if not all(place.is_file() for place in places):
            return None
        class_of, split = clips.scenes_and_splits(*places)
        tested = sorted(clip for clip, word in split.items() if word == "test")
        if unknown := [clip for clip in tested if clip not in class_of]:
            raise PairingError(f"{places[1]}: test clip {unknown[0]} is not in {places[0]}")
        return clips.fold_of_split(places[1]), {clip: class_of[clip] for clip in tested}

    def _compare_numbers(self, job: str, record: Record, writes: Mapping[str, Path], flag: str) -> None:
        """Compare all that was made, or, where other code made it, the numbers of one file."""
        if not _is_todays_code(record):
            self.found.other_code.append(job)
            writes = {flag: writes[flag]}
        self._compare(record, writes)

    def _compare(self, record: Record, writes: Mapping[str, Path]) -> None:
        """Compare bytes, or, where other code made the file, the numbers of its cells."""
        for flag, again in writes.items():
            path = _first(record, "writes", flag)
            stored = located(path, self.folder)
            if path in self.faulty or not stored.is_file() or stored.read_bytes() == again.read_bytes():
                continue
            if flag == "comparisons":
                # sums over resamples may differ in a last digit between processors: what rests on them reads the stored
                was, now = (comparisons(place, _is_todays_code(record)) for place in (stored, again))
                found = [(path, *pair) for pair in differing(was, now, LAST_DIGITS)]
                self.found.differences += found
                if not found:
                    again.write_bytes(stored.read_bytes())
            elif _is_todays_code(record):
                self.found.differences.append((path, *first_line(stored.read_bytes(), again.read_bytes())))
            elif again.suffix == ".json":
                both = (artifacts.read_json(place) for place in (stored, again))
                self.found.differences += [(path, *pair) for pair in differing(*both)]
            elif others := numbers(stored) ^ numbers(again):
                self.found.differences.append((path, f"{len(others)} lines of numbers differ", "none"))


def _settings(kind: type[Settings], record: Record) -> Settings:
    """The settings of a job, which a forger may have written.

    Raises:
        LineageError: they are none of this stage.
    """
    return _check(kind, record["settings"].get("settings"))


def _check(kind: type[Settings], content: Any) -> Settings:
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        raise LineageError(f"its record has no settings of its stage: {error}") from error


def _published(record: Record) -> Path:
    """The file of printed numbers that a job read.

    Raises:
        LineageError: it is nowhere.
    """
    published = outside_place(_first(record, "reads", "published"))
    if not published.is_file():
        raise LineageError(f"{published}: not there, nor config/published/{published.name}; put it back from git")
    return published


def _is_todays_code(record: Record) -> bool:
    return bool(
        closure.stage_code(record["stage"], closure.entries(record["settings"])).digest == record["code"]["digest"]
    )


def _first(record: Record, side: str, flag: str) -> str:
    """The path of a flag's first file.

    Raises:
        LineageError: the record, which a forger may have made, has none.
    """
    if not record[side].get(flag):
        raise LineageError(f"its record {side} no --{flag}")
    path: str = record[side][flag][0]["path"]
    return path


def _predictions(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file of predictions.

    Raises:
        MediaError: not those arrays, or they do not fit each other.
    """
    arrays = artifacts.read_arrays(path)
    for name, (kinds, axes) in _PREDICTIONS.items():
        if name not in arrays or arrays[name].dtype.kind not in kinds or arrays[name].ndim != axes:
            raise MediaError(f"{path}: no array {name} with {axes} axes, as predictions have")
    clips, classes = len(arrays["id"]), len(arrays["classes"])
    fits = arrays["scene_logits"].shape == (clips, classes) and arrays["label"].shape == (clips,) and clips > 0
    fits = fits and arrays.get("clip", arrays["id"]).shape == (clips,)
    if not fits or not np.isin(arrays["label"], np.arange(classes)).all():
        raise MediaError(f"{path}: {clips} clips and {classes} classes, which its labels or logits do not fit")
    return arrays


def _scores(path: Path) -> dict[str, Any]:
    stored = artifacts.read_json(path)
    if not isinstance(stored, dict) or (missing := [key for key in SAID if key not in stored]):
        said = ", ".join(missing) if isinstance(stored, dict) else "object"
        raise MediaError(f"{path}: not the scores of a run: no {said}")
    return stored


def outside_place(path: str) -> Path:
    """Where a file or folder lies that no job made: where its record says, or, else, the project's file of its name."""
    inside = project_root() / "config" / "published" / Path(path).name
    return inside if inside.is_file() and not Path(path).exists() else Path(path)
