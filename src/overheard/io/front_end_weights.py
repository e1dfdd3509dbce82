"""Shell: the weight files of front ends as their users have them, above all OpenL3's.

OpenL3 is read from the HDF5 file of its own package, which needs h5py (`pip install h5py`), or from torchopenl3's state
dict, which has the audio network alone. One file serves embeddings of 512 and of 6144 values. The mel bank is in it,
and is used; files of OpenL3 0.4 and later have none, as they go with another front end, and are refused.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from overheard.errors import CheckpointError
from overheard.io import artifacts
from overheard.learning.embeddings import FRONT_ENDS
from overheard.media.front_ends import OPENL3_BANK

_HDF5, _GZIP = b"\x89HDF\r\n\x1a\n", b"\x1f\x8b"
_BANK = "speclayer.mel_basis"
_OF_KERAS = {
    **{"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"},
    **{"moving_mean": "running_mean", "moving_variance": "running_var"},
}


class Weights(NamedTuple):
    """Of a front end.

    Attributes:
        state: state dict, as `learning.embeddings.build` takes it.
        besides: what else the file says, by the keywords of the front end's `prepare`.
    """

    state: dict[str, Tensor]
    besides: dict[str, Any]


def read_front_end_weights(front_end: str, path: Path) -> Weights:
    """Read the weights of a front end, a name of `learning.embeddings.FRONT_ENDS`.

    Raises:
        CheckpointError: not a file of weights; of OpenL3, one of another input or network: names the layer, what was
            found and what was expected.
    """
    if not front_end.startswith("openl3_"):
        return Weights(artifacts.read_weights(path), {})
    end = FRONT_ENDS[front_end]
    with torch.device("meta"):
        wanted = {name: tuple(value.shape) for name, value in end.network().state_dict().items()}
    with path.open("rb") as stream:
        start = stream.read(len(_HDF5))
    if start.startswith(_GZIP):
        raise CheckpointError(f"{path}: packed by gzip; unpack it with gunzip and name what comes out")
    found = _keras(path, list(wanted)) if start == _HDF5 else dict(artifacts.read_weights(path))
    wanted |= {_BANK: OPENL3_BANK} if "bank" in end.asks else {}
    # torchopenl3 has more before the network: its transform, as convolutions
    state = {name: value for name, value in found.items() if name in wanted or not name.startswith("speclayer.")}
    for name in dict.fromkeys([*wanted, *state]):
        shape = tuple(state[name].shape) if name in state else "none"
        if shape != (expected := wanted.get(name, "none")):
            raise CheckpointError(f"{path}: {name}: found {shape}, expected {expected}; give {end.weights}")
    besides = {"bank": state.pop(_BANK).numpy()} if _BANK in wanted else {}
    return Weights(state, besides)


def _keras(path: Path, names: list[str]) -> dict[str, Tensor]:
    """The layers of an HDF5 file of Keras 2, in their order, by the names of ours; its mel bank by torchopenl3's.

    Raises:
        CheckpointError: h5py is not installed, or the file holds something else.
    """
    try:
        import h5py
    except ImportError as error:
        raise CheckpointError(f"{path}: an HDF5 file, and h5py is not installed: pip install h5py") from error
    own = iter(dict.fromkeys(name.rpartition(".")[0] for name in names))
    state = {name: torch.tensor(0) for name in names if name.endswith("num_batches_tracked")}
    try:
        with h5py.File(path) as file:
            for layer in map(_text, file.attrs["layer_names"]):
                arrays = {_text(name): file[layer][name][()] for name in file[layer].attrs["weight_names"]}
                if "spectrogram" in layer:
                    banks = [array for array in arrays.values() if array.ndim == 2]  # bins by bands
                    state |= {_BANK: torch.from_numpy(banks[0].T.copy())} if banks else {}
                elif arrays:
                    state |= _layer(next(own, layer), arrays)
    except (OSError, KeyError) as error:
        raise CheckpointError(f"{path}: not a file of Keras weights ({error}); download it again") from error
    return state


def _layer(layer: str, arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Entries of one layer: kernels (rows, columns, in, out) become (out, in, rows, columns)."""
    entries = {}
    for name, array in arrays.items():
        short = name.rpartition("/")[2].removesuffix(":0")
        axes = (3, 2, 0, 1) if array.ndim == 4 else range(array.ndim)
        entries[f"{layer}.{_OF_KERAS.get(short, short)}"] = torch.from_numpy(array.transpose(axes).copy())
    return entries


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
