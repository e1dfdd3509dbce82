"""What differences a finished study can show: of pairs of rows, over seeds (or folds) and over test locations.

    python benchmarks/power.py results/twin
    python benchmarks/power.py results/twin --modality image

For each method against `scene`: the difference of weighted F, its standard error over folds (Nadeau and Bengio), that
over test locations and trainings together, 2.8 times this: the smallest difference found in 4 of 5 such studies;
and about how many seeds 2 points would cost. The study's own file of all comparisons is statistics/comparisons.csv.
"""

import argparse
from pathlib import Path

from overheard.io.tested import read_tested
from overheard.scores.comparisons import Asked, compared
from overheard.scores.power import needed

METHODS = ("scene+event", "scene+kl_av", "scene+kl_sound", "scene+sq_av", "scene+sq_sound")
WANTED = 2.0


def main() -> None:
    """Print a line for each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--modality", default="image+sound")
    given = parser.parse_args()
    base, *others = (("scene", given.modality), *((method, given.modality) for method in METHODS))
    rows = [row for row in (base, *others) if (given.results / "evaluate" / "/".join(row)).is_dir()]
    scores = [
        path for row in rows for path in sorted((given.results / "evaluate" / "/".join(row)).glob("seed-*/scores.json"))
    ]
    splits = sorted((given.results / "media").glob("fold-*/splits.csv"))
    predictions = [path.with_name("predictions.npz") for path in scores]
    study = read_tested(given.results / "media" / "index.csv", splits, scores, predictions, ["f_score"])
    head = ("method", "difference", "error, folds", "error, together", "detectable", "seeds for 2 points")
    print(" ".join(f"{word:>{max(16, len(word))}}" for word in head))
    for line in compared(study, [Asked(base, row, ["f_score"]) for row in rows if row != base]):
        numbers = [line[name] for name in ("difference", "seed_error", "location_error", "detectable")]
        texts = " ".join(f"{value:16.2f}" for value in numbers)
        print(f"{line['row_b']:>16} {texts} {needed(WANTED, line['location_error'], line['n']):18}")


if __name__ == "__main__":
    main()
