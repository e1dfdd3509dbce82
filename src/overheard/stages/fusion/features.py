"""What a frozen network makes of every window of sound, or of the frame that goes with it; computed once."""

from collections.abc import Callable, Mapping
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
from overheard.io.video_files import inspect_video, read_frames
from overheard.learning.embeddings import FRONT_ENDS, FrontEnd, build, embed
from overheard.media.windows import FRAME_RULES, PIECES, cut_windows, window_centres_s, window_starts

CLIP_S = 10
_WINDOW = ("sound_start_s", "sound_duration_s")
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
    """Embed the windows of every clip of an index: of a video the frames that go with windows, of a picture the one.

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
    place = _Place(folder, front_end, weights, array, settings)
    rows = artifacts.read_table(index, ["id", "sound", *_WINDOW])
    cuts = list(in_processes(partial(_cut, place), rows, workers))
    firsts = np.cumsum([0, *(cut.inputs for cut in cuts)]).tolist()
    artifacts.create_array(array, (firsts.pop(), FRONT_ENDS[front_end].width), np.float32).flush()
    work = list(zip(rows, cuts, firsts, strict=True))
    for done, _ in enumerate(in_processes(partial(_fill, place), work, workers), start=1):
        progress.step(done, len(rows), f"{front_end} of every clip")
    lines = (
        {"id": row["id"], "window": window, "second": f"{second:.3f}", "row": first + of}
        for row, cut, first in work
        for window, (second, of) in enumerate(zip(window_centres_s(cut.starts, _RATE), cut.row, strict=True))
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

    @property
    def end(self) -> FrontEnd:
        return FRONT_ENDS[self.front_end]


@dataclass(frozen=True, eq=False)
class _Cut:
    """The windows of a clip: first samples at 48 kHz, which of the clip's inputs each goes with, how many there are.

    `frames` are those of a video that are needed; empty for a sound, and for a picture, which is one frame.
    """

    starts: np.ndarray
    row: np.ndarray
    inputs: int
    frames: np.ndarray


def _cut(place: _Place, row: Mapping[str, str]) -> _Cut:
    """Where the windows of a clip lie; a picture's sound is repeated or cut to ten seconds, a video's heard whole.

    Raises:
        MediaError: too few windows for one-second pieces.
    """
    settings, none = place.settings, np.zeros(0, np.int64)
    seconds = float(row["sound_duration_s"]) if "video" in row else CLIP_S
    starts = window_starts(round(seconds * _RATE), _RATE, settings.hop_s, settings.window_centre, settings.most_windows)
    if len(starts) < PIECES:
        raise MediaError(
            f"clip {row['id']}: {len(starts)} windows in {seconds:.2f} s at a hop of {settings.hop_s} s; expected at "
            f"least {PIECES}, one a piece: give a longer clip, remove it, or set protocol.hop_s lower"
        )
    if place.end.modality == "sound":
        return _Cut(starts, np.arange(len(starts)), len(starts), none)
    if "video" not in row:
        return _Cut(starts, np.zeros(len(starts), np.int64), 1, none)
    # the media stage refused those with fewer frames than they promise, or was told not to
    times_s = _said_of(place.folder / row["video"], partial(inspect_video, fewer_frames=True)).times_s
    wanted = FRAME_RULES[settings.frame_rule](times_s, window_centres_s(starts, _RATE))
    frames, of = np.unique(wanted, return_inverse=True)
    return _Cut(starts, of, len(frames), frames)


@cache
def _network(front_end: str, weights: Path) -> tuple[torch.nn.Module, Mapping[str, Any]]:
    """A front end's network, and what else its `prepare` asks for: read once a process, for all its clips."""
    settle("cpu")
    given = read_front_end_weights(front_end, weights)
    return build(FRONT_ENDS[front_end], given.state, str(weights)), given.besides


def _fill(place: _Place, item: tuple[Mapping[str, str], _Cut, int]) -> None:
    """Embed one clip and put its rows into their places."""
    row, cut, first = item
    network, besides = _network(place.front_end, place.weights)
    asked = dict(besides) | ({"image_range": place.settings.image_range} if "image_range" in place.end.asks else {})
    if place.end.modality == "sound":
        track = "video" in row and not row["sound"]
        path = place.folder / row["video" if track else "sound"]
        given = _said_of(path, partial(_track if track else _sound, place, row, cut))
    elif "video" in row:
        given = _said_of(place.folder / row["video"], lambda path: np.stack(list(read_frames(path, cut.frames))))
    else:
        given = _said_of(place.folder / row["image"], partial(_picture, row["bands"]))
    found = embed(place.end, network, place.end.prepare(given, **asked))
    np.load(place.array, mmap_mode="r+")[first : first + len(found)] = found


def _said_of(path: Path, read: Callable[[Path], Any]) -> Any:
    """What is read of a file, which the media stage has read before."""
    try:
        return read(path)
    except (MediaError, FileNotFoundError) as error:
        what = "not there any more" if isinstance(error, FileNotFoundError) else error
        raise MediaError(f"{path}: {what}; it was fine in the media stage: run that again") from error


def _picture(bands: str, path: Path) -> np.ndarray:
    """The picture (1, height, width, 3) uint8."""
    chosen = [int(band) for band in bands.split()]
    return np.asarray(read_picture(path, chosen or None))[None]


def _sound(place: _Place, row: Mapping[str, str], cut: _Cut, path: Path) -> np.ndarray:
    """The windows (windows, rate) float32."""
    start_s, duration_s = (float(row[column]) for column in _WINDOW)
    seconds = None if "video" in row else CLIP_S
    return _windows(place, cut, decoding.clip_samples(path, start_s, duration_s, place.end.rate, seconds=seconds))


def _track(place: _Place, row: Mapping[str, str], cut: _Cut, path: Path) -> np.ndarray:
    """As `_sound`, of a video's own."""
    return _windows(place, cut, decoding.track_samples(path, place.end.rate))


def _windows(place: _Place, cut: _Cut, samples: np.ndarray) -> np.ndarray:
    rate = place.end.rate
    return cut_windows(samples, np.rint(cut.starts * (rate / _RATE)).astype(np.int64), rate)
