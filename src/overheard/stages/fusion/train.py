"""Train the network of one row on embeddings: one row, one seed (the TAU paper, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from overheard.errors import DIVERGED, ConfigError, DivergedError
from overheard.io import artifacts, clips, progress
from overheard.io.checkpoints import Checkpoint, canonical
from overheard.io.device import settle
from overheard.io.embedded import read_embedded, read_z_score
from overheard.io.signature import Reads, Writes
from overheard.learning import schedules, selection
from overheard.learning.batching import BATCHINGS
from overheard.learning.fusion_training import TRAIN_WINDOWS, Training
from overheard.learning.loop import Recipe, Run
from overheard.learning.models.fusion import ROWS

_SWITCHES = ("hidden", "fusion_input", "fusion_head", "fusion_trains")


@dataclass(frozen=True)
class Settings:
    """What a protocol and an experiment say about training; None: not for this row."""

    row: str  # see learning.models.fusion.ROWS
    hidden: str  # these four: see learning.models.fusion
    learning_rate: float
    weight_decay: float
    batch_size: int  # windows, or clips with per_clip
    train_windows: str  # see learning.fusion_training.TRAIN_WINDOWS
    validation_batches: str  # see learning.batching.BATCHINGS
    selection: str  # see learning.selection
    device: str
    steps: int | None = None  # of the optimizer; or epochs
    epochs: int | None = None
    validate_every: int | None = None  # steps; None: once a pass
    fusion_input: str | None = None  # these three where the row reads two trained networks
    fusion_head: str | None = None
    fusion_trains: str | None = None


def train(
    design: str,
    index: Reads,
    splits: Reads,
    method: str,
    modality: str,
    seed: int,
    settings: Settings,
    checkpoints: Path,
    student: Writes,
    history: Writes,
    audio: Reads | None = None,
    audio_windows: Reads | None = None,
    audio_normaliser: Reads | None = None,
    video: Reads | None = None,
    video_windows: Reads | None = None,
    video_normaliser: Reads | None = None,
    audio_student: Reads | None = None,
    video_student: Reads | None = None,
) -> None:
    """Fit a network on the training windows and keep the weights of the lowest validation loss.

    Args:
        design: of the study, by which the command finds this stage.
        index: id and class of every clip.
        splits: id, split and fold; test clips are not touched.
        method: row of the study.
        modality: its column.
        seed: decides the first weights, the order of windows and the masks of dropout.
        settings: of training.
        checkpoints: folder of checkpoints, kept until the student is there.
        student: the weights that are tested and what they are (.pt).
        history: one line a validation; losses in nats, accuracy as a fraction (.csv).
        audio: embeddings of sound; these three where the row reads them.
        audio_windows: which window each of its rows is of.
        audio_normaliser: mean and deviation of the training windows.
        video: embeddings of frames; as audio.
        video_windows: which windows each of its rows is of.
        video_normaliser: mean and deviation of the training windows.
        audio_student: the row of sound of this seed, where the row starts from it.
        video_student: the row of frames of this seed.
    """
    media = {"audio": (audio, audio_windows, audio_normaliser), "video": (video, video_windows, video_normaliser)}
    starts = {name: path for name, path in (("audio", audio_student), ("video", video_student)) if path is not None}
    wanted = _checked(settings, media, method)
    reads = {"index": index, "splits": splits} | {f"{name}_student": path for name, path in starts.items()}
    reads |= {f"{name}_{part}": path for name, its in wanted.items() for part, path in enumerate(its)}
    said = {"method": method, "modality": modality, "seed": seed}
    checkpoint = Checkpoint(checkpoints, settings, reads, **said)
    training, classes = _prepared(index, splits, seed, settings, wanted, starts)
    run = _fitted(training, checkpoint, settings, said)
    said |= {key: getattr(settings, key) for key in _SWITCHES} | {"row": settings.row}
    _write(student, history, said | {"classes": classes, "fold": clips.fold_of_split(splits)}, training, run)
    checkpoint.delete()


def _write(student: Path, history: Path, said: Mapping[str, Any], training: Training, run: Run) -> None:
    """The student's file, and a line a validation, with 1 in the column `best` of the one that is kept."""
    widths = {name: its.shape[1] for name, its in training.train.embeddings.items()}
    best = {"best_step": int(run.history[run.kept[0]]["step"]), "state": run.best_state}
    artifacts.write_weights(student, canonical({**said, "widths": widths, **best}))
    lines = [line | {"best": int(place == run.kept[0])} for place, line in enumerate(run.history)]
    artifacts.write_table(history, list(lines[0]), lines)


_Media = Mapping[str, tuple[Path | None, Path | None, Path | None]]


def _checked(settings: Settings, media: _Media, method: str) -> dict[str, tuple[Path, Path, Path]]:
    """Of each modality that the row reads, its embeddings, windows and normaliser.

    Raises:
        ConfigError: one is missing, or a setting is no word of its switch.
    """
    words = {"row": ROWS, "train_windows": TRAIN_WINDOWS, "validation_batches": BATCHINGS}
    for key, known in words.items():
        if getattr(settings, key) not in known:
            raise ConfigError(f"train: {key}: found {getattr(settings, key)!r}, expected one of {', '.join(known)}")
    if (settings.steps is None) == (settings.epochs is None):
        raise ConfigError("train: expected steps or epochs in --settings, one of the two")
    wanted = {name: media[name] for name in ROWS[settings.row]}
    if missing := [name for name, files in wanted.items() if None in files]:
        name = missing[0]
        raise ConfigError(f"train: {method} needs --{name}, --{name}-windows and --{name}-normaliser; found none")
    return wanted


def _prepared(
    index: Path,
    splits: Path,
    seed: int,
    settings: Settings,
    wanted: Mapping[str, tuple[Path, Path, Path]],
    starts: Mapping[str, Path],
) -> tuple[Training, list[str]]:
    """The training at its start, and the classes."""
    settle(settings.device)
    classes, by_split = clips.labelled(index, splits, ["train", "val"])
    embedded = read_embedded({name: files[:2] for name, files in wanted.items()})
    z_score = {name: read_z_score(files[2], embedded.embeddings[name].shape[1]) for name, files in wanted.items()}
    training = Training(
        settings.row,
        *(embedded.of(*by_split[split], z_score) for split in ("train", "val")),
        n_classes=len(classes),
        seed=seed,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        train_windows=settings.train_windows,
        states=_states(starts, clips.fold_of_split(splits), seed),
        device=settings.device,
        **{key: value for key in _SWITCHES if (value := getattr(settings, key)) is not None},
    )
    return training, classes


def _states(starts: Mapping[str, Path], fold: int | None, seed: int) -> dict[str, Mapping[str, Tensor]]:
    """The weights of the networks that a row starts from.

    Raises:
        ConfigError: one is of another seed or fold.
    """
    found = {}
    for name, path in starts.items():
        content = artifacts.read_weights(path)
        own = {key: content.get(key) for key in ("row", "seed", "fold")}
        if own != (wanted := {"row": name, "seed": seed, "fold": fold}):
            raise ConfigError(f"{path}: found {own}, expected {wanted}; run train of that row again")
        found[name] = content["state"]
    return found


def _fitted(training: Training, checkpoint: Checkpoint, settings: Settings, said: Mapping[str, object]) -> Run:
    """Train to the end, from the checkpoint if there is one; after each validation a checkpoint and a step."""
    recipe = Recipe(
        settings.batch_size,
        settings.steps,
        settings.epochs,
        schedules.BY_NAME["constant"],
        selection.of_method(settings.selection, True),
        None,
        batching=BATCHINGS[settings.validation_batches],
        every=settings.validate_every,
    )
    clips_an_epoch = len(training.drawn)
    every = settings.validate_every or recipe.steps_an_epoch(clips_an_epoch)
    validations = -(-recipe.length(clips_an_epoch) // every)

    def after_validation(run: Run) -> None:
        checkpoint.keep(training, run)
        line = run.history[-1]
        text = f"loss {line['train_loss']:.3f}, validation {line['val_loss']:.3f}, {100 * line['val_accuracy']:.1f} %"
        progress.step(len(run.history), validations, text)

    try:
        return training.fit(recipe, checkpoint.resumed(training), on_validation=after_validation)
    except DivergedError as error:
        who = "{method} on {modality}, seed {seed}".format_map(said)
        raise DivergedError(
            f"{DIVERGED}{who}: {error}; lower train.learning_rate (found {settings.learning_rate:g}) and run again"
        ) from error
