"""How often an interval for the difference of two rows holds the true one, on the design of the default study.

A population of locations, clips and trainings is drawn again and again: 314 locations of 13 classes as in the twin, one
to three clips each; what a row says of a clip depends on the class, the location, the clip, the row, its training and
which locations it was trained on. The true difference is the mean over all drawn studies.

    python benchmarks/coverage.py
    python benchmarks/coverage.py --studies 2000 --only folds

Forms: `seeds` t over seeds (or folds); `fold-corrected` the same with Nadeau and Bengio's factor; `locations` test
locations alone; `percentile` of five seeds drawn again; `crossed` percentile of seeds and locations drawn again;
`together` the interval that the study quotes (scores/paired.py).
"""

import argparse
from typing import NamedTuple

import numpy as np
from scipy import stats

from overheard.scores import locations, paired
from overheard.seeds import generator

LOCATIONS = np.array([10, 22, 10, 10, 86, 10, 10, 10, 10, 106, 10, 10, 10])
"""Of each class, as in the twin."""
FOLDS = SEEDS = 5
CLASSES = len(LOCATIONS)
SCENE = np.repeat(np.arange(CLASSES), LOCATIONS)
FOLD = np.concatenate([np.arange(n) % FOLDS for n in LOCATIONS])
HALF = np.concatenate([np.arange(n) // FOLDS % 2 for n in LOCATIONS])
TEST = [k == FOLD for k in range(FOLDS)]
# a tenth validates: half of the next fold
TRAIN = [(k != FOLD) & ~(((k + 1) % FOLDS == FOLD) & (HALF == 0)) for k in range(FOLDS)]
EASE = np.array([0.3, 0.4, 0.1, 0.8, 0.9, 0.4, 0.0, 0.6, 0.0, 0.8, 0.3, 0.2, 0.3])
"""Of each class, so that the twin's share of clips is right, from a half of them to 86 %."""


class World(NamedTuple):
    """Standard deviations of what decides if a clip is known, where all that two rows share makes 1.

    Attributes:
        unlike: of what is a row's own at a location, and as much at a clip: 0.15 lets two rows differ on 8 % of clips,
            0.5 on 23 %, as `scene` does from `scene+kl_av` and from `scratch`.
        training: of a training's effect on all clips of a class; half as much on all clips.
        taught: of the effect of which locations a row is trained on, on all clips of a class; half as much on all.
    """

    unlike: float
    training: float
    taught: float


WORLDS = {
    "alike, steady trainings": World(0.15, 0.0, 0.0),
    "alike": World(0.15, 0.1, 0.0),
    "unlike, steady trainings": World(0.5, 0.0, 0.0),
    "unlike": World(0.5, 0.15, 0.0),
    "unlike, unsteady trainings": World(0.5, 0.3, 0.0),
    "unlike, taught half as much": World(0.5, 0.3, 0.15),
    "unlike, taught as much": World(0.5, 0.3, 0.3),
}
GAIN = 0.1
"""Of the second row over the first: about 3 points."""


def study(rng: np.random.Generator, world: World, folds: bool) -> list[locations.Counts]:
    """Two rows of five runs: one a fold, or, of fold 0, five."""
    place = np.repeat(np.arange(len(SCENE)), 1 + rng.integers(0, 3, len(SCENE)))
    label = SCENE[place]
    known = EASE[label] + rng.normal(0, 0.55, len(SCENE))[place] + rng.normal(0, 0.83, len(place))
    own = [rng.normal(0, world.unlike, len(SCENE))[place] + GAIN * row for row in range(2)]
    taught = [rng.normal(0, 1, (len(SCENE), CLASSES + 1)) for _ in range(2)]
    found = []
    for fold in range(FOLDS if folds else 1):
        tested = TEST[fold][place]
        said = []
        for row in range(2):
            # on one split what is taught is the same in every study
            lesson = taught[row][TRAIN[fold]].sum(axis=0) / np.sqrt(TRAIN[fold].sum()) * (world.taught if folds else 0)
            for _ in range(1 if folds else SEEDS):
                drawn = lesson + rng.normal(0, world.training, CLASSES + 1)
                margin = known + own[row] + drawn[label] + drawn[-1] / 2 + rng.normal(0, world.unlike, len(place))
                wrong = (label + rng.geometric(0.4, len(label)).clip(max=CLASSES - 1)) % CLASSES
                said.append(np.where(margin > 0, label, wrong)[tested])
        found.append(locations.counted(locations.Answers(place[tested], label[tested], np.array(said)), CLASSES))
    return found


def intervals(counts: list[locations.Counts], resamples: int) -> tuple[float, dict[str, tuple[float, float]]]:
    """The estimate, and each form's low and high."""
    folds = len(counts) > 1
    tested = np.concatenate([each.place for each in counts])
    groups = [tested[group] for group in locations.strata(SCENE[tested].tolist(), FOLD[tested].tolist())]
    values = _differences(locations.scores_under(np.ones((1, len(SCENE))), counts, ["f_score"]), folds)[0]
    drawn = np.concatenate(
        [
            _differences(locations.scores_under(weights, counts, ["f_score"]), folds)
            for weights in locations.draws(groups, len(SCENE), resamples)
        ]
    )
    mean, n = float(values.mean()), len(values)
    covariance = np.cov(drawn, rowvar=False)
    df = len(tested) - len(groups)
    n_test, n_train = (np.mean([each.sum() for each in side[: len(counts)]]) for side in (TEST, TRAIN))
    inflation = paired.shared_training(n, len(counts), float(n_test), float(n_train))
    error = float(stats.sem(values))
    again = generator("seeds drawn again").integers(0, n, (len(drawn), n))
    forms = {
        "seeds": paired.interval(mean, error, n - 1),
        "fold-corrected": paired.interval(mean, error * np.sqrt(inflation), n - 1),
        "locations": paired.interval(mean, float(np.sqrt(covariance.mean())), df),
        "percentile": tuple(np.percentile(values[again].mean(axis=1), [2.5, 97.5])),
        "crossed": tuple(np.percentile(np.take_along_axis(drawn, again, axis=1).mean(axis=1), [2.5, 97.5])),
        "together": paired.interval(mean, *paired.together(values, covariance, inflation, df)),
    }
    return mean, forms


def _differences(scores: np.ndarray, folds: bool) -> np.ndarray:
    """(draws, 5) of F, second row less first, from scores (draws, runs, 1), whose runs are fold by fold, row by row."""
    f_score = scores[..., 0]
    by_row = f_score.reshape(len(f_score), -1, 2, 1 if folds else SEEDS)
    return (by_row[:, :, 1] - by_row[:, :, 0]).reshape(len(f_score), -1)


def coverage(world: World, folds: bool, studies: int, resamples: int = 400, seed: int = 0) -> dict[str, float]:
    """The share of studies whose interval holds the true difference, by form, in percent."""
    rng = generator("studies drawn again", seed)
    found = [intervals(study(rng, world, folds), resamples) for _ in range(studies)]
    true = np.mean([mean for mean, _ in found])
    return {
        form: 100 * float(np.mean([its[form][0] <= true <= its[form][1] for _, its in found])) for form in found[0][1]
    }


def main() -> None:
    """Print a line for each design and world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--only", choices=("folds", "split"))
    given = parser.parse_args()
    for design in ("folds", "split"):
        if given.only in (None, design):
            # on one split what is taught is the same in all studies
            worlds = {name: world for name, world in WORLDS.items() if design == "folds" or not world.taught}
            for name, world in worlds.items():
                found = coverage(world, design == "folds", given.studies, given.resamples)
                print(f"{design:>6} {name:<36}", *(f"{form} {share:5.1f}" for form, share in found.items()), flush=True)


if __name__ == "__main__":
    main()
