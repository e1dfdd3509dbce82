"""Test the networks of one row, a seed each, or join what two rows say, on the test clips of their folds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import CheckpointError, ConfigError
from overheard.io import artifacts, clips, progress
from overheard.io.device import settle
from overheard.io.embedded import Embedded, read_embedded, read_z_score
from overheard.io.scored import write_scored
from overheard.io.signature import Reads, Writes
from overheard.learning import late
from overheard.learning.fusion_training import window_logits
from overheard.learning.models.fusion import ROWS, build
from overheard.media.windows import PIECES, piece_windows
from overheard.scores.clip_decision import DECISIONS, mean_probability

OF_PIECES = "pieces"
"""The column of what is said of pieces."""


@dataclass(frozen=True)
class Settings:
    """How students are tested."""

    clip_decision: str  # see scores.clip_decision.DECISIONS
    device: str
    row: str | None = None  # of a trained row; see learning.models.fusion.ROWS
    hidden: str | None = None  # these four as in its training
    fusion_input: str | None = None
    fusion_head: str | None = None
    fusion_trains: str | None = None
    late_rule: str | None = None  # of a row that joins two others; see learning.late.RULES


def evaluate(
    design: str,
    method: str,
    modality: str,
    index: Reads,
    splits: list[Reads],
    settings: Settings,
    predictions: list[Writes],
    scores: list[Writes],
    pieces: list[Writes],
    piece_scores: list[Writes],
    students: list[Reads] | None = None,
    audio_students: list[Reads] | None = None,
    video_students: list[Reads] | None = None,
    audio: Reads | None = None,
    audio_windows: Reads | None = None,
    audio_normaliser: list[Reads] | None = None,
    video: Reads | None = None,
    video_windows: Reads | None = None,
    video_normaliser: list[Reads] | None = None,
) -> None:
    """Say of each test clip, and of each of its ten one-second pieces, which scene it is.

    Args:
        design: of the study, by which the command finds this stage.
        method: row of the study.
        modality: its column.
        index: id and class of every clip.
        splits: id, split and fold of each student; the clips of split test are used.
        settings: of evaluation.
        predictions: of clips: id, label, scene_logits (log of the mean probability), decided, classes (.npz).
        scores: of clips: log loss in nats, the others as fractions (.json).
        pieces: of one-second pieces, as predictions, and the clip of each; ids are the clip's with _0 to _9.
        piece_scores: of pieces, as scores; they say that their column is `OF_PIECES`.
        students: of a trained row, in one order with splits, normalisers and what is written.
        audio_students: of a row that joins two others, those of sound; these two.
        video_students: those of frames.
        audio: embeddings of sound; these three where the row reads them.
        audio_windows: which window each of its rows is of.
        audio_normaliser: mean and deviation of the training windows, of each student.
        video: embeddings of frames; as audio.
        video_windows: which windows each of its rows is of.
        video_normaliser: as audio_normaliser.
    """
    media = {"audio": (audio, audio_windows, audio_normaliser), "video": (video, video_windows, video_normaliser)}
    given = {name: files for name, files in media.items() if None not in files}
    own = {"audio": audio_students, "video": video_students} if settings.row is None else {settings.row: students}
    of = _given(own, method)
    settle(settings.device)
    embedded = read_embedded({name: files[:2] for name, files in given.items()})
    for place, split in enumerate(splits):
        of_fold = {name: files[2][place] for name, files in given.items()}
        test = _Test(index, split, embedded, of_fold, settings)
        stored = {word: _student(paths[place], test) for word, paths in of.items()}
        logits = [test.logits(word, its) for word, its in stored.items()]
        joined = logits[0] if settings.row else late.RULES[settings.late_rule](*logits)
        said = {"method": method, "modality": modality, "seed": _seed(stored, method)}
        test.write(joined, said, (predictions[place], scores[place]), (pieces[place], piece_scores[place]))
        progress.step(place + 1, len(splits), f"seed {said['seed']}")


def _given(students: Mapping[str, list[Path] | None], method: str) -> dict[str, list[Path]]:
    """The students that are tested or joined, by their row.

    Raises:
        ConfigError: none of a row.
    """
    if missing := [word for word, paths in students.items() if paths is None]:
        flag = f"--{missing[0]}-students" if len(students) > 1 else "--students"
        raise ConfigError(f"evaluate: {method} needs {flag}, one of each seed; found none")
    return students


def _seed(stored: Mapping[str, Mapping[str, Any]], method: str) -> int:
    """The seed of students that are tested together.

    Raises:
        CheckpointError: they are of several.
    """
    if len(seeds := {its["seed"] for its in stored.values()}) != 1:
        raise CheckpointError(f"evaluate: {method}: students of seeds {sorted(seeds)}; give those of one seed")
    return seeds.pop()


class _Test:
    """The test clips of a fold."""

    def __init__(
        self, index: Path, split: Path, embedded: Embedded, z_scores: Mapping[str, Path], settings: Settings
    ) -> None:
        self.classes, by_split = clips.labelled(index, split, ["test"])
        self.ids, self.label = by_split["test"]
        self.fold = clips.fold_of_split(split)
        widths = {name: its.shape[1] for name, its in embedded.embeddings.items()}
        self.z_score = {name: read_z_score(path, widths[name]) for name, path in z_scores.items()}
        self.embedded, self.settings = embedded, settings

    def logits(self, word: str, stored: Mapping[str, Any]) -> np.ndarray:
        """What a network says of every window, (windows, classes), clip after clip; `self.windows` are of each clip."""
        names = ROWS[word]
        embedded = Embedded(self.embedded.clips, {name: self.embedded.embeddings[name] for name in names})
        windows = embedded.of(self.ids, self.label, {name: self.z_score[name] for name in names})
        switches = {key: stored[key] for key in ("fusion_input", "fusion_head", "fusion_trains") if stored.get(key)}
        model = build(word, stored["widths"], len(self.classes), stored["hidden"], **switches)
        model.load_state_dict(stored["state"])
        self.windows = np.bincount(windows.clip, minlength=len(self.ids))
        return window_logits(word, model.to(self.settings.device), windows, device=self.settings.device).numpy()

    def write(
        self,
        logits: np.ndarray,
        said: Mapping[str, Any],
        of_clips: tuple[Path, Path],
        of_pieces: tuple[Path, Path],
    ) -> None:
        """Write what is said of clips and of pieces, predictions and scores of each."""
        said = {**said, "fold": self.fold}
        ends = self.windows.cumsum()
        together, decided = np.empty((len(self.ids), logits.shape[1])), np.empty(len(self.ids), np.int64)
        each = np.empty((len(self.ids), PIECES, logits.shape[1]))
        # clips of as many windows go together
        for count in np.unique(self.windows):
            which = np.flatnonzero(self.windows == count)
            its = logits[(ends[which] - count)[:, None] + np.arange(count)]
            together[which] = np.log(mean_probability(its))
            decided[which] = DECISIONS[self.settings.clip_decision](its)
            each[which] = late.log_softmax(its[:, piece_windows(int(count))])
        self._write(of_clips, said, self.ids, self.label, together, decided)
        names = [f"{clip}_{piece}" for clip in self.ids for piece in range(PIECES)]
        clips_of = [clip for clip in self.ids for _ in range(PIECES)]
        label, each = self.label.repeat(PIECES), each.reshape(-1, logits.shape[1])
        self._write(of_pieces, {**said, "modality": OF_PIECES}, names, label, each, each.argmax(axis=1), clips_of)

    def _write(
        self,
        paths: tuple[Path, Path],
        said: Mapping[str, Any],
        ids: Sequence[str],
        label: np.ndarray,
        log_probability: np.ndarray,
        decided: np.ndarray,
        of: Sequence[str] | None = None,
    ) -> None:
        said_logits = log_probability.astype(np.float32)
        write_scored(*paths, said, self.classes, ids, label, said_logits, decided=decided, clips=of)


def _student(path: Path, test: _Test) -> dict[str, Any]:
    """A student's file.

    Raises:
        CheckpointError: it is none, or of another fold or other classes.
    """
    content = artifacts.read_weights(path)
    found, wanted = {key: content.get(key) for key in ("fold", "classes")}, {"fold": test.fold, "classes": test.classes}
    if found != wanted:
        raise CheckpointError(f"{path}: found {found}, expected {wanted}; run train again")
    return content
