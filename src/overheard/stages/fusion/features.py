"""What a frozen network makes of every window of sound, or of the frame that goes with it; computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts, decoding, progress
from overheard.io.device import settle
from overheard.io.embedded import COLUMNS
from overheard.io.front_end_weights import read_front_end_weights
from overheard.io.parallel import in_processes
from overheard.io.picture_files import read_picture
from overheard.io.signature import Reads, Writes
from overheard.learning.embeddings import FRONT_ENDS, FrontEnd, build, embed
from overheard.media.windows import FRAME_RULES, cut_windows, window_centres_s, window_starts

CLIP_S = 10
_RATE = 48000  # at which windows are counted, whatever a front end hears


@dataclass(frozen=True)
class Settings:
    """Switches of the protocol."""

    hop_s: float
    window_centre: bool  # whether the first window has its middle at the clip's beginning
    frame_rule: str  # see media.windows.FRAME_RULES
    most_windows: int | None = None
    image_range: str | None = None  # of openl3_image; see media.frame_front_ends


def features(
    design: str,
    folder: Reads,
    index: Reads,
    weights: Reads,
    front_end: str,
    settings: Settings,
    array: Writes,
    windows: Writes,
    workers: int = 1,
) -> None:
    """Embed the windows of every clip of an index; a picture is one frame, which goes with all windows of its clip.

    Args:
        design: of the study, by which the command finds this stage.
        folder: the media that the index lists.
        index: by the media stage.
        weights: of the front end's network.
        front_end: a name of learning.embeddings.FRONT_ENDS.
        settings: switches of the protocol.
        array: (rows, width) float32 .npy.
        windows: clip, window, its middle in seconds, and its row of the array (.csv).
        workers: processes; they do not change a byte.
    """
    if front_end not in FRONT_ENDS:
        raise ConfigError(f"--front-end: found {front_end}; allowed: {', '.join(FRONT_ENDS)}")
    if settings.frame_rule not in FRAME_RULES:
        raise ConfigError(f"frame_rule: found {settings.frame_rule}; allowed: {', '.join(FRAME_RULES)}")
    end, pictures = FRONT_ENDS[front_end], FRONT_ENDS[front_end].modality == "image"
    columns = ["image", "bands"] if pictures else ["sound", "sound_start_s", "sound_duration_s"]
    rows = artifacts.read_table(index, ["id", *columns])
    starts = window_starts(CLIP_S * _RATE, _RATE, settings.hop_s, settings.window_centre, settings.most_windows)
    middles = window_centres_s(starts, _RATE)
    each = 1 if pictures else len(starts)
    artifacts.create_array(array, (len(rows) * each, end.width), np.float32).flush()
    work = [(number * each, *(row[column] for column in columns)) for number, row in enumerate(rows)]
    fill = partial(_fill, _Place(folder, front_end, weights, array, settings, starts))
    for done, _ in enumerate(in_processes(fill, work, workers), start=1):
        progress.step(done, len(rows), f"{front_end} of every clip")
    lines = (
        {"id": row["id"], "window": window, "second": f"{middles[window]:.3f}", "row": number * each + window % each}
        for number, row in enumerate(rows)
        for window in range(len(starts))
    )
    artifacts.write_table(windows, COLUMNS, lines)


@dataclass(frozen=True)
class _Place:
    """Where clips come from and their rows go, and what becomes of them."""

    folder: Path
    front_end: str
    weights: Path
    array: Path
    settings: Settings
    starts: np.ndarray


@cache
def _network(front_end: str, weights: Path) -> tuple[torch.nn.Module, Mapping[str, Any]]:
    """A front end's network, and what else its `prepare` asks for: read once a process, for all its clips."""
    settle("cpu")
    given = read_front_end_weights(front_end, weights)
    return build(FRONT_ENDS[front_end], given.state, str(weights)), given.besides


def _fill(place: _Place, item: tuple) -> None:
    """Embed one clip and put its rows into their places."""
    first, path, *rest = item
    end = FRONT_ENDS[place.front_end]
    network, besides = _network(place.front_end, place.weights)
    asked = dict(besides) | ({"image_range": place.settings.image_range} if "image_range" in end.asks else {})
    try:
        given = (_frame if end.modality == "image" else _sound)(place, place.folder / path, end, *rest)
    except (MediaError, FileNotFoundError) as error:
        what = "not there any more" if isinstance(error, FileNotFoundError) else error
        raise MediaError(f"{place.folder / path}: {what}; it was fine in the media stage: run that again") from error
    found = embed(end, network, end.prepare(given, **asked))
    np.load(place.array, mmap_mode="r+")[first : first + len(found)] = found


def _frame(place: _Place, path: Path, end: FrontEnd, bands: str) -> np.ndarray:
    """The picture (1, height, width, 3) uint8."""
    chosen = [int(band) for band in bands.split()]
    return np.asarray(read_picture(path, chosen or None))[None]


def _sound(place: _Place, path: Path, end: FrontEnd, start_s: str, duration_s: str) -> np.ndarray:
    """The windows (windows, rate) float32."""
    samples = decoding.clip_samples(path, float(start_s), float(duration_s), end.rate, seconds=CLIP_S)
    return cut_windows(samples, np.rint(place.starts * (end.rate / _RATE)).astype(np.int64), end.rate)
