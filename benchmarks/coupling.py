"""How much of what is heard at a place its latents tell, and how much of that its picture's latents tell.

A world of many places, one clip each, no picture and no sound: of every event, the entropy given the scene that a
logistic regression on subtype and activity takes away, cross-validated by location. `docs/twin.md` quotes it.

    python benchmarks/coupling.py
    python benchmarks/coupling.py --worlds 101 102 --coupling 0 0.5 0.9
"""

import argparse
import warnings

import numpy as np
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from overheard.sources.twin import event_table, world

_FEWEST = 30  # clips in which an event holds; of fewer no regression is made
_LEAST = 1e-6


def main() -> None:
    """Print a line for each strength of coupling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, nargs="+", default=[101, 102])
    parser.add_argument(
        "--coupling",
        type=float,
        nargs="+",
        default=[world.NO_COUPLING, world.DEFAULT_COUPLING, world.HIGH_COUPLING],
    )
    parser.add_argument("--scale", type=float, default=1.0, help="1: 2,696 places a world")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    head = ("coupling", "entropy given scene, nats", "sound latents take", "picture latents", "ratio")
    print(" ".join(f"{word:>{width}}" for word, width in zip(head, (8, 26, 19, 16, 7), strict=True)))
    for coupling in given.coupling:
        scene, sound, picture = np.mean([entropies(seed, given.scale, coupling) for seed in given.worlds], axis=0)
        by_sound, by_picture = scene - sound, scene - picture
        shares = f"{by_sound / scene:19.1%} {by_picture / scene:16.1%} {by_picture / by_sound:7.1%}"
        print(f"{coupling:8} {scene:26.3f} {shares}")


def entropies(seed: int, scale: float, coupling: float) -> tuple[float, float, float]:
    """Entropy of all events in nats a clip: given the scene, with the sound's latents too, with the picture's too."""
    places = world.locations(seed, scale, coupling, clips=1)
    events = np.array([_events(place, seed) for place in places])
    events = events[:, (events.sum(axis=0) >= _FEWEST) & (events.sum(axis=0) <= len(events) - _FEWEST)]
    scene = np.eye(len(world.CLASSES))[[world.CLASSES.index(place.scene) for place in places]]
    told = [scene, *(np.hstack([scene, _latents(places, which)]) for which in ("sound", "picture"))]
    return tuple(sum(_entropy(features, event) for event in events.T) for features in told)


def _events(place: world.Location, seed: int) -> np.ndarray:
    """(E,) bool: which labels hold in the place's first ten seconds."""
    sounding = [bout.event for bout in world.bouts(place, seed) if bout.is_in(0.0)]
    return event_table.load().implies[sounding].any(axis=0)


def _latents(places: list[world.Location], which: str) -> np.ndarray:
    """(places, 4): the subtype as one of three, and the activity as a normal score."""
    latents = [getattr(place, which) for place in places]
    subtype = np.eye(world.SUBTYPES)[[its.subtype for its in latents]]
    return np.column_stack([subtype, norm.ppf([its.activity for its in latents])])


def _entropy(features: np.ndarray, event: np.ndarray) -> float:
    """Cross-validated log loss in nats; a place has one clip here, so no place is in two folds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(C=1.0, max_iter=300)
    said = cross_val_predict(model, features, event, cv=folds, method="predict_proba")[:, 1]
    said = np.clip(said, _LEAST, 1 - _LEAST)
    return float(-np.mean(np.where(event, np.log(said), np.log(1 - said))))


if __name__ == "__main__":
    main()
