"""How hard the urban twin is: `audio` and `video` alone on validation clips, beside what colours and spectra tell.

Reads finished experiments; what joins sound and frames is never read. A world is measured so (config/tau-101.yaml is
config/tau.yaml with `world: 101`):

    overheard run tau-101
    python benchmarks/urban_twin.py results/tau-101 results/tau-102

The dull baselines are forests of 500 trees on the colours of three frames (histograms and moments), on mean and
deviation of 64 mel bands, and on both. When the constants were frozen, `--test` said what they reach on test clips,
where Table 2 has `early`.
"""

import argparse
import statistics
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from overheard.io import artifacts, clips, decoding
from overheard.io.device import settle
from overheard.io.embedded import read_embedded, read_z_score
from overheard.io.video_files import read_frames
from overheard.learning.fusion_training import window_logits
from overheard.learning.hand_features import histograms, moments
from overheard.learning.models.fusion import build
from overheard.media.front_ends import log_mel_db
from overheard.scores.clip_decision import mean_probability

FRAMES = (5, 25, 45)
RATE, SECONDS = 16000, 10
ROWS = {"audio": "small_audio", "video": "small_image"}


def main() -> None:
    """Print a line for each experiment, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+", metavar="results/NAME")
    parser.add_argument("--test", action="store_true", help="the dull baselines on test clips, and no row")
    given = parser.parse_args()
    settle("cpu")
    found = []
    for folder in given.results:
        numbers = dull(folder, "test") if given.test else rows(folder) | dull(folder, "val") | encoders(folder)
        found.append(numbers)
        show(folder.name, numbers)
    if len(found) > 1:
        show("mean", {name: statistics.mean(numbers[name] for numbers in found) for name in found[0]})


def show(what: str, numbers: dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {value:.1f}" for name, value in numbers.items()), flush=True)


def of_split(folder: Path, word: str) -> tuple[list[str], list[str], np.ndarray]:
    """Classes, ids and labels of a split's clips."""
    classes, by_split = clips.labelled(folder / "media/index.csv", folder / "media/fold-0/splits.csv", [word])
    return classes, *by_split[word]


def rows(folder: Path) -> dict[str, float]:
    """Percent of validation clips that `audio` and `video` name right, means over seeds; and of windows of training."""
    classes, ids, label = of_split(folder, "val")
    found = {}
    for row, front_end in ROWS.items():
        features = folder / "features"
        embedded = read_embedded({row: (features / f"{front_end}.npy", features / f"{front_end}.windows.csv")})
        z_score = read_z_score(features / f"fold-0/normaliser.{row}.npz", embedded.embeddings[row].shape[1])
        windows = embedded.of(ids, label, {row: z_score})
        values = []
        for path in sorted(folder.glob(f"train/{row}/clips/seed-*/student.pt")):
            student = artifacts.read_weights(path)
            model = build(row, student["widths"], len(classes), student["hidden"])
            model.load_state_dict(student["state"])
            said = window_logits(row, model, windows).numpy().reshape(len(ids), -1, len(classes))
            values.append(100 * np.mean(mean_probability(said).argmax(axis=1) == label))
        found[row] = statistics.mean(values)
    return found


def encoders(folder: Path) -> dict[str, float]:
    """Percent of pairs of held-out places that the encoders answer right."""
    history = artifacts.read_table(folder / "pretrain/small.history.csv", ["val_accuracy"])
    return {"correspondence": 100 * float(history[-1]["val_accuracy"])}


def dull(folder: Path, split: str) -> dict[str, float]:
    """Percent of a split's clips that forests on colours and spectra name right."""
    media = folder / "draw/clips"
    index = {row["id"]: row for row in artifacts.read_table(folder / "media/index.csv", ["id", "video", "sound"])}

    def features(ids: list[str]) -> dict[str, np.ndarray]:
        colours = np.array([seen(media / index[clip]["video"]) for clip in ids])
        spectra = np.array([heard(media / index[clip]["sound"]) for clip in ids])
        return {"colours": colours, "spectra": spectra, "both": np.concatenate([colours, spectra], axis=1)}

    (_, known, known_label), (_, asked, label) = of_split(folder, "train"), of_split(folder, split)
    of_known, of_asked = features(known), features(asked)
    forests = {name: RandomForestClassifier(500, random_state=0).fit(of_known[name], known_label) for name in of_known}
    return {f"dull {name}": 100 * np.mean(forests[name].predict(of_asked[name]) == label) for name in forests}


def seen(path: Path) -> np.ndarray:
    """Colours of a video: means of three frames' histograms and moments."""
    return np.mean([np.concatenate([histograms(f), moments(f)]) for f in read_frames(path, FRAMES)], axis=0)


def heard(path: Path) -> np.ndarray:
    """Mean and deviation of each mel band over a sound, dB."""
    bands = log_mel_db(decoding.clip_samples(path, 0, SECONDS, RATE, seconds=SECONDS))
    return np.concatenate([bands.mean(axis=0), bands.std(axis=0)])


if __name__ == "__main__":
    main()
