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
from overheard.io.scored import write_fused
from overheard.io.signature import Reads, Writes
from overheard.learning import late
from overheard.learning.fusion_training import Windows, window_logits
from overheard.learning.models.fusion import ROWS, build
from overheard.media.windows import piece_windows
from overheard.scores.clip_decision import DECISIONS, mean_probability


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
        pieces: of one-second pieces, as predictions; ids are the clip's with _0 to _9.
        piece_scores: of pieces, as scores.
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
    settle(settings.device)
    media = {"audio": (audio, audio_windows, audio_normaliser), "video": (video, video_windows, video_normaliser)}
    given = {name: files for name, files in media.items() if None not in files}
    trained = {name: its for name, its in (("audio", audio_students), ("video", video_students)) if its is not None}
    if settings.late_rule is None and settings.row is not None:
        trained = {settings.row: students or []}
    elif set(trained) != {"audio", "video"}:
        raise ConfigError(f"evaluate: {method} joins two rows; give --audio-students and --video-students of each seed")
    embedded = read_embedded({name: files[:2] for name, files in given.items()})
    for place, split in enumerate(splits):
        classes, by_split = clips.labelled(index, split, ["test"])
        widths = {name: its.shape[1] for name, its in embedded.embeddings.items()}
        z_score = {name: read_z_score(files[2][place], widths[name]) for name, files in given.items()}
        said = {"method": method, "modality": modality, "classes": classes, "fold": clips.fold_of_split(split)}
        test = _Test(embedded, *by_split["test"], z_score, settings)
        stored = {word: _student(paths[place], said["fold"], classes) for word, paths in trained.items()}
        logits = [test.logits(word, its) for word, its in stored.items()]
        seeds = {its["seed"] for its in stored.values()}
        if len(seeds) != 1:
            raise CheckpointError(f"evaluate: {method}: students of seeds {sorted(seeds)}; give those of one seed")
        joined = logits[0] if settings.late_rule is None else late.RULES[settings.late_rule](*logits)
        said["seed"] = seeds.pop()
        test.write(joined, said, predictions[place], scores[place], pieces[place], piece_scores[place])
        progress.step(place + 1, len(splits), f"seed {said['seed']}")


def _student(path: Path, fold: int | None, classes: Sequence[str]) -> dict[str, Any]:
    """A student's file.

    Raises:
        CheckpointError: it is none, or of another fold or other classes.
    """
    content = artifacts.read_weights(path)
    found, wanted = {key: content.get(key) for key in ("fold", "classes")}, {"fold": fold, "classes": list(classes)}
    if found != wanted:
        raise CheckpointError(f"{path}: found {found}, expected {wanted}; run train again")
    return content


class _Test:
    """The test clips of a fold."""

    def __init__(
        self,
        embedded: Embedded,
        ids: Sequence[str],
        label: np.ndarray,
        z_score: Mapping[str, Any],
        settings: Settings,
    ) -> None:
        self.embedded, self.ids, self.label, self.z_score, self.settings = embedded, ids, label, z_score, settings

    def logits(self, word: str, stored: Mapping[str, Any]) -> np.ndarray:
        """What a network says of every window, (clips, windows, classes)."""
        names = ROWS[word]
        embedded = Embedded(self.embedded.clips, {name: self.embedded.embeddings[name] for name in names})
        windows: Windows = embedded.of(self.ids, self.label, {name: self.z_score[name] for name in names})
        switches = {key: stored[key] for key in ("fusion_input", "fusion_head", "fusion_trains") if stored.get(key)}
        model = build(word, stored["widths"], len(stored["classes"]), stored["hidden"], **switches)
        model.load_state_dict(stored["state"])
        found = window_logits(word, model.to(self.settings.device), windows, device=self.settings.device).numpy()
        return found.reshape(len(self.ids), -1, found.shape[1])

    def write(
        self,
        logits: np.ndarray,
        said: Mapping[str, Any],
        predictions: Path,
        scores: Path,
        pieces: Path,
        of_pieces: Path,
    ) -> None:
        """Write what is said of clips and of pieces."""
        decided = DECISIONS[self.settings.clip_decision](logits)
        write_fused(predictions, scores, said, self.ids, self.label, np.log(mean_probability(logits)), decided)
        places = piece_windows(logits.shape[1])
        each = logits[:, places].reshape(-1, logits.shape[2])
        names = [f"{clip}_{piece}" for clip in self.ids for piece in range(len(places))]
        write_fused(pieces, of_pieces, said, names, self.label.repeat(len(places)), late.log_softmax(each))
