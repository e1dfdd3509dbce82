"""Event distributions of the test clips, by each method and the teacher: a map, and how far scenes are apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from overheard import seeds
from overheard.errors import PairingError
from overheard.io import artifacts, clips, progress
from overheard.io.signature import Reads, Writes
from overheard.io.tested import read_said
from overheard.learning.relevance import probabilities
from overheard.scores import embedding as measures

RUN = ("kind", "method", "modality", "seed", "fold")
POINTS = (*RUN, "id", "scene", "x", "y")
SEPARATION = (*RUN, "clips", "silhouette", "purity", "chance", "neighbours")


@dataclass(frozen=True)
class Settings:
    """How clips are compared."""

    neighbours: int | None = None  # of each clip; 10
    class_order: str | None = None  # see media.class_order


class _Heard(NamedTuple):
    """What one run, or the teacher, says of a fold's test clips."""

    run: Mapping[str, Any]
    ids: Sequence[str]
    label: np.ndarray  # (clips,)
    classes: Sequence[str]
    events: np.ndarray  # (clips, known events), probabilities


def embedding(
    logits: Reads,
    logit_ids: Reads,
    teacher_events: Reads,
    index: Reads,
    splits: list[Reads],
    prior: list[Reads],
    settings: Settings,
    points: Writes,
    separation: Writes,
    scores: list[Reads] | None = None,
    predictions: list[Reads] | None = None,
    events: list[Reads] | None = None,
) -> None:
    """Embed the first seed's test clips by what each method says of events; measure the separation of every seed.

    A method that predicts no event is shown through the prior, by equation (6): what a mixture of fixed priors looks
    like without any event having been learnt.

    Args:
        logits: the teacher's event logits (clips, 527), .npy.
        logit_ids: the ids of its rows, .csv.
        teacher_events: which events the teacher was trained on; the others are left out, .csv.
        index: the media index (id, class), .csv.
        splits: of each fold, .csv.
        prior: p(e|s_k) of each fold, in the same order, .csv.
        settings: how clips are compared.
        points: kind (teacher, events, mixture), run, id, scene, x, y of the test clips of the first seed's fold (.csv).
        separation: of each run silhouette and purity of neighbours, of event probabilities (.csv).
        scores: scores.json of each run; these three are none if every row is left out.
        predictions: of each run, in the same order.
        events: events.npz of each run, in the same order.
    """
    known = artifacts.read_trained_events(teacher_events)
    order = settings.class_order or "alphabetical"
    folds = {clips.fold_of_split(path): (path, of) for path, of in zip(splits, prior, strict=True)}
    heard = [
        *(_taught(fold, files[0], index, logits, logit_ids, known, order) for fold, files in folds.items()),
        *_said(scores or [], predictions or [], events or [], {fold: of for fold, (_, of) in folds.items()}, known),
    ]
    first = min((one.run["seed"], one.run["fold"]) for one in heard if one.run["kind"] != "teacher") if scores else None
    shown = [one for one in heard if first and one.run["fold"] == first[1] and one.run["seed"] in ("", first[0])]

    measured = [_measured(one, settings.neighbours or 10) for one in heard]
    lines = []
    for done, one in enumerate(shown, start=1):
        lines += list(_mapped(one))
        progress.step(done, len(shown), one.run["method"] or one.run["kind"])

    artifacts.write_table(points, POINTS, lines)
    artifacts.write_table(separation, SEPARATION, measured)


def _taught(
    fold: int | None, split: Path, index: Path, logits: Path, logit_ids: Path, known: Sequence[int], order: str
) -> _Heard:
    """The teacher on a fold's test clips."""
    classes, by_split = clips.labelled(index, split, ["test"], order)
    ids, label = by_split["test"]
    events = probabilities(clips.gathered(logits, logit_ids, ids))[:, known]
    run = {"kind": "teacher", "method": "", "modality": "", "seed": "", "fold": "" if fold is None else fold}
    return _Heard(run, ids, label, classes, events)


def _said(
    scores: Sequence[Path],
    predictions: Sequence[Path],
    events: Sequence[Path],
    priors: Mapping[int | None, Path],
    known: Sequence[int],
) -> Iterator[_Heard]:
    """What each run says of its test clips' events, of its own or through the prior.

    Raises:
        PairingError: the files of a run do not fit each other.
    """
    for scored, predicted, path in zip(scores, predictions, events, strict=True):
        said = read_said(scored, predicted)
        arrays, own = artifacts.read_arrays(predicted), artifacts.read_arrays(path)
        if own["id"].tolist() != list(said.ids):
            raise PairingError(f"{path}: other clips than {predicted}; run evaluate again")
        classes, fold = said.run["classes"], said.run["fold"]
        kind, found = "events", probabilities(own["event_logits"])
        if not found.shape[1]:
            prior = artifacts.read_event_matrix(priors[fold], classes).astype(np.float64)
            kind, found = "mixture", measures.mixture(arrays["scene_logits"], prior)
        run = {key: said.run[key] for key in ("method", "modality", "seed")}
        run |= {"kind": kind, "fold": "" if fold is None else fold}
        yield _Heard(run, said.ids, said.label, classes, found[:, known])


def _measured(one: _Heard, k: int) -> dict[str, Any]:
    found = {
        "silhouette": measures.silhouette(one.events, one.label),
        "purity": measures.purity(one.events, one.label, k),
        "chance": measures.purity_by_chance(one.label),
    }
    rounded = {name: "" if value is None else round(value, 4) for name, value in found.items()}
    return {**one.run, "clips": len(one.ids), **rounded, "neighbours": min(k, len(one.ids) - 1)}


def _mapped(one: _Heard) -> Iterator[dict[str, Any]]:
    """A line for each clip; none where all clips are alike."""
    places = measures.mapped(one.events, seeds.integer("embedding", "t-sne") % 2**32)
    for clip, label, (x, y) in zip(one.ids, one.label, [] if places is None else places, strict=places is not None):
        yield {**one.run, "id": clip, "scene": one.classes[label], "x": f"{x:.3f}", "y": f"{y:.3f}"}
