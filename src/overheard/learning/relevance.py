"""What the teacher says about scenes: p(e|s_k) of section 4.3, relevance vectors d_k; and from which clips."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from overheard.errors import ConfigError, PairingError
from overheard.media.class_order import ORDERS


def selected_clips(
    scene: Mapping[str, str],
    split: Mapping[str, str],
    selection: str,
    class_order: str = "alphabetical",
    listing: Sequence[str] | None = None,
) -> tuple[list[str], np.ndarray, list[str]]:
    """The clips that p(e|s) and d_k are made from, their scenes as indices, and the scenes' names in class order.

    Args:
        scene: id to class, of all clips.
        split: id to `train`, `val` or `test`, of the same clips.
        selection: word of `SELECTIONS`.
        class_order: word of `class_order.ORDERS`.
        listing: ids in the order in which the released program found them; None for sorted ones.

    Raises:
        PairingError: the two do not name the same clips, or a class has no clip in the selection.
    """
    leftovers = sorted(scene.keys() ^ split.keys())
    if leftovers:
        shown = ", ".join(leftovers[:10])
        raise PairingError(
            f"index and splits: {len(leftovers)} clips stand in one of them alone: {shown}; run split again"
        )
    classes = _known("class_order", class_order, ORDERS)(set(scene.values()))
    clips = _known("prior_clips", selection, SELECTIONS)(scene, split, classes, listing)
    empty = sorted(set(classes) - {scene[clip] for clip in clips})
    if empty:
        raise PairingError(f"splits: no training clip of {', '.join(empty)}; every class needs one, run split again")
    return clips, np.array([classes.index(scene[clip]) for clip in clips], dtype=np.int64), classes


Listing = Sequence[str] | None


def training_locations(
    scene: Mapping[str, str], split: Mapping[str, str], classes: Sequence[str], listing: Listing
) -> list[str]:
    """Clips of split `train`: no test location decides what a scene sounds like."""
    return [clip for clip in sorted(scene) if split[clip] == "train"]


def seventy_percent(
    scene: Mapping[str, str], split: Mapping[str, str], classes: Sequence[str], listing: Listing
) -> list[str]:
    """The first 70 % of each class's clips, shuffled as clips, not as locations: test clips are among them.

    Source: `scene_to_event_prior.py` of the released program: for class number i in order, its ids are shuffled by
    Python's list and numpy's legacy generator of seed i, and cut at floor(0.7 n).
    """
    clips = []
    for number, name in enumerate(classes):
        own = [clip for clip in (sorted(scene) if listing is None else listing) if scene.get(clip) == name]
        np.random.RandomState(number).shuffle(own)
        clips += own[: math.floor(0.7 * len(own))]
    return sorted(clips)


def all_clips(
    scene: Mapping[str, str], split: Mapping[str, str], classes: Sequence[str], listing: Listing
) -> list[str]:
    """Every clip, test clips too: what the paper says ("all samples of the scene")."""
    return sorted(scene)


Select = Callable[[Mapping[str, str], Mapping[str, str], Sequence[str], Listing], list[str]]
SELECTIONS: Mapping[str, Select] = {
    "training_locations": training_locations,
    "seventy_percent": seventy_percent,
    "all": all_clips,
}


def probabilities(logits: np.ndarray) -> np.ndarray:
    """σ(logits) in float64, without overflow for any logit."""
    halves = np.asarray(logits, dtype=np.float64) / 2
    return (1 + np.tanh(halves)) / 2


def scene_event_prior(probability: np.ndarray, label: np.ndarray, n_classes: int) -> np.ndarray:
    """p(e|s_k), equation (6): the mean event probabilities of a scene's clips.

    Args:
        probability: (clips, events), the teacher's, of training clips.
        label: (clips,), index of the scene.
        n_classes: number of scenes.

    Returns:
        (n_classes, events) float64.

    Raises:
        ValueError: a scene has no clip.
    """
    return np.stack([rows.mean(axis=0) for rows in _by_scene(probability, label, n_classes)])


def other_rows(prior: np.ndarray, how: str) -> np.ndarray:
    """The prior (scenes, events) of a control: `permuted`, each scene has the next one's row; `equal`, the mean row.

    Raises:
        ConfigError: another word.
    """
    if how == "permuted":
        return np.roll(prior, -1, axis=0)
    if how == "equal":
        return np.broadcast_to(prior.mean(axis=0), prior.shape)
    raise ConfigError(f"--rows: found {how!r}; expected permuted or equal")


def scene_event_relevance(
    probability: np.ndarray,
    label: np.ndarray,
    n_classes: int,
    vector: str = "gram_eigenvector",
    sign: str = "positive_sum",
) -> np.ndarray:
    """d_k of equation (8): for each scene one direction of P (clips, events), its clips' event probabilities.

    Args:
        probability: (clips, events), the teacher's.
        label: (clips,), index of the scene.
        n_classes: number of scenes.
        vector: word of `VECTORS`.
        sign: word of `SIGNS`.

    Returns:
        (n_classes, events) float64, rows of unit norm.

    Raises:
        ValueError: a scene has no clip.
    """
    found = []
    for rows in _by_scene(probability, label, n_classes):
        matrix = _known("relevance_vector", vector, VECTORS)(np.asarray(rows, dtype=np.float64))
        left, _, right = np.linalg.svd(matrix, full_matrices=False)
        found.append(_known("relevance_sign", sign, SIGNS)(left[:, 0], right[0]))
    return np.stack(found)


def gram_eigenvector(rows: np.ndarray) -> np.ndarray:
    """P itself: its first right singular vector is the leading eigenvector of PᵀP, which the paper names.

    PᵀP has no negative entry, so the vector's entries have one sign.
    """
    return rows


def first_component(rows: np.ndarray) -> np.ndarray:
    """P less the mean of its rows: its first right singular vector is the first principal component.

    Source: the released program (`PCA` of scikit-learn); another vector (cosine 0.2 with the paper's on real data).
    """
    return rows - rows.mean(axis=0)


VECTORS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "gram_eigenvector": gram_eigenvector,
    "first_component": first_component,
}


def positive_sum(scores: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """The loadings (events,), turned such that their sum is positive; of scores (clips,) nothing is asked."""
    return loadings if loadings.sum() >= 0 else -loadings


def largest_loading(scores: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """Turned such that the largest loading is positive: scikit-learn 1.9.1."""
    return loadings * np.sign(loadings[np.abs(loadings).argmax()])


def largest_score(scores: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """Turned such that the largest score of a clip is positive: older versions of scikit-learn."""
    return loadings * np.sign(scores[np.abs(scores).argmax()])


SIGNS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "positive_sum": positive_sum,
    "largest_loading": largest_loading,
    "largest_score": largest_score,
}


def _known(name: str, word: str, words: Mapping[str, Any]) -> Any:
    if word not in words:
        raise ConfigError(f"{name}: found {word!r}; expected one of {', '.join(words)}")
    return words[word]


def _by_scene(probability: np.ndarray, label: np.ndarray, n_classes: int) -> list[np.ndarray]:
    if len(probability) != len(label):
        raise ValueError(f"expected one label a clip, got {len(label)} for {len(probability)}")
    empty = sorted(set(range(n_classes)) - set(label.tolist()))
    if empty:
        raise ValueError(f"no clip of scene {empty}")
    return [probability[label == scene] for scene in range(n_classes)]
