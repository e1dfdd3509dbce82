"""Which weights are tested: each rule by hand."""

import math
import random

import pytest

from overheard.learning import selection


def line(f_score=0.5, loss=1.0):
    return {"val_f_score": f_score, "val_loss": loss}


@pytest.mark.parametrize(
    ("history", "kept"),
    [
        ([line(0.5, 1.0), line(0.6, 9.0), line(0.4, 0.1)], 1),
        ([line(0.5, 1.0), line(0.5, 0.9), line(0.4, 0.1)], 1),
        ([line(0.4, 0.1), line(0.5, 1.0), line(0.5, 1.0)], 1),
        ([line(0.5, math.nan), line(0.5, 9.0)], 1),
    ],
)
def test_best_f_score_takes_the_highest_then_the_lower_loss_then_the_earlier(history, kept):
    assert selection.best_f_score(history) == [kept]


@pytest.mark.parametrize(
    ("losses", "kept"), [([3.0, 1.0, 2.0], 1), ([1.0, 1.0], 0), ([math.nan, 7.0, 8.0], 1), ([math.nan, math.nan], 0)]
)
def test_lowest_loss_takes_the_lowest_then_the_earlier(losses, kept):
    assert selection.lowest_loss([line(0.1 * place, loss) for place, loss in enumerate(losses)]) == [kept]


def test_last_takes_the_last_whatever_it_is():
    assert selection.last([line(0.9, 0.1), line(0.1, math.nan)]) == [1]


def test_only_a_method_with_the_scene_loss_is_chosen_by_its_f_score():
    history = [line(0.5, 9.0), line(0.4, 1.0)]
    assert selection.of_method("best_f_score", scene_loss=True)(history) == [0]
    assert selection.of_method("best_f_score", scene_loss=False)(history) == [1]
    assert selection.of_method("last", scene_loss=False)(history[::-1]) == [1]


@pytest.mark.parametrize("scene_loss", [True, False])
@pytest.mark.parametrize("name", selection.BY_NAME)
def test_what_training_says_of_itself_changes_no_selection(name, scene_loss):
    rng = random.Random(1)
    for _ in range(20):
        history = [line(rng.choice([0.2, 0.4]), rng.choice([1.0, 2.0])) for _ in range(6)]
        training = [
            {word: rng.random() for word in ("train_loss", "loss_scene", "step", "learning_rate")} for _ in history
        ]
        chosen = selection.of_method(name, scene_loss)
        assert chosen(history) == chosen([said | trained for said, trained in zip(history, training, strict=True)])


@pytest.mark.parametrize(("epochs", "kept"), [(20, range(13, 19)), (15, range(13, 16)), (12, range(2, 8))])
def test_the_best_epoch_and_the_next_five(epochs, kept):
    """Bests at epochs 2 and 13, counted from 1: the last line that the program prints averages epochs 13 to 18."""
    history = [line({2: 0.6, 13: 0.7}.get(epoch, 0.5)) for epoch in range(1, epochs + 1)]
    chosen = selection.with_next_epochs(selection.best_f_score)(history)
    assert [place + 1 for place in chosen] == list(kept)
    assert selection.alone(selection.best_f_score)(history) == [chosen[0]]
