"""Class activation maps of one row on the test pictures, and whether they point at the object (Figures 1 and 7)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from overheard.errors import CheckpointError, ConfigError
from overheard.io import artifacts, clips, progress
from overheard.io.device import settle
from overheard.io.picture_files import read_picture
from overheard.io.signature import Own, Reads, Writes
from overheard.io.students import built, by_fold, read_student
from overheard.learning import methods
from overheard.learning.activation_maps import LAST_MAP, activation_maps
from overheard.learning.inputs import Inputs, gathered
from overheard.media.chosen import first_of_each_class
from overheard.media.pictures import SIZE
from overheard.scores.pointing import Tally, tally

_COLUMNS = (
    *("method", "modality", "seed", "fold", "clips", "unmarked", "empty", "over_half", "scored"),
    *("pointing", "area", "centre", "within_reach"),
)
_UNMARKED = np.zeros((SIZE, SIZE), dtype=bool)


@dataclass(frozen=True)
class Settings:
    """How students are run, as in their test, but on pictures that nothing augments."""

    batch_size: int  # clips
    device: str
    bf16: bool
    channels_last: bool
    pictures: int  # of each class, at most, whose maps are kept
    class_order: str = "alphabetical"  # see media.class_order
    picture_scale: str | None = None  # where pictures are tested; see learning.inputs.SCALES
    loss: Own | None = None  # these three of a study's own method, as in its training
    event_head: str | None = None
    head: Own | None = None


class _Test(NamedTuple):
    """The test clips of one fold; those that are shown by their position."""

    classes: list[str]
    ids: list[str]
    label: NDArray
    inputs: Inputs
    masks: list[NDArray | None]
    shown: NDArray
    pictures: NDArray


def maps(
    method: str,
    modality: str,
    students: list[Reads],
    index: Reads,
    splits: list[Reads],
    folder: Reads,
    images: Reads,
    image_ids: Reads,
    image_normaliser: list[Reads],
    settings: Settings,
    pointing: Writes,
    activations: Writes,
    sounds: Reads | None = None,
    sound_ids: Reads | None = None,
    sound_normaliser: list[Reads] | None = None,
    pictures: Reads | None = None,
    picture_ids: Reads | None = None,
) -> None:
    """Map the true scene of each test picture of each student; say how well the maps point.

    Args:
        method: row of the study, e.g. scene+kl_av.
        modality: image or image+sound.
        students: weights of the students (.pt), in one order with splits and normalisers.
        index: id, class, location and picture of every clip.
        splits: id, split and fold of each student; the clips of split test are used.
        folder: the pairs' media; masks in `mask/CLASS/ID.png` where it has any.
        images: pictures or stored outputs of frozen blocks, as in training.
        image_ids: ids of the pictures.
        image_normaliser: mean and standard deviation of the training split, of each student.
        settings: of the maps.
        pointing: the pointing game of each student, in percent (.csv).
        activations: of the first student, of clips shown: maps, their `middle`, p(true class), pictures, masks (.npz).
        sounds: log-mels or stored outputs of frozen blocks, as in training; these three where the row has them.
        sound_ids: ids of the sounds.
        sound_normaliser: mean and standard deviation of the training split, of each student.
        pictures: where images are stored outputs of frozen blocks, the pictures to show; these two.
        picture_ids: ids of these pictures.
    """
    settle(settings.device)
    row = _row(method, modality, settings)
    every = {"image": (images, image_ids, image_normaliser), "sound": (sounds, sound_ids, sound_normaliser)}
    given = {name: every[name] for name in methods.MODALITIES[modality]}
    if "image" not in given or any(None in files for files in given.values()):
        raise ConfigError(f"maps: {method} on {modality} needs images, and what it was trained on; give it all")
    shown = (pictures, picture_ids) if pictures and picture_ids else (images, image_ids)

    lines: dict[Path, dict[str, Any]] = {}
    kept: dict[Path, dict[str, NDArray]] = {}
    for (split, *normal), of_fold in by_fold([splits, *(files[2] for files in given.values())], students).items():
        media = {name: (*given[name][:2], path) for name, path in zip(given, normal, strict=True)}
        test = _test_clips(index, split, folder, media, shown, settings)
        said = {"method": method, "modality": modality, "classes": test.classes, "fold": clips.fold_of_split(split)}
        for (path,) in of_fold:
            lines[path], kept[path] = _mapped(row, path, said, test, settings)
            progress.step(len(lines), len(students), f"seed {lines[path]['seed']}")

    artifacts.write_table(pointing, _COLUMNS, [lines[path] for path in students])
    artifacts.write_arrays(activations, **kept[students[0]])


def _row(method: str, modality: str, settings: Settings) -> methods.Method:
    own = methods.own(settings.loss, settings.event_head, settings.head) if settings.loss is not None else None
    return methods.find(method, modality, own)


def _test_clips(
    index: Path,
    split: Path,
    folder: Path,
    media: dict[str, tuple[Path, Path, Path]],
    shown: tuple[Path, Path],
    settings: Settings,
) -> _Test:
    classes, by_split = clips.labelled(index, split, ["test"], settings.class_order)
    ids, label = by_split["test"]
    rows = {row["id"]: row for row in artifacts.read_table(index, ["id", "location", "image"])}
    arrays = {name: clips.gathered(array, names, ids) for name, (array, names, _) in media.items()}
    normal = {name: artifacts.read_arrays(normaliser) for name, (_, _, normaliser) in media.items()}
    named = {clip: (classes[k], rows[clip]["location"]) for clip, k in zip(ids, label.tolist(), strict=True)}
    chosen = first_of_each_class(named, settings.pictures)
    return _Test(
        classes,
        ids,
        label,
        gathered(arrays, normal, settings.device, settings.channels_last, settings.picture_scale),
        [_mask(folder, rows[clip]["image"]) for clip in ids],
        artifacts.positions(chosen, ids, str(split)),
        clips.gathered(*shown, chosen),
    )


def _mask(folder: Path, image: str) -> NDArray | None:
    """The mask of a picture `vision/CLASS/ID.EXT`, (256, 256) bool as stored pictures are; None where there is none."""
    place = Path(image)
    path = folder / "mask" / place.parent.name / f"{place.stem}.png"
    if not path.is_file():
        return None
    return np.asarray(read_picture(path).resize((SIZE, SIZE), Image.Resampling.NEAREST))[:, :, 0] > 127


def _mapped(
    row: methods.Method, path: Path, said: dict[str, Any], test: _Test, settings: Settings
) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Of one student the line of its pointing game, and what is kept of the clips that are shown."""
    stored = read_student(path, said)
    student = built(row, stored, str(path), settings.device, settings.channels_last)
    found, true = [], []
    label = torch.from_numpy(test.label)
    for batch in torch.arange(len(test.ids)).split(settings.batch_size):
        inputs, scene = test.inputs.batch(batch), label[batch]
        some, logits = activation_maps(student, stored["network_image"], inputs, scene, settings.bf16)
        found.append(some.cpu())
        true.append(logits.cpu().softmax(dim=1).gather(1, scene[:, None])[:, 0])
    maps, probability = torch.cat(found).numpy(), torch.cat(true).numpy()
    if not (np.isfinite(maps).all() and np.isfinite(probability).all()):
        raise CheckpointError(f"{path}: its maps are no numbers (not finite); delete it and run train again")
    whose = {name: said[name] for name in ("method", "modality")} | {"seed": stored["seed"], "fold": said["fold"]}
    middle = LAST_MAP[stored["network_image"]].middle
    return _line(whose, tally(maps, test.masks, middle)), _kept(whose | {"middle": middle}, test, maps, probability)


def _line(whose: dict[str, Any], found: Tally) -> dict[str, Any]:
    """One line of the pointing game; empty where no picture counts."""
    counts = {name: getattr(found, name) for name in ("clips", "unmarked", "empty", "over_half", "scored")}
    means = {name: 100 * value for name, value in vars(found.mean).items()} if found.mean else {}
    return whose | counts | means


def _kept(whose: dict[str, Any], test: _Test, maps: NDArray, probability: NDArray) -> dict[str, NDArray]:
    masks = [test.masks[place] for place in test.shown]
    return {
        **{name: np.array(whose[name]) for name in ("method", "modality", "seed", "middle")},
        "classes": np.array(test.classes),
        "id": np.array([test.ids[place] for place in test.shown]),
        "class": np.array([test.classes[test.label[place]] for place in test.shown]),
        "map": maps[test.shown],
        "probability": probability[test.shown],
        "picture": test.pictures,
        "mask": np.array([_UNMARKED if mask is None else mask for mask in masks]),
    }
