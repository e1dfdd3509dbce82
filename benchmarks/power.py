"""What differences a finished study can show: of pairs of rows, over folds and over test locations.

    python benchmarks/power.py results/twin
    python benchmarks/power.py results/twin --modality image

For each method against `scene`: the difference of weighted F, its standard error over folds (variance of the fold
values times 1/J + n_test/n_train), its standard error over test locations, 2.8 times the larger one: the smallest
difference that is found in 4 of 5 such studies; and about how many seeds 2 points would cost.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from overheard.scores import power

METHODS = ("scene+event", "scene+kl_av", "scene+kl_sound", "scene+sq_av", "scene+sq_sound")
WANTED = 2.0


def main() -> None:
    """Print a line for each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--modality", default="image+sound")
    given = parser.parse_args()
    place = {row["id"]: row["location"] for row in read(given.results / "media" / "index.csv")}
    head = ("method", "difference", "error, folds", "error, locations", "detectable", "seeds for 2 points")
    print(" ".join(f"{word:>{max(16, len(word))}}" for word in head))
    base = runs(given.results, "scene", given.modality)
    for method in METHODS:
        if other := runs(given.results, method, given.modality):
            print_line(method, base, other, place, given.results)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def runs(results: Path, method: str, modality: str) -> dict[int, tuple[dict, dict]]:
    """Scores and predictions by seed."""
    found = {}
    for path in sorted((results / "evaluate" / method / modality).glob("seed-*/scores.json")):
        with np.load(path.with_name("predictions.npz")) as arrays:
            found[json.loads(path.read_text())["seed"]] = json.loads(path.read_text()), dict(arrays)
    return found


def print_line(method: str, base: dict, other: dict, place: dict[str, str], results: Path) -> None:
    """The difference of two rows, paired by seed, and what it could be at least to be found."""
    seeds = sorted(base.keys() & other.keys())
    differences = [100 * (other[seed][0]["f_score"] - base[seed][0]["f_score"]) for seed in seeds]
    folds = [base[seed][0]["fold"] for seed in seeds]
    splits = [read(results / "media" / f"fold-{fold}" / "splits.csv") for fold in sorted(set(folds))]
    n_test, n_train = (
        np.mean([sum(row["split"] == word for row in rows) for rows in splits]) for word in ("test", "train")
    )
    by_fold = power.fold_error(differences, folds, float(n_test), float(n_train))
    arrays = {side: [its[seed][1] for seed in seeds] for side, its in (("a", other), ("b", base))}
    label = np.concatenate([its["label"] for its in arrays["b"]])
    location = np.array([place[clip] for its in arrays["b"] for clip in its["id"]])
    said = tuple(np.concatenate([its["scene_logits"].argmax(1) for its in arrays[side]]) for side in "ab")
    by_location = power.location_error(label, location, said, len(arrays["b"][0]["classes"]))
    detectable = power.DETECTABLE * max(by_fold, by_location)
    numbers = (np.mean(differences), by_fold, by_location, detectable)
    texts = [f"{value:16.2f}" for value in numbers]
    print(f"{method:>16} {' '.join(texts)} {power.seeds_for(detectable, WANTED, len(seeds)):18}")


if __name__ == "__main__":
    main()
