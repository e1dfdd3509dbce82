"""Leaks that embeddings of windows show: clips that look or sound alike, and what z-scores were made from.

Touches files: embeddings. The ways themselves are in `overheard.media.leaks`.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from overheard.io import artifacts
from overheard.io.embedded import read_embedded
from overheard.learning.embeddings import FRONT_ENDS
from overheard.lineage.leak_arrays import Ask
from overheard.lineage.leak_study import Study, absent
from overheard.media import leaks, moments
from overheard.media.leak_lines import Line

LIKENESS = 0.9995
"""Cosine of two clips' mean embeddings less the mean of all, from which they are taken for copies."""
_WAYS = {"video": ("picture", "image"), "audio": ("sound", "sound")}
"""Of a modality, the way's word and what its front ends read."""


def embedding_ways(folder: Path) -> list[Ask]:
    """The ways that embeddings of windows show; none where a study has no such files.

    Raises:
        MediaError: they are damaged.
        PairingError: they do not fit each other.
    """
    return [partial(_lines, *found) for found in _embedded(folder).items()]


def _embedded(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray, list[str]]]:
    """By modality the embeddings (rows, width), the row of each window, and its clip."""
    found = {}
    for table in sorted((folder / "features").glob("*.windows.csv")):
        name = table.name.removesuffix(".windows.csv")
        array = table.with_name(f"{name}.npy")
        if name in FRONT_ENDS and array.is_file():
            modality = next(word for word, (_, reads) in _WAYS.items() if reads == FRONT_ENDS[name].modality)
            embedded = read_embedded({modality: (array, table)})
            its = embedded.embeddings[modality]
            found[modality] = its.array, its.rows, list(embedded.clips)
    return found


def _lines(modality: str, embedded: tuple[np.ndarray, np.ndarray, list[str]], study: Study) -> list[Line]:
    word, scene = _WAYS[modality][0], study.column("class")
    ids, pairs = _alike(*embedded)
    remark = f"mean embeddings whose cosine, less the mean of all clips, is at least {LIKENESS}"
    lines = leaks.alike_lines(word, ids, pairs, study.split, scene, remark)
    stored, way = study.made("normaliser", f"{modality}_normaliser"), f"normaliser_{word}"
    if not stored.is_file():
        return lines + absent(study.folder, stored, way)
    recipes = [_again(*embedded, z_score) for z_score in moments.Z_SCORES]
    values = artifacts.read_arrays(stored)
    return lines + leaks.product_lines(way, values, recipes, study.split, study.column("location"), scene)


def _alike(array: np.ndarray, rows: np.ndarray, clips: list[str]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Clips that have something to compare, and every two that are alike, in both orders, with their cosine."""
    from sklearn.neighbors import NearestNeighbors

    ids, of = np.unique(clips, return_inverse=True)
    mean = np.zeros((len(ids), array.shape[1]))
    np.add.at(mean, of, array[rows])
    mean /= np.bincount(of)[:, None]
    mean -= mean.mean(axis=0)
    length = np.linalg.norm(mean, axis=1)
    known = np.flatnonzero(length > 0)
    unit = mean[known] / length[known][:, None]
    # of unit vectors, the squared distance is 2 (1 - cosine)
    near = NearestNeighbors(radius=np.sqrt(2 * (1 - LIKENESS)), algorithm="brute").fit(unit)
    distances, others = near.radius_neighbors(unit)
    pairs = [
        (str(ids[known[one]]), str(ids[known[other]]), f"{1 - distance**2 / 2:.4f}")
        for one, (row, its) in enumerate(zip(distances, others, strict=True))
        for distance, other in sorted(zip(row, its, strict=True), key=lambda pair: int(pair[1]))
        if other != one
    ]
    return ids[known].tolist(), pairs


def _again(
    array: np.ndarray, rows: np.ndarray, clips: list[str], z_score: str
) -> Callable[[list[str]], dict[str, np.ndarray]]:
    def again(chosen: list[str]) -> dict[str, np.ndarray]:
        wanted = set(chosen)
        places = np.array([place for place, clip in enumerate(clips) if clip in wanted], dtype=np.int64)
        mean, deviation = moments.embedding_moments(array, rows[places].tolist(), z_score)
        deviation = deviation.astype(np.float32)
        return {"mean": mean.astype(np.float32), "std": np.where(deviation == 0, np.float32(1), deviation)}

    return again
