"""How much of the twin's pictures is given away by colour, and what of a place can be seen in them.

Draws pictures alone, pools them to the study's 64 × 64 pixels, pre-trains the small image network and trains `scene` on
them with the default recipe (config/twin.yaml), by five folds over the locations of each class. No sound is made and no
transfer method is trained. 100 seconds a world on one core:

    python benchmarks/twin_pictures.py --worlds 101 102 103 104
    python benchmarks/twin_pictures.py --worlds 101 --folds 2 --readable 0 --scenes 90

Zero-shot accuracy on real pictures, with the same network, recipe and names of classes:

    python benchmarks/twin_pictures.py --real SCENES PAIRS      # SCENES/<class>/*.jpg, PAIRS/vision/<class>/*.jpg
"""

import argparse
import io
import itertools
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeCV

from overheard.io.decoding import square_picture
from overheard.io.device import settle
from overheard.learning import augment, inputs, loop, methods, objective, pretraining, schedules, selection, start
from overheard.learning.hand_features import picture_features
from overheard.media.moments import picture_moments
from overheard.media.pictures import pool_pixels
from overheard.scores.metrics import weighted_f_score
from overheard.seeds import generator
from overheard.sources.twin import aerial, photograph, scenes, world
from overheard.sources.twin.difficulty import DIFFICULTY
from overheard.stages import draw

STEPS, RATE, BATCH, DECAY = 288, 2e-3, 32, 1e-4  # config/twin.yaml, config/protocols/corrected.yaml
EPOCHS = 30  # of pre-training
AUGMENTATION = augment.Augmentation(0.5, (0.7, 1.3), (0.7, 1.3))
FOLDS = 5
_OF_PLACES = ("pictures", "label", "subtype", "activity")
# where AID names a scene of the pairs; orchards and shrub land have no class of their own in AID
SAME = {"Airport": "airport", "BaseballField": "sports land", "Beach": "beach", "Bridge": "bridge",
        "DenseResidential": "residential", "Farmland": "farmland", "Forest": "forest", "Meadow": "grassland",
        "MediumResidential": "residential", "Playground": "sports land", "Pond": "lake", "Port": "harbour",
        "RailwayStation": "train station", "SparseResidential": "residential", "Stadium": "sports land"}  # fmt: skip


def main() -> None:
    """Print a line for each world, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, nargs="+", default=[])
    parser.add_argument("--folds", type=int, default=FOLDS, help="of the five, how many are trained")
    parser.add_argument("--readable", type=int, default=45, help="places a class for latents; 0: none")
    parser.add_argument("--scenes", type=int, default=200, help="pre-training scenes a class")
    parser.add_argument("--folder", type=Path, help="keep what is slow here; for one state of the code")
    parser.add_argument("--real", type=Path, nargs=2, metavar=("SCENES", "PAIRS"))
    given = parser.parse_args()
    settle("cpu")
    if given.real:
        file, stats = pretrained(*real_pictures(given.real[0]))
        show("real", {"zero-shot": zero_shot(file, stats, *real_pictures(given.real[1] / "vision"))})
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for number in given.worlds:
            rows.append(measured(number, (given.folder or Path(temporary)) / str(number), given))
            show(f"world {number}", rows[-1])
    if len(rows) > 1:
        show("mean", {name: statistics.mean(row[name] for row in rows) for name in rows[0]})


def show(what: str, numbers: dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {value:.1f}" for name, value in numbers.items()), flush=True)


def measured(number: int, folder: Path, given: argparse.Namespace) -> dict[str, float]:
    """All numbers of one world: weighted F, accuracy and correlation in percent, milliseconds a picture."""
    began = time.process_time()
    pairs = kept(folder / "pairs.npz", lambda: pair_pictures(number))
    drawn = (time.process_time() - began) / len(pairs["pictures"])
    aid = kept(folder / "scenes.npz", lambda: aerial_pictures(number, given.scenes))
    if not (folder / "pretrained.pt").exists():
        torch.save(pretrained(aid["pictures"], aid["label"]), folder / "pretrained.pt")
    file, stats = torch.load(folder / "pretrained.pt", weights_only=False)
    label, pictures = np.unique(pairs["label"], return_inverse=True)[1], pairs["pictures"]
    by_hand = picture_features(pictures)
    found: dict[str, list[float]] = {"scene": [], "forest": [], "majority": []}
    for fold in folds(pairs["label"], pairs["location"], number)[: given.folds]:
        train, test = np.flatnonzero(~fold), np.flatnonzero(fold)
        forest = RandomForestClassifier(500, random_state=0).fit(by_hand[train], label[train])
        said = {
            "scene": trained(pictures, label, train, test, file).argmax(axis=1),
            "forest": forest.predict(by_hand[test]),
            "majority": np.full(len(test), np.bincount(label[train]).argmax()),
        }
        for name, predicted in said.items():
            found[name].append(100 * weighted_f_score(label[test], predicted, len(world.CLASSES)))
    print("  folds of scene: " + " ".join(f"{value:.1f}" for value in found["scene"]))
    values = {name: statistics.mean(each) for name, each in found.items()}
    values["zero-shot"] = zero_shot(file, stats, pictures, pairs["label"])
    if given.readable:
        values |= readable(kept(folder / "places.npz", lambda: place_pictures(number, given.readable)), file, stats)
    return values | {"ms a picture": 1000 * drawn}


def kept(path: Path, make) -> dict[str, np.ndarray]:
    """Arrays from a file, made first where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **make())
    return dict(np.load(path))


def stored_pixels(picture: np.ndarray) -> np.ndarray:
    """A picture as the networks see it: written as JPEG, read, pooled."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=draw._QUALITY)
    return pool_pixels(np.asarray(Image.open(stream)))


def pair_pictures(number: int) -> dict[str, np.ndarray]:
    """The pairs' pictures of a world, as the draw stage makes them, without their sounds."""
    pictures, label, location = [], [], []
    for place in world.locations(number, world.DEFAULT_SCALE, world.DEFAULT_COUPLING):
        rng = generator("twin place", number, int(place.number))
        seen = place.picture
        ground, mask = scenes.draw(place.scene, seen.subtype, seen.activity, place.ambiguity, rng, draw._SIZE)
        for copy in range(place.clips):
            view = generator("twin view", number, int(place.number), copy)
            offset, conditions = draw._offset(copy, place.clips), photograph.conditions(view)
            pictures.append(stored_pixels(photograph.take(ground, mask, offset, conditions, view)[0]))
            label.append(place.scene)
            location.append(place.number)
    return {"pictures": np.stack(pictures), "label": np.array(label), "location": np.array(location)}


def aerial_pictures(number: int, count: int) -> dict[str, np.ndarray]:
    """The pre-training scenes of a world."""
    tasks = [(name, k) for name in aerial.AERIAL_CLASSES for k in range(1, count + 1)]
    drawn = (aerial.draw(name, generator("twin aerial", number, name, k), photograph.SIDE) for name, k in tasks)
    return {"pictures": np.stack([stored_pixels(p) for p in drawn]), "label": np.array([name for name, _ in tasks])}


def place_pictures(number: int, places: int) -> dict[str, np.ndarray]:
    """One picture of so many places a class, latents drawn evenly: what can be seen of them."""
    rows = []
    for scene, k in itertools.product(scenes.SCENES, range(places)):
        rng = generator("readable", number, scene, k)
        subtype, activity = k % scenes.SUBTYPES, float(rng.random())
        ambiguity = rng.beta(1, 1 / DIFFICULTY.ambiguity - 1)
        ground, mask = scenes.draw(scene, subtype, activity, ambiguity, rng, draw._SIZE)
        picture, _ = photograph.take(ground, mask, (0, 0), photograph.conditions(rng), rng)
        rows.append((stored_pixels(picture), scene, subtype, activity))
    return {name: np.array(values) for name, values in zip(_OF_PLACES, zip(*rows, strict=True), strict=True)}


def real_pictures(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pooled pictures of FOLDER/<class>/*.jpg, and their classes."""
    files = sorted(folder.glob("*/*.jpg"))
    return np.stack([pool_pixels(square_picture(file)) for file in files]), np.array([f.parent.name for f in files])


def pretrained(pictures: np.ndarray, names: np.ndarray) -> tuple[dict, tuple[np.ndarray, np.ndarray]]:
    """The encoder file of the pre-training stage, and the mean and deviation that its inputs had."""
    labels = sorted(set(names))
    data = pretraining.Labelled(pictures, np.array([labels.index(name) for name in names]), labels)
    settings = {"learning_rate": 2e-3, "weight_decay": DECAY, "seed": 0, "device": "cpu", "channels_last": True}
    training = pretraining.Pretraining("small", "image", data, AUGMENTATION, **settings)
    run = training.fit(EPOCHS, BATCH)
    trained = training.trained_labels()
    file = pretraining.encoder_file("small", "image", labels, trained, training.normaliser, run.best_state)
    return file, pretraining.statistics(pictures, training.train_rows)


def classifier(file: dict) -> pretraining.Classifier:
    """The pre-trained network with its classifier, in eval mode."""
    encoder = pretraining.encoders.build("small", "image", torch.Generator())
    model = pretraining.Classifier(encoder, len(file["labels"]), torch.Generator()).eval()
    encoder.load_state_dict(file["encoder"])
    model.classifier.load_state_dict(file["classifier"])
    return model


def network_input(pictures: np.ndarray, stats: tuple[np.ndarray, np.ndarray]) -> torch.Tensor:
    """Pictures normalised as in pre-training."""
    normaliser = {"image_mean": stats[0] / 255, "image_std": stats[1] / 255}
    return inputs.gathered(pictures, None, normaliser, "cpu", True).batch(torch.arange(len(pictures)))["image"]


def zero_shot(file: dict, stats: tuple[np.ndarray, np.ndarray], pictures: np.ndarray, names: np.ndarray) -> float:
    """Percent of pictures that the pre-trained network gives a class of its own that names their scene."""
    known = np.isin(names, list(SAME.values()))
    with torch.no_grad():
        said = classifier(file)(network_input(pictures[known], stats)).argmax(dim=1).numpy()
    return 100 * float(np.mean([SAME.get(file["labels"][k]) for k in said] == names[known]))


def trained(pictures: np.ndarray, label: np.ndarray, train: np.ndarray, test: np.ndarray, encoder: dict) -> np.ndarray:
    """Logits (test, classes) of `scene`, trained on pictures alone with the default recipe."""
    mean, deviation = picture_moments(pictures, train)
    normaliser = {"image_mean": mean.astype(np.float32), "image_std": deviation.astype(np.float32)}
    parts = []
    for rows in (train, test):
        gathered = inputs.gathered(pictures[rows], None, normaliser, "cpu", True)
        parts.append(objective.Part(gathered, torch.from_numpy(label[rows]), None))
    row, n = methods.find("scene", "image"), int(label.max()) + 1
    networks = {"image": start.Network("small", (3, 64, 64), encoder), "sound": start.Network("small", (1, 100, 64))}
    model = start.student(row, "image", networks, 0, n, 527).to(memory_format=torch.channels_last)
    asked = objective.Objective(row, model, {})
    training = objective.Training(
        asked,
        *parts,
        loop.Adam(asked.reached(parts[0]), RATE, DECAY),
        AUGMENTATION,
        {word: start.generator(0, word) for word in ("order", "augmentation")},
    )
    recipe = loop.Recipe(BATCH, STEPS, None, schedules.cosine, selection.of_method("last", row.scene_loss), None)
    training.fit(recipe, True, None, lambda run: None)
    with torch.no_grad():
        return model.eval()(parts[1].inputs.batch(torch.arange(len(test)))).scene_logits.numpy()


def folds(names: np.ndarray, locations: np.ndarray, seed: int, count: int = FOLDS) -> list[np.ndarray]:
    """Test clips (clips,) bool of each fold: every class's locations in a drawn order, dealt in blocks."""
    of = np.zeros(len(names), dtype=int)
    for name in sorted(set(names)):
        mine = generator("folds", seed, name).permutation(sorted(set(locations[names == name])))
        for fold, block in enumerate(np.array_split(mine, count)):
            of[np.isin(locations, block) & (names == name)] = fold
    return [of == fold for fold in range(count)]


def readable(places: dict[str, np.ndarray], file: dict, stats: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """What linear models on the pre-trained representation, each class centred on its training places, say of latents.

    Subtype in percent right (chance 33), activity as 100 times the correlation within a class, its mean over classes.
    """
    with torch.no_grad():
        values = classifier(file).encoder(network_input(places["pictures"], stats)).numpy().astype(float)
    scene = np.unique(places["label"], return_inverse=True)[1]
    right, guessed = [], np.zeros(len(scene))
    for test in folds(places["label"], np.arange(len(scene)), 0, 3):
        centred = values - np.stack([values[(scene == k) & ~test].mean(axis=0) for k in range(scene.max() + 1)])[scene]
        centred /= centred[~test].std(axis=0) + 1e-6
        linear = LogisticRegression(C=0.01, max_iter=3000).fit(centred[~test], places["subtype"][~test])
        right.append(100 * linear.score(centred[test], places["subtype"][test]))
        ridge = RidgeCV(np.logspace(1, 4, 7)).fit(centred[~test], places["activity"][~test])
        guessed[test] = ridge.predict(centred[test])
    by_class = [np.corrcoef(guessed[scene == k], places["activity"][scene == k])[0, 1] for k in range(scene.max() + 1)]
    return {"subtype": statistics.mean(right), "activity": 100 * statistics.mean(by_class)}


if __name__ == "__main__":
    main()
