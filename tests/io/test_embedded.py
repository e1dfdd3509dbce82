"""Embeddings joined by clip and window, and what is refused of them."""

import numpy as np
import pytest

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts
from overheard.io.embedded import COLUMNS, read_embedded, read_z_score

WINDOWS = [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


@pytest.fixture
def files(tmp_path):
    """Sound with a row a window, frames with a row a clip."""

    def write(name, values, rows, windows=WINDOWS):
        array, table = tmp_path / f"{name}.npy", tmp_path / f"{name}.csv"
        artifacts.write_array(array, np.asarray(values, dtype=np.float32))
        lines = [
            {"id": clip, "window": window, "second": "0.5", "row": row}
            for (clip, window), row in zip(windows, rows, strict=True)
        ]
        artifacts.write_table(table, COLUMNS, lines)
        return array, table

    audio = write("audio", [[0, 0], [1, 1], [2, 2], [3, 3]], [0, 1, 2, 3])
    video = write("video", [[10], [20]], [0, 0, 1, 1])
    return write, {"audio": audio, "video": video}


def test_windows_of_some_clips_have_both_modalities_and_the_clips_label(files):
    embedded = read_embedded(files[1])
    windows = embedded.of(["b", "a"], np.array([7, 5]), {})
    batch = windows.embeddings["audio"][windows.rows], windows.embeddings["video"][windows.rows]
    assert batch[0][:, 0].tolist() == [2, 3, 0, 1]
    assert batch[1][:, 0].tolist() == [20, 20, 10, 10]
    assert (windows.label.tolist(), windows.clip.tolist()) == ([7, 7, 5, 5], [0, 0, 1, 1])


def test_what_does_not_fit_is_refused(files):
    write, good = files
    with pytest.raises(PairingError, match="1 clips have no window: c; run features again"):
        read_embedded(good).of(["a", "c"], np.array([0, 1]), {})
    bad = write("numbers", [[0], [np.nan]], [0, 0, 1, 1])
    with pytest.raises(MediaError, match=r"numbers.npy: embeddings that are no number"):
        read_embedded(good | {"video": bad})
    other = write("other", [[1], [2]], [0, 0, 1, 1], [("a", 0), ("a", 1), ("b", 0), ("b", 2)])
    with pytest.raises(PairingError, match=r"other.csv: 2 windows differ from those of the other modality, as b 1"):
        read_embedded(good | {"video": other})
    short = write("short", [[1]], [0, 0, 1, 1])
    with pytest.raises(PairingError, match=r"short.npy: \(1, 1\), but .*short.csv names row 1; run features again"):
        read_embedded(good | {"video": short})


def test_a_z_score_of_another_front_end_is_refused(tmp_path):
    path = tmp_path / "z.npz"
    artifacts.write_arrays(path, mean=np.zeros(3), std=np.ones(3))
    assert read_z_score(path, 3)[1].tolist() == [1, 1, 1]
    with pytest.raises(PairingError, match="3 values, expected 2: run normaliser again"):
        read_z_score(path, 2)
