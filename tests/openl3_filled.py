"""Inputs of the vectors of OpenL3, and its networks' weights, filled by their rule."""

import json
import math
from pathlib import Path

import numpy as np
import torch
from filling import field

from overheard.learning.embeddings import FRONT_ENDS

VECTORS = Path(__file__).parent / "vectors"


def windows() -> np.ndarray:
    """Four windows (4, 48000): two seconds after half a second of silence, hop 0.5 s, silence behind."""
    t = np.arange(96000) / 48000
    tones = 0.30 * np.sin(2 * np.pi * 440 * t) + 0.15 * np.sin(2 * np.pi * (200 * t + 1500 * t**2))
    wave = (tones + 0.05 * field((96000,), 9541)) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * t))
    padded = np.pad(wave.astype(np.float32), 24000)
    return np.stack([padded[start : start + 48000] for start in range(0, 96000, 24000)])


def pictures() -> np.ndarray:
    """Three (3, 224, 224, 3) uint8: noise, dark noise, and a smooth one."""
    noise = np.clip(np.round(127.5 * (1 + field((2, 224, 224, 3), 9551))), 0, 255)
    y, x = np.mgrid[:224, :224]
    red = 128 + 80 * np.sin(x / 17) + 30 * np.sin(y / 5)
    smooth = np.stack([red, 128 + 90 * np.sin(y / 23 + 1), 128 + 60 * np.sin((x + y) / 31)], axis=2)
    return np.stack([noise[0], np.round(0.3 * noise[1]), np.round(smooth)]).astype(np.uint8)


def filled(front_end: str) -> dict[str, torch.Tensor]:
    """State dict of openl3_audio or openl3_image."""
    given = json.loads((VECTORS / "openl3_names.json").read_text())[front_end.removeprefix("openl3_")]
    with torch.device("meta"):
        state = FRONT_ENDS[front_end].network().state_dict()
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    counts = {name: torch.tensor(0) for name in state if name not in names}
    values = {}
    for name, (published, shape, stream) in zip(names, given, strict=True):
        # the image network's names are not unique: their ends are all they say
        assert name == published or (name.endswith(published.rpartition(".")[2]) and front_end == "openl3_image")
        assert tuple(state[name].shape) == tuple(shape)
        x = field(tuple(shape), stream)
        if len(shape) == 4:
            x = 2 * x / math.sqrt(math.prod(shape[1:]))
        elif name.endswith("running_var"):
            x = 1 + 0.5 * x
        elif name.endswith(("bias", "running_mean")):
            x = 0.05 * x
        else:
            x = 0.5 + 0.25 * x
        values[name] = torch.from_numpy(x.astype(np.float32))
    return values | counts
