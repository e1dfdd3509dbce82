"""How far event distributions keep scenes apart: by hand, and the same bytes on any number of cores."""

import os
import subprocess
import sys

import numpy as np
import pytest

from overheard.scores import embedding

LINE = np.array([[0.0], [1.0], [10.0], [11.0]])
PAIRS = np.array([0, 0, 1, 1])


def test_silhouette_by_hand():
    # outer points: a = 1, b = 10.5; inner ones: a = 1, b = 9.5
    assert embedding.silhouette(LINE, PAIRS) == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)
    assert embedding.silhouette(LINE, np.zeros(4, dtype=int)) is None
    assert embedding.silhouette(LINE, np.arange(4)) is None


def test_purity_by_hand():
    assert embedding.purity(LINE, PAIRS, 1) == 1
    assert embedding.purity(LINE, PAIRS, 2) == 0.5
    assert embedding.purity(LINE, PAIRS, 10) == pytest.approx(1 / 3)
    assert embedding.purity_by_chance(PAIRS) == pytest.approx(1 / 3)
    # a clip is no neighbour of its own, also where others are the same
    assert embedding.purity(np.zeros((3, 2)), np.array([0, 1, 2]), 1) == 0
    assert embedding.purity(LINE[:1], PAIRS[:1], 1) is None
    assert embedding.purity_by_chance(PAIRS[:1]) is None


def test_a_mixture_by_hand():
    # softmax of ln 3 and 0 is 3/4 and 1/4
    found = embedding.mixture(np.array([[np.log(3), 0.0]]), np.array([[0.8, 0.0], [0.0, 0.4]]))
    np.testing.assert_allclose(found, [[0.6, 0.1]])


def test_the_map_keeps_groups_apart():
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(3), 15)
    points = rng.normal(size=(45, 20)) * 0.1 + 5 * rng.normal(size=(3, 20))[label]
    made = embedding.mapped(points, 0)
    assert made.shape == (45, 2)
    assert embedding.purity(made, label, 5) == 1


def test_clips_that_are_alike_or_too_few_have_no_map():
    assert embedding.mapped(np.ones((20, 3)), 0) is None
    assert embedding.mapped(LINE[:3], 0) is None
    assert embedding.mapped(LINE, 0) is None
    assert embedding.mapped(np.hstack([LINE, LINE]), 0).shape == (4, 2)


SCRIPT = """
import numpy as np, hashlib
from overheard.scores.embedding import mapped
made = mapped(np.random.default_rng(0).random((60, 63)), 7)
print(hashlib.sha256(made.tobytes()).hexdigest())
"""


def test_the_map_has_the_same_bytes_whatever_the_cores():
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n, "LOKY_MAX_CPU_COUNT": n},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in ("1", "3")
    }
    assert len(found) == 1
