"""The length of a training on the twin: mean validation F of `scene` and `scratch` after so many optimizer steps.

No transfer method is trained and no test clip is looked at. For each world: media, features and pre-trained networks by
`overheard run --until pretrain`, then the train stage itself, once for each method, modality, seed and length.

    python benchmarks/length.py --worlds 101 102 103 104 --steps 144 288 576 1152
    python benchmarks/length.py --worlds 105 106 107 108 --steps 576
"""

import argparse
import csv
import dataclasses
import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import yaml

METHODS = ("scene", "scratch")
MODALITIES = ("sound", "image")


def main() -> None:
    """Train, print the curve, and say which length is chosen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, nargs="+", required=True)
    parser.add_argument("--steps", type=int, nargs="+", required=True, help="lengths to compare")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--folder", type=Path, help="keep what is made here; a temporary folder where left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        (folder / "config").mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
        for world in given.worlds:
            prepare(world)
        runs = list(itertools.product(given.worlds, METHODS, MODALITIES, given.seeds, given.steps))
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
            found = dict(zip(runs, pool.map(trained, runs), strict=True))
    print_curve(found, given.worlds, given.steps)


def name(world: int) -> str:
    return f"world-{world}"


def prepare(world: int) -> None:
    """Draw a world and pre-train its networks."""
    config = {"seeds": [0], "source": {"kind": "twin", "world": world}, "train": {"learning_rate": 2e-3}}
    Path("config", f"{name(world)}.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "overheard", "run", name(world), "--until"]
    for stage in ("pretrain", "normaliser"):
        subprocess.run([*command, stage], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def trained(run: tuple[int, str, str, int, int]) -> float:
    """The last validation F, in percent, of one training."""
    from overheard.io.device import settle
    from overheard.stages.train import Settings, train
    from overheard.study.experiments import load
    from overheard.study.transfer import job_settings, row_files

    world, method, modality, seed, steps = run
    settle("cpu")
    loaded = load(name(world))
    row = loaded.study.methods[method]
    results = Path("results", name(world))
    reads = row_files.train_inputs(loaded.experiment, row, modality, seed=0)
    settings = Settings(**job_settings.train_settings(loaded.experiment, loaded.protocol, row, modality))
    recipe = {"schedule": "cosine", "selection": "last", "steps": steps, "epochs": None, "patience": None}
    out = Path("lengths", "-".join(map(str, run)))
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "history.csv").exists():
        train(
            **{flag: results / path for flag, path in reads.items()},
            method=method,
            modality=modality,
            seed=seed,
            settings=dataclasses.replace(settings, **recipe),
            checkpoints=out / "checkpoints",
            student=out / "student.pt",
            history=out / "history.csv",
        )
    with (out / "history.csv").open(newline="") as stream:
        return 100 * float(list(csv.DictReader(stream))[-1]["val_f_score"])


def print_curve(found: dict[tuple, float], worlds: list[int], lengths: list[int]) -> None:
    """Means by method, modality and length; the smallest length within one standard error of the best."""
    kinds = list(itertools.product(METHODS, MODALITIES))
    head = " ".join(f"{f'{method}, {modality}':>15}" for method, modality in kinds)
    print(f"mean validation F, percent\n{'steps':>6} {head} {'all':>8} {'standard error over worlds':>28}")
    mean, error = {}, {}
    for steps in lengths:
        values = {run: value for run, value in found.items() if run[-1] == steps}
        cells = [statistics.mean(value for run, value in values.items() if run[1:3] == kind) for kind in kinds]
        of_worlds = [statistics.mean(value for run, value in values.items() if run[0] == world) for world in worlds]
        mean[steps] = statistics.mean(of_worlds)
        error[steps] = statistics.stdev(of_worlds) / math.sqrt(len(worlds)) if len(worlds) > 1 else 0.0
        print(f"{steps:6} {' '.join(f'{cell:15.2f}' for cell in cells)} {mean[steps]:8.2f} {error[steps]:28.2f}")
    best = max(lengths, key=mean.__getitem__)
    chosen = min(steps for steps in lengths if mean[steps] >= mean[best] - error[best])
    print(f"best {best}; the smallest within one standard error of it: {chosen}")


if __name__ == "__main__":
    main()
