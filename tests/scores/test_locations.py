"""Test locations drawn again and exchanged: against scikit-learn's F, scipy's tests, and variances by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_recall_fscore_support, recall_score

from overheard.scores import locations
from overheard.scores.locations import Answers, counted
from overheard.scores.metrics import METRICS as KNOWN
from overheard.scores.metrics import lost

CLASSES = 3
METRICS = [word for word, its in KNOWN.items() if not its.needs_probabilities]


@pytest.fixture
def tested(rng):
    """Two runs on 12 locations of three classes, one to three clips each; the second knows a little more."""
    place = np.repeat(np.arange(12), rng.integers(1, 4, 12))
    label = place % CLASSES
    known = rng.random((2, 12))[:, place] < np.array([[0.5], [0.75]])
    return Answers(place, label, np.where(known, label, (label + 1) % CLASSES))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def sklearn_scores(label, predicted, weight=None):
    found = precision_recall_fscore_support(
        label, predicted, average="weighted", zero_division=0, sample_weight=weight, labels=range(CLASSES)
    )
    there = np.ones(len(label), bool) if weight is None else weight > 0
    weight = None if weight is None else weight[there]
    accuracy = accuracy_score(label[there], predicted[there], sample_weight=weight)
    # over the classes that occur
    macro = f1_score(label[there], predicted[there], average="macro", sample_weight=weight)
    own = recall_score(
        label[there], predicted[there], average=None, labels=np.unique(label[there]), sample_weight=weight
    )
    return 100 * np.array([*found[:3], accuracy, macro, own.mean()])


def test_scores_of_drawn_locations_are_scikit_learns(tested, rng):
    counts = counted(tested, CLASSES)
    weights = rng.integers(0, 3, (5, 12)).astype(float)
    weights[0] = 1
    found = locations.scores_under(weights, [counts], METRICS)
    for draw, weight in enumerate(weights):
        for run, predicted in enumerate(tested.predicted):
            expected = sklearn_scores(tested.label, predicted, weight[tested.location])
            np.testing.assert_allclose(found[draw, run], expected)


def test_log_loss_under_weights_and_exchanged_is_scikit_learns(rng):
    label, place = np.arange(12) % CLASSES, np.arange(12) // 2
    scores = rng.normal(size=(2, 12, CLASSES))
    probability = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    losses = np.array([lost(one, label) for one in scores])
    counts = counted(Answers(place, label, scores.argmax(axis=2), losses), CLASSES)
    weights = rng.integers(1, 4, (3, 6)).astype(float)
    found = locations.scores_under(weights, [counts], ["log_loss", "accuracy"])
    for draw, weight in enumerate(weights):
        for run, said in enumerate(probability):
            expected = log_loss(label, said, sample_weight=weight[place], labels=range(CLASSES))
            assert found[draw, run, 0] == pytest.approx(expected)
    # of all 64 ways to exchange the two runs' answers at six locations
    ways = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1)[:, :, None]
    own = losses.reshape(2, 6, 2).sum(axis=2)
    both = np.where(ways[..., 0] == 1, own[::-1, :, None], own[:, :, None]).sum(axis=1) / 12
    differences = np.abs(both[1] - both[0])
    observed = abs(losses[1].mean() - losses[0].mean())
    p = locations.exchanged([counts], [{(0, 0, 1): 1.0}], 6, ["log_loss"])[0, 0]
    assert p == pytest.approx((differences >= observed - 1e-12).mean(), abs=0.02)


def test_a_class_that_neither_occurs_nor_is_said_has_no_part_in_macro_f():
    label, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
    counts = counted(Answers(np.arange(5), label, predicted[None]), CLASSES)
    found = locations.scores_under(np.ones((1, 5)), [counts], ["macro_f"])
    assert found[0, 0, 0] == pytest.approx(100 * f1_score(label, predicted, average="macro"))


def test_the_variance_of_a_mean_is_that_of_its_sample_also_with_two_locations_a_class(rng):
    # Rao and Wu: the variance over draws of a stratum's mean is s²/n; plain draws give (n - 1)/n of it, half with two
    sizes = (2, 2, 9)
    groups = np.split(np.arange(13), np.cumsum(sizes)[:-1])
    value = rng.normal(size=13)
    weights = np.concatenate(list(locations.draws(groups, 13, 20_000)))
    for group in groups:
        means = (weights[:, group] * value[group]).mean(axis=1)
        assert means.var() == pytest.approx(stats.sem(value[group]) ** 2, rel=0.04)
        np.testing.assert_allclose(weights[:, group].sum(axis=1), len(group))


def test_covariances_are_those_of_scores_counted_again_by_scikit_learn(tested, rng):
    groups = locations.strata((np.arange(12) % CLASSES).tolist(), [0] * 12)
    found = locations.covariance([counted(tested, CLASSES)], groups, 12, METRICS, 500)
    drawn = np.array(
        [
            [sklearn_scores(tested.label, predicted, weights[tested.location]) for predicted in tested.predicted]
            for weights in np.concatenate(list(locations.draws(groups, 12, 500)))
        ]
    )
    expected = [np.cov(drawn[:, :, metric], rowvar=False) for metric in range(len(METRICS))]
    np.testing.assert_allclose(found, expected)


def test_many_locations_agree_with_scipys_bootstrap(rng):
    label = np.repeat([0, 1], 60)
    predicted = np.where(rng.random(120) < 0.7, label, 1 - label)
    counts = counted(Answers(np.arange(120), label, predicted[None]), 2)
    (group,) = locations.strata(["one"] * 120, [0] * 120)

    def f_score(rows):
        found = precision_recall_fscore_support(label[rows], predicted[rows], average="weighted", zero_division=0)
        return 100 * found[2]

    again = stats.bootstrap(
        (np.arange(120),), f_score, n_resamples=1500, vectorized=False, rng=rng, method="percentile"
    )
    found = locations.covariance([counts], [group], 120, ["f_score"], 4000)[0, 0, 0]
    assert np.sqrt(found) == pytest.approx(again.standard_error, rel=0.06)


def test_the_exchange_test_is_scipys_with_f_counted_again(tested):
    few = tested.location < 9
    tested = Answers(tested.location[few], tested.label[few], tested.predicted[:, few])

    def statistic(first, second):
        # of each location whose answers a row has: its own, or the other's
        sides = [np.take_along_axis(tested.predicted, its[tested.location][None], 0)[0] for its in (first, second)]
        return sklearn_scores(tested.label, sides[1])[2] - sklearn_scores(tested.label, sides[0])[2]

    rows = (np.zeros(9, dtype=int), np.ones(9, dtype=int))
    # all 2^9 exchanges
    exact = stats.permutation_test(
        rows, statistic, permutation_type="samples", vectorized=False, n_resamples=np.inf, alternative="two-sided"
    )
    as_large = np.abs(exact.null_distribution) >= abs(exact.statistic) - 1e-9
    found = locations.exchanged([counted(tested, CLASSES)], [{(0, 0, 1): 1.0}], 9, METRICS)
    assert found[0, 2] == pytest.approx(as_large.mean(), abs=0.012)
    assert 0.001 < found[0, 2] < 0.9


def test_rows_that_say_the_same_are_never_told_apart_and_p_is_never_0(tested):
    same = tested._replace(predicted=np.stack([tested.predicted[0]] * 2))
    assert locations.exchanged([counted(same, CLASSES)], [{(0, 0, 1): 1.0}], 12, METRICS, 99).tolist() == [
        [1.0] * len(METRICS)
    ]
    label = np.arange(40) % 2
    clear = Answers(np.arange(40), label, np.stack([1 - label, label]))
    found = locations.exchanged([counted(clear, 2)], [{(0, 0, 1): 1.0}], 40, METRICS, 99)
    assert found[0, 2] == 1 / 100


def test_clips_of_a_location_go_together(rng):
    # a location is right or wrong as a whole: with clips taken for independent the error would be half as large
    place = np.repeat(np.arange(36), 4)
    label = place // 12
    known = rng.random((2, 36))[:, place] < np.array([[0.7], [0.5]])
    tested = Answers(place, label, np.where(known, label, (label + 1) % 3))
    contrast = np.array([-1, 1])

    def error(location, of_class):
        groups = locations.strata(of_class.tolist(), [0] * len(of_class))
        found = locations.covariance(
            [counted(tested._replace(location=location), 3)], groups, len(of_class), ["f_score"], 2000
        )
        return np.sqrt(contrast @ found[0] @ contrast)

    assert error(np.arange(144), label) < 0.65 * error(place, np.arange(36) // 12)


def test_locations_alone_in_a_fold_are_drawn_among_those_of_their_class_and_then_of_all():
    classes = ["lake", "lake", "lake", "lake", "farm", "farm", "bay", "pier"]
    folds = [0, 0, 1, 2, 0, 1, 0, 1]
    found = [group.tolist() for group in locations.strata(classes, folds)]
    assert found == [[0, 1], [2, 3], [4, 5], [6, 7]]
    # one that is left at last is in no group
    assert [group.tolist() for group in locations.strata(classes[:7], folds[:7])] == [[0, 1], [2, 3], [4, 5]]
    weights = next(locations.draws(locations.strata(classes[:7], folds[:7]), 7))
    assert (weights[:, 6] == 1).all()
