"""OpenL3's weight files in both forms, written here as Keras 2 and torchopenl3 do; and those that are refused."""

import gzip

import numpy as np
import pytest
import torch
from openl3_filled import filled

from overheard.errors import CheckpointError
from overheard.io import front_end_weights
from overheard.io.front_end_weights import read_front_end_weights
from overheard.media.front_ends import openl3_bank

KERAS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def torchopenl3(bank: np.ndarray) -> dict[str, torch.Tensor]:
    """Its state dict: the transform's kernels and the mel bank stand before the network."""
    front = {
        "speclayer.dft_real_kernels": torch.zeros(1025, 1, 2048),
        "speclayer.dft_imag_kernels": torch.zeros(1025, 1, 2048),
        "speclayer.mel_basis": torch.from_numpy(bank.copy()),
    }
    return front | filled("openl3_audio")


def write_keras(path, front_end: str, bank: np.ndarray | None, kind: str = "melspectrogram_1") -> None:
    """An HDF5 file as Keras 2's `save_weights`: layers in their order, those without weights too."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed (the extra openl3)")
    layers: dict[str, dict[str, np.ndarray]] = {"input_1": {}}
    if bank is not None:
        layers[kind] = {"real_kernels": np.zeros((2048, 1, 1, 1025), np.float32), "Variable": bank.T}
    for name, value in filled(front_end).items():
        layer, _, entry = name.rpartition(".")
        if entry == "num_batches_tracked":
            continue
        array, convolution = value.numpy(), "norm" not in layer
        named = {"weight": "kernel", "bias": "bias"}[entry] if convolution else KERAS[entry]
        # Keras counts layers over all networks of a session
        own = layers.setdefault(f"{layer}7" if front_end == "openl3_image" else layer, {})
        own[named] = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
        layers.setdefault(f"activation_{layer}", {})
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for layer, arrays in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}/{name}:0".encode() for name in arrays], dtype="S99")
            for name, array in arrays.items():
                group[f"{layer}/{name}:0"] = array


def same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    return found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("form", ["keras", "torch"])
def test_the_audio_network_and_its_bank_are_read(form, tmp_path):
    path, bank = tmp_path / "weights", openl3_bank("slaney")
    if form == "keras":
        write_keras(path, "openl3_audio", bank)
    else:
        torch.save(torchopenl3(bank), path)
    found = read_front_end_weights("openl3_audio", path)
    assert same(found.state, filled("openl3_audio"))
    np.testing.assert_array_equal(found.besides.pop("bank"), bank)
    assert not found.besides


def test_the_image_network_is_read_by_the_order_of_its_layers(tmp_path):
    write_keras(tmp_path / "image.h5", "openl3_image", None)
    found = read_front_end_weights("openl3_image", tmp_path / "image.h5")
    assert same(found.state, filled("openl3_image"))
    assert not found.besides


def test_mel128_and_linear_files_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(torchopenl3(openl3_bank("l1")[:128]), path)
    message = r"speclayer\.mel_basis: found \(128, 1025\), expected \(256, 1025\); give openl3_audio_mel256_env\.h5"
    with pytest.raises(CheckpointError, match=message):
        read_front_end_weights("openl3_audio", path)
    linear = torchopenl3(openl3_bank("l1"))
    del linear["speclayer.mel_basis"]
    torch.save(linear, path)
    with pytest.raises(CheckpointError, match=r"mel_basis: found none, expected \(256, 1025\)"):
        read_front_end_weights("openl3_audio", path)


def test_keras_files_of_other_inputs_are_refused(tmp_path):
    path = tmp_path / "weights.h5"
    write_keras(path, "openl3_audio", openl3_bank("l1")[:128])
    with pytest.raises(CheckpointError, match=r"mel_basis: found \(128, 1025\), expected \(256, 1025\)"):
        read_front_end_weights("openl3_audio", path)
    write_keras(path, "openl3_audio", None)
    with pytest.raises(CheckpointError, match="mel_basis: found none"):
        read_front_end_weights("openl3_audio", path)
    write_keras(path, "openl3_image", None)
    with pytest.raises(CheckpointError, match=r"batch_normalization_1\.weight: found \(3,\), expected \(1,\)"):
        read_front_end_weights("openl3_audio", path)


def test_a_layer_more_or_less_is_named(tmp_path):
    path, state = tmp_path / "weights.pth", torchopenl3(openl3_bank("l1"))
    torch.save(state | {"extra.weight": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match=r"extra\.weight: found \(2,\), expected none"):
        read_front_end_weights("openl3_audio", path)
    del state["conv2d_7.bias"]
    torch.save(state, path)
    with pytest.raises(CheckpointError, match=r"conv2d_7\.bias: found none, expected \(512,\)"):
        read_front_end_weights("openl3_audio", path)


def test_files_that_cannot_be_read_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "weights.h5"
    path.write_bytes(gzip.compress(b"weights"))
    with pytest.raises(CheckpointError, match="unpack it with gunzip"):
        read_front_end_weights("openl3_audio", path)
    path.write_bytes(front_end_weights._HDF5 + b"cut off")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(CheckpointError, match="pip install h5py"):
        read_front_end_weights("openl3_audio", path)


def test_a_damaged_keras_file_is_refused(tmp_path):
    pytest.importorskip("h5py", reason="h5py is not installed (the extra openl3)")
    path = tmp_path / "weights.h5"
    path.write_bytes(front_end_weights._HDF5 + b"cut off")
    with pytest.raises(CheckpointError, match=r"weights\.h5: not a file of Keras weights"):
        read_front_end_weights("openl3_audio", path)


def test_other_front_ends_give_their_state_dict(tmp_path):
    torch.save({"features.0.0.weight": torch.ones(2)}, tmp_path / "weights.pt")
    found = read_front_end_weights("mn04", tmp_path / "weights.pt")
    assert same(found.state, {"features.0.0.weight": torch.ones(2)})
    assert found.besides == {}
