"""Baselines: what a network must beat before its score says anything about the network.

Each is fitted on training clips and says how probable it finds each scene of the test clips. They were chosen before
the twin was calibrated with them, and nothing is tuned on test clips: the strength of a regression's penalty is chosen
by cross-validation over training locations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from overheard.learning.hand_features import picture_features

_TREES = 500
_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # scikit-learn's C
_PARTS = 3  # of the training locations, for choosing C
_RAREST = 6e-8  # half a step of float32 below 1
_QUIET = 10  # percentile over time: what is there when nothing happens


@dataclass(frozen=True)
class Known:
    """Training and test clips.

    Attributes:
        label: (train,) index of the scene.
        location: (train,) name of the location.
        classes: number of scenes.
        train: what was seen and heard by name: `images` (train, height, width, 3) uint8, `sounds` (train, time, band)
            in dB, `logits` (train, events) of the events that the teacher was trained on.
        test: the same of the test clips.
        tests: number of test clips.
        seed: of the forest.
        prior: (classes, events) p(e | s) of the same events as the logits.
        runs: (tests, classes) each, how probable other rows' runs of this seed find the scenes.
    """

    label: NDArray[np.int64]
    location: NDArray[np.str_]
    classes: int
    train: Mapping[str, NDArray]
    test: Mapping[str, NDArray]
    tests: int
    seed: int
    prior: NDArray[np.float32] | None = None
    runs: Sequence[NDArray[np.float64]] = ()


def majority(known: Known) -> NDArray[np.float64]:
    """(tests, classes) the shares of the scenes among the training clips: always the most frequent one."""
    share = np.bincount(known.label, minlength=known.classes) / len(known.label)
    return np.tile(share, (known.tests, 1))


def hand_features(known: Known) -> NDArray[np.float64]:
    """(tests, classes) of a random forest on colour histograms, colour moments and edges of the pictures."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(_TREES, random_state=known.seed)
    return _fitted(forest, picture_features(known.train["images"]), picture_features(known.test["images"]), known)


def background(known: Known) -> NDArray[np.float64]:
    """(tests, classes) of a logistic regression on what is left of a sound where nothing happens.

    Its features are the 10th percentile over time of each mel band, in dB.
    """
    quiet = (np.percentile(values["sounds"], _QUIET, axis=1) for values in (known.train, known.test))
    return _regression(*quiet, known)[1]


def teacher_outputs(known: Known) -> NDArray[np.float64]:
    """(tests, classes) of a logistic regression on what the teacher hears: on logits or probabilities.

    Of the two, that with the higher weighted F in cross-validation over training locations; the logits where equal.
    """
    train, test = known.train["logits"], known.test["logits"]
    pairs = [(train, test), (_sigmoid(train), _sigmoid(test))]
    return max((_regression(*pair, known) for pair in pairs), key=lambda found: found[0])[1]


def late_fusion(known: Known) -> NDArray[np.float64]:
    """(tests, classes) mean of what `hand_features`, `background` and `teacher_outputs` say."""
    return np.mean([hand_features(known), background(known), teacher_outputs(known)], axis=0)


def nearest_prior(known: Known) -> NDArray[np.float64]:
    """(tests, classes) softmax of minus the divergence of p(e | s) from what the teacher hears, over events: eq. (3).

    So the scene is that whose prior is nearest to the clip's events. The teacher's entropy, one for all scenes, is left
    out. A prior of 0 or 1, which only rounding makes, stands for the next float32.
    """
    p, q = _sigmoid(known.test["logits"]), known.prior.astype(np.float64).clip(_RAREST, 1 - _RAREST)
    return softmax(p @ np.log(q).T + (1 - p) @ np.log1p(-q).T, axis=1)


def fused_runs(known: Known) -> NDArray[np.float64]:
    """(tests, classes) mean of what the runs of other rows say: late fusion of students that never met."""
    return np.mean(known.runs, axis=0)


Baseline = Callable[[Known], NDArray[np.float64]]
BASELINES: Mapping[str, Baseline] = {
    "majority": majority,
    "hand_features": hand_features,
    "background": background,
    "teacher_outputs": teacher_outputs,
    "late_fusion": late_fusion,
    "nearest_prior": nearest_prior,
    "fused_runs": fused_runs,
}


def _sigmoid(logits: NDArray) -> NDArray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def _regression(train: NDArray, test: NDArray, known: Known) -> tuple[float, NDArray[np.float64]]:
    """The cross-validated weighted F of the best penalty, and what the regression with it says of the test clips."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    parts = GroupKFold(min(_PARTS, len(set(known.location))))
    search = GridSearchCV(model, {"logisticregression__C": _PENALTIES}, scoring="f1_weighted", cv=parts)
    said = _fitted(search, train, test, known, groups=known.location)
    return float(search.best_score_), said


def _fitted(model, train: NDArray, test: NDArray, known: Known, **more) -> NDArray[np.float64]:
    """(tests, classes) probabilities; 0 of a scene that no training clip has."""
    model.fit(train, known.label, **more)
    said = np.zeros((known.tests, known.classes))
    said[:, model.classes_] = model.predict_proba(test)
    return said
