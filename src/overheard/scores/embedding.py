"""How far event distributions keep scenes apart: a map of them by t-SNE, silhouette and purity of neighbours.

All three are scikit-learn's. They import when they are called: an experiment's commands need not wait for them.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Labels = NDArray[np.integer]

PERPLEXITY = 30.0
"""scikit-learn's own; of few points a third of the others, which it may have at most."""


def mapped(points: Points, random_state: int) -> Points | None:
    """The points on a plane, by t-SNE from two principal components; None where no two differ, of fewer than
    four, or of a single event.

    Only neighbours mean something there: distances between groups and their sizes do not. One thread sums, so that the
    bytes do not depend on the cores.

    Args:
        points: (clips, events).
        random_state: what little chance t-SNE leaves after such a start.

    Returns:
        (clips, 2).
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if min(len(points) // 2, points.shape[1]) < 2 or not np.ptp(points, axis=0).any():
        return None
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    with threadpool_limits(limits=1):
        made = TSNE(init="pca", perplexity=perplexity, random_state=random_state, n_jobs=1).fit_transform(points)
    return np.asarray(made, dtype=np.float64)


def silhouette(points: Points, label: Labels) -> float | None:
    """Mean silhouette, -1 to 1, by Euclidean distance; None of one scene, or where every clip has its own.

    Args:
        points: (clips, events).
        label: (clips,) of the scenes.
    """
    from sklearn.metrics import silhouette_score

    if not 2 <= len(np.unique(label)) < len(label):
        return None
    return float(silhouette_score(points, label))


def purity(points: Points, label: Labels, k: int) -> float | None:
    """Share of the k nearest neighbours that have a clip's own scene, mean over the clips; None of a single clip.

    Args:
        points: (clips, events).
        label: (clips,) of the scenes.
        k: neighbours of each clip, which is none of its own; of few clips all the others.
    """
    from sklearn.neighbors import NearestNeighbors

    if len(points) < 2:
        return None
    near = NearestNeighbors(n_neighbors=min(k, len(points) - 1), algorithm="brute", n_jobs=1).fit(points)
    found = near.kneighbors(return_distance=False)
    return float((label[found] == label[:, None]).mean())


def purity_by_chance(label: Labels) -> float | None:
    """What the purity would be if neighbours were drawn at random among the other clips."""
    counts, n = np.bincount(label), len(label)
    return float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else None


def mixture(scene_logits: NDArray[np.floating], prior: Points) -> Points:
    """p(e) of equation (6): softmax(z_s) · p(e|s).

    Args:
        scene_logits: (clips, scenes).
        prior: (scenes, events).

    Returns:
        (clips, events).
    """
    from scipy.special import softmax

    return np.asarray(softmax(np.asarray(scene_logits, dtype=np.float64), axis=1) @ prior)
