"""Trials of a fair search."""

import protocols
import pytest

from overheard.errors import ConfigError
from overheard.study.checking import check
from overheard.study.transfer.experiment import Experiment
from overheard.study.transfer.trials import FACTORS, drawn, said

CONTENT = {"source": {"kind": "twin"}, "seeds": [0], "train": {"learning_rate": 2e-3, "steps": 288}}
EXPERIMENT = check(Experiment, CONTENT, "x")


def test_trials_are_the_same_each_time_and_begin_with_the_row_as_it_is():
    found = drawn(EXPERIMENT, protocols.PROTOCOL, 6)
    assert found == drawn(EXPERIMENT, protocols.PROTOCOL, 8)[:6]
    assert found[0] == {}
    assert len({tuple(sorted(one.items())) for one in found}) == 6
    own = {"train.learning_rate": 2e-3, "train.steps": 288, "alpha": protocols.PROTOCOL.alpha}
    for one in found[1:]:
        assert list(one) == list(own)
        for (low, high), key in zip(FACTORS.values(), own, strict=True):
            # a learning rate is rounded to two digits
            assert 0.95 * low <= one[key] / own[key] <= 1.05 * high
    assert isinstance(found[1]["train.steps"], int)


def test_what_an_experiment_leaves_to_its_protocol_is_searched_there():
    content = {"source": {"kind": "directory", "pairs": "x"}, "seeds": [0]}
    (_, change) = drawn(check(Experiment, content, "x"), protocols.PROTOCOL, 2)
    assert set(change) == {"train.learning_rate", "train.epochs", "alpha"}
    assert 30 <= change["train.epochs"] <= 120
    with pytest.raises(ConfigError, match="--trials 1: expected at least 2"):
        drawn(EXPERIMENT, protocols.PROTOCOL, 1)


def test_alpha_is_said_of_rows_that_have_one():
    change = {"train.learning_rate": 0.01, "alpha": 0.5}
    methods = protocols.STUDY.methods
    assert said(change, methods["scene+event"]) == "learning_rate = 0.01, alpha = 0.5"
    assert said(change, methods["scene"]) == "learning_rate = 0.01"
    assert said({}, methods["scene"]) == "as it is"
