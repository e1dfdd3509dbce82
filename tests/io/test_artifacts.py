"""Files that cross a stage border: what a writer promises of its bytes."""

import io
import zipfile
from hashlib import sha256

import numpy as np
import pytest
import torch

from overheard.errors import CheckpointError
from overheard.io import artifacts

ARRAYS = {"id": np.array(["a", "bb"]), "x": np.arange(6, dtype=np.float32).reshape(2, 3), "ratio": np.float64(0.5)}


def test_an_npz_has_the_same_bytes_with_every_python(tmp_path):
    # written once with Python 3.11.2 and once with 3.11.7, whose numpy.savez differ
    artifacts.write_arrays(tmp_path / "arrays.npz", **ARRAYS)
    written = (tmp_path / "arrays.npz").read_bytes()
    assert sha256(written).hexdigest() == "c6cf2a380ab6a5c4cffe3021d9eebd1c34cbab09619e6286cef5dcb0e687516a"
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert {(entry.extract_version, entry.extra, entry.flag_bits) for entry in archive.infolist()} == {(20, b"", 0)}


def test_an_npz_gives_back_its_arrays_whatever_their_layout_in_memory(tmp_path):
    turned = {name: np.asfortranarray(array) for name, array in ARRAYS.items()}
    artifacts.write_arrays(tmp_path / "arrays.npz", **ARRAYS)
    artifacts.write_arrays(tmp_path / "turned.npz", **turned | {"ratio": ARRAYS["ratio"]})
    assert (tmp_path / "arrays.npz").read_bytes() == (tmp_path / "turned.npz").read_bytes()
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as read:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(read[name], array)
            assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)
    assert artifacts.read_arrays(tmp_path / "arrays.npz").keys() == ARRAYS.keys()


def test_any_flipped_bit_of_a_checkpoint_is_refused_by_name(tmp_path):
    path = tmp_path / "one.pt"
    content = {"asked": {"seed": 1}, "state": torch.arange(3.0)}
    artifacts.write_checkpoint(path, content)
    written = path.read_bytes()
    assert written[:32] == sha256(written[32:]).digest()
    read = artifacts.read_checkpoint(path)
    assert read["asked"] == content["asked"]
    assert read["state"].tolist() == [0.0, 1.0, 2.0]
    for place in range(len(written)):
        damaged = bytearray(written)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="one.pt: a damaged checkpoint .* delete it and run again"):
            artifacts.read_checkpoint(path)
