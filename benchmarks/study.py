"""How long a whole study takes, where the time goes, and how long it takes to find that nothing is to do.

README line: `python benchmarks/study.py` (as long as `make paper`, about 10 minutes; installs nothing).

Runs `overheard run NAME` in a folder of its own, with a copy of the checkout's `config/`, or looks at a finished one:

    whole study    wall seconds; of them, by stage, the seconds that its jobs kept cores busy, from the log of durations
                   (draw, media and features work with all cores: their seconds count once for each core)
    other          the part of cores × wall seconds that is neither drawing, features, pre-training nor training: all
                   other stages, the starts of programs, and cores that had nothing to do
    nothing to do  `overheard run NAME` again, against a bare `snakemake -n` of the same, by turns, the best
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CORES = len(os.sched_getaffinity(0))
ON_ALL_CORES = ("draw", "media", "features")
WORK = ("draw", "features", "pretrain", "train")
TURNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="twin", metavar="NAME", help="config/NAME.yaml of the checkout, or a path")
    parser.add_argument("--folder", type=Path, help="a folder in which `overheard run NAME` has finished; run nothing")
    parser.add_argument("--wall", type=float, help="with --folder: seconds that run took by the clock")
    parser.add_argument("--keep", action="store_true", help="do not delete the folder that was made")
    given = parser.parse_args()
    path = Path(given.config) if given.config.endswith(".yaml") else ROOT / "config" / f"{given.config}.yaml"
    name = path.stem
    print(f"load at the start, one minute: {os.getloadavg()[0]:.1f} on {CORES} cores")
    if given.folder:
        folder = given.folder.resolve()
        print_study(durations(folder, name), given.wall)
        print_nothing_to_do(folder, name)
    else:
        with own_folder(path, given.keep) as folder:
            wall = seconds([str(BIN / "overheard"), "run", name], folder, shown=True)
            print_study(durations(folder, name), wall)
            print_nothing_to_do(folder, name)
    print(f"load at the end, one minute: {os.getloadavg()[0]:.1f}")


@contextmanager
def own_folder(path: Path, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="overheard-benchmark-"))
    try:
        shutil.copytree(ROOT / "config", folder / "config")
        shutil.copy(path, folder / "config")
        yield folder
    finally:
        if keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)


def seconds(command: list[str], folder: Path, shown: bool = False) -> float:
    """Wall seconds of a command; its progress goes to the terminal where `shown`."""
    began = time.perf_counter()
    streams = {"stdout": sys.stderr} if shown else {"capture_output": True}
    done = subprocess.run(command, cwd=folder, text=True, check=False, **streams)
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr or ''}")
    return took


def durations(folder: Path, name: str) -> list[tuple[str, float]]:
    """Jobs and their seconds, of one run: several jobs of a stage may bear the same name, but no two trainings do."""
    path = folder / "logs" / name / "durations.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        jobs = [(job, float(took)) for job, took in csv.reader(stream)]
    trained = [job for job, _ in jobs if job.startswith("train ")]
    if len(set(trained)) < len(trained):
        raise SystemExit(f"{path}: holds more than one run; delete its older lines, or leave --folder out")
    return jobs


def print_study(jobs: list[tuple[str, float]], wall: float | None) -> None:
    stages: dict[str, list[float]] = {}
    for job, took in jobs:
        stages.setdefault(job.split(" ")[0], []).append(took)
    busy = {stage: sum(all_s) * (CORES if stage in ON_ALL_CORES else 1) for stage, all_s in stages.items()}
    line = "{:42} {:>6} {:>10} {:>14} {:>10}   {}"
    print(line.format("stage", "jobs", "jobs' s", "core-seconds", "share", "asked for"))
    for stage, core_s in busy.items():
        cells = (f"{sum(stages[stage]):.1f}", f"{core_s:.1f}", share(core_s, wall))
        print(line.format(stage, len(stages[stage]), *cells, "").rstrip())
    if wall is None:
        print("wall seconds unknown: give --wall SECONDS for the shares")
        return
    whole = CORES * wall
    work = sum(busy.get(stage, 0.0) for stage in WORK)
    for word, core_s, asked in (
        ("in no job", whole - sum(busy.values()), ""),
        (f"other than {', '.join(WORK)}", whole - work, "at most 25 %"),
    ):
        print(line.format(word, "", "", f"{core_s:.1f}", share(core_s, wall), asked).rstrip())
    print(line.format("wall", "", f"{wall:.1f}", f"{whole:.1f}", "100.0 %", "at most 600 s on 2 cores"))


def share(core_s: float, wall: float | None) -> str:
    return f"{100 * core_s / (CORES * wall):.1f} %" if wall else "-"


def print_nothing_to_do(folder: Path, name: str) -> None:
    snakemake = [str(BIN / "snakemake"), "-n", "--snakefile", str(ROOT / "workflow/Snakefile")]
    snakemake += ["--configfile", f"config/{name}.yaml", "--directory", ".", "--nolock"]
    commands = {"overheard run": [str(BIN / "overheard"), "run", name], "snakemake -n": snakemake}
    best = dict.fromkeys(commands, float("inf"))
    for _ in range(TURNS):
        for word, command in commands.items():
            best[word] = min(best[word], seconds(command, folder))
    ours, bare = best.values()
    print(f"nothing to do: overheard run {ours:.2f} s (at most 4), snakemake -n {bare:.2f} s, ratio {ours / bare:.2f}")


if __name__ == "__main__":
    main()
