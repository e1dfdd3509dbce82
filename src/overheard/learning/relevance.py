"""What the teacher says about scenes: p(e|s_k) of section 4.3 and the relevance vectors d_k, from training clips."""

from collections.abc import Mapping

import numpy as np

from overheard.errors import ConfigError, PairingError


def training_clips(scene: Mapping[str, str], split: Mapping[str, str]) -> tuple[list[str], np.ndarray, list[str]]:
    """The clips of the training split, their scenes as indices, and the scenes' names in class order.

    Args:
        scene: id to class, of all clips.
        split: id to `train`, `val` or `test`, of the same clips.

    Raises:
        PairingError: the two do not name the same clips, or a class has no training clip.
    """
    leftovers = sorted(scene.keys() ^ split.keys())
    if leftovers:
        shown = ", ".join(leftovers[:10])
        raise PairingError(
            f"index and splits: {len(leftovers)} clips stand in one of them alone: {shown}; run split again"
        )
    classes = sorted(set(scene.values()))
    clips = [clip for clip in sorted(scene) if split[clip] == "train"]
    empty = sorted(set(classes) - {scene[clip] for clip in clips})
    if empty:
        raise PairingError(f"splits: no training clip of {', '.join(empty)}; every class needs one, run split again")
    return clips, np.array([classes.index(scene[clip]) for clip in clips], dtype=np.int64), classes


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


def scene_event_relevance(probability: np.ndarray, label: np.ndarray, n_classes: int) -> np.ndarray:
    """d_k of equation (8): for each scene the leading eigenvector of PᵀP, P (clips, events) its event probabilities.

    Args:
        probability: (clips, events), the teacher's, of training clips.
        label: (clips,), index of the scene.
        n_classes: number of scenes.

    Returns:
        (n_classes, events) float64, rows of unit norm. PᵀP has no negative entry, so the signs of a row can be and
        are chosen such that its sum is positive.

    Raises:
        ValueError: a scene has no clip.

    Source: the paper names the eigenvector of the Gram matrix; the released program takes a principal component of the
    centred P instead, which is another vector (cosine 0.2 on real data). This is the paper's.
    """
    return np.stack([_leading_eigenvector(rows) for rows in _by_scene(probability, label, n_classes)])


def _by_scene(probability: np.ndarray, label: np.ndarray, n_classes: int) -> list[np.ndarray]:
    if len(probability) != len(label):
        raise ValueError(f"expected one label a clip, got {len(label)} for {len(probability)}")
    empty = sorted(set(range(n_classes)) - set(label.tolist()))
    if empty:
        raise ValueError(f"no clip of scene {empty}")
    return [probability[label == scene] for scene in range(n_classes)]


def _leading_eigenvector(rows: np.ndarray) -> np.ndarray:
    # the first right singular vector of P is that eigenvector, without squaring P's condition number
    vector = np.linalg.svd(np.asarray(rows, dtype=np.float64), full_matrices=False)[2][0]
    return vector if vector.sum() >= 0 else -vector
