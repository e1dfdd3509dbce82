"""How much the twin's teacher resembles the released prior, and how many clips have an event that can be heard.

Reads finished studies of worlds (the study `plain` has plain scene recognition and the dull baselines alone):

    overheard run w101      # config/w101.yaml: study: plain, source.world 101, train as twin.yaml
    python benchmarks/twin_teacher.py results/w101 results/w102 results/w103 results/w104

Prints, in the mean of the worlds: the teacher's mean output summed over the twin's events for each scene (released: 1.0
to 1.9); Spearman's correlation of log p(e|s) minus its mean over scenes with the released prior's, over the events that
reach 0.05 in some scene; and the F of the tables, in percent.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from scipy.special import expit
from scipy.stats import spearmanr

from overheard.sources.twin import event_table, world

RELEASED = Path(__file__).resolve().parents[1] / "config" / "published" / "advance_prior.csv"
REACHES, LEAST = 0.05, 1e-6


def main() -> None:
    """Print what the worlds have in common, and a line for each row of their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    given = parser.parse_args()
    index = event_table.load().index
    rows = {row["class"]: row for row in read(RELEASED)}
    released = np.array([[float(rows[scene][f"e{event}"]) for event in index] for scene in world.CLASSES])
    told = released.max(axis=0) >= REACHES
    outputs = np.array([mean_output(folder)[:, index] for folder in given.results])
    mean = outputs.mean(axis=0)
    for scene, sums, total, own in zip(
        world.CLASSES, outputs.sum(axis=2).T, mean.sum(axis=1), released.sum(axis=1), strict=True
    ):
        print(f"{scene:20} {total:5.2f} (worlds {min(sums):.2f} to {max(sums):.2f}, released {own:.2f})")
    found = spearmanr(centred(mean[:, told]).ravel(), centred(released[:, told]).ravel()).statistic
    print(f"Spearman over {told.sum()} events, mean of worlds: {found:.3f}")
    print(f"clips with an audible event: {np.mean([audible(folder) for folder in given.results]):.3f}")
    print_tables(given.results)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def mean_output(folder: Path) -> np.ndarray:
    """(13, 527) the teacher's mean probability of each event over the clips of each scene."""
    scene = {row["id"]: row["class"] for row in read(folder / "media" / "index.csv")}
    label = np.array([scene[row["id"]] for row in read(folder / "teacher" / "logits.ids.csv")])
    heard = expit(np.load(folder / "teacher" / "logits.npy").astype(np.float64))
    return np.array([heard[label == name].mean(axis=0) for name in world.CLASSES])


def centred(prior: np.ndarray) -> np.ndarray:
    log = np.log(np.maximum(prior, LEAST))
    return log - log.mean(axis=0)


def audible(folder: Path) -> float:
    """Share of clips with at least one event that can be heard."""
    pairs = read(folder / "draw" / "pairs" / "truth" / "pairs.csv")
    return float(np.mean([bool(row["audible"]) for row in pairs]))


def print_tables(folders: list[Path]) -> None:
    """The F of every row, by world and in the mean."""
    values: dict[tuple[str, str], list[float]] = {}
    for folder in folders:
        for cell in read(folder / "tables" / "cells.csv"):
            if cell["metric"] == "f_score" and cell["mean"]:
                values.setdefault((cell["row"], cell["column"]), []).append(float(cell["mean"]))
    for (row, column), found in values.items():
        worlds = " ".join(f"{value:6.2f}" for value in found)
        print(f"{row:16} {column:12} {worlds}   mean {np.mean(found):6.2f}")


if __name__ == "__main__":
    main()
