"""What it takes to look after a study of 10,000 runs: run it again, ask, trace, audit, save, restore.

README line: `python benchmarks/lineage.py` (an hour and a half for 500 rows × 20 seeds on two cores; installs nothing).

The checkout as committed is cloned into a temporary folder and changed there: the study gets `--rows` methods (rows of
`METHODS` and of a study file), and the stages `train` and `evaluate` are stubs that write small files and compute
nothing. Everything else is as it is: the twin is drawn (a world of a hundredth), Snakemake runs every job, each leaves
its record. Then, each once:

    run            the whole study; seconds a job; of them what records and store took: each job's hashing, looking up,
                   keeping and writing are timed inside its process, the import of their modules is not
    nothing to do  the same command again, and its dry run
    status, trace, audit
    save           to a DVC remote beside it; in a clone: restore, and a dry run, which must say that nothing is to do

`--default` does the same with the default study, unchanged, as `make paper` makes it (10 minutes).
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
NAME = "many"

TRAIN = """
    classes = sorted({row["class"] for row in artifacts.read_table(index, ["class"])})
    said = {"method": method, "modality": modality, "seed": seed, "classes": classes, "best_epoch": 1}
    artifacts.write_weights(student, said)
    artifacts.write_table(history, ["epoch", "val_f_score", "best"], [{"epoch": 1, "val_f_score": 0.5, "best": 1}])
"""

EVALUATE = """
    classes, ids, label = _test_clips(index, splits)
    for path, *writes in zip(students, predictions, events, scores, strict=True):
        stored = artifacts.read_weights(path)
        drawn = np.random.default_rng([stored["seed"], *method.encode()])
        scene_logits = drawn.normal(size=(len(ids), len(classes))).astype(np.float32)
        _write(*writes, stored, ids, label, scene_logits, np.zeros((len(ids), 0), np.float32))
"""


# wraps what the runner asks of lineage when its module is first imported; a line for each call
HOOK = """
import importlib.abc, importlib.util, os, sys, time

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "overheard.jobs.job":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            for word in ("begin", "put_back", "finish", "write"):
                setattr(module, word, timed(word, getattr(module, word)))
        spec.loader.exec_module = exec_module
        return spec

def timed(word, function):
    def measured(*arguments, **named):
        began = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            took = time.perf_counter() - began
            stage = arguments[0] if word == "begin" else arguments[0].draft["stage"]
            with open({times!r}, "a") as stream:
                stream.write(f"{{os.getpid()}} {{stage}} {{word}} {{took}}\\n")
    return measured

sys.meta_path.insert(0, Finder())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--default", action="store_true", help="the default study instead")
    parser.add_argument("--folder", type=Path, help="a folder for it; is kept, and what it holds already is used")
    given = parser.parse_args()
    print(f"load at the start, one minute: {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores")
    place = given.folder or Path(tempfile.mkdtemp(prefix="overheard-benchmark-"))
    study, clone = place.resolve() / "study", place.resolve() / "clone"
    if not study.exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(study)], check=True)
        if not given.default:
            make_study(study, given.rows, given.seeds)
        commit(study, "The study that is measured")
    name, row = ("twin", "scene+event") if given.default else (NAME, "stub_001")
    try:
        measure(study, name, row)
        measure_sharing(study, clone, place.resolve() / "remote", name)
    finally:
        if not given.folder:
            shutil.rmtree(place)
    print(f"load at the end, one minute: {os.getloadavg()[0]:.1f}")


def make_study(folder: Path, rows: int, seeds: int) -> None:
    """Turn a clone into a study of many rows with stub stages."""
    methods = [f"stub_{row:03}" for row in range(1, rows + 1)]
    path = folder / "src/overheard/learning/methods.py"
    made = "".join(f'    "{method}": Method(True),\n' for method in methods)
    path.write_text(path.read_text().replace("METHODS = {\n", "METHODS = {\n" + made))
    for stage, body in (("train", TRAIN), ("evaluate", EVALUATE)):
        stub(folder / f"src/overheard/stages/{stage}.py", stage, body)
    known = yaml.safe_load((folder / "config/studies/advance.yaml").read_text())
    tables = {name: known["tables"][name] for name in ("table2", "figure6")}
    tables["table2"]["blocks"] = [{"rows": methods, "columns": ["image"]}]
    tables["figure6"]["blocks"] = [{"rows": methods[:2], "columns": ["image"]}]
    reads = ["encoders", "logits", "prior", "relevance"]
    labels = {method: {"label": method, "reads": reads, "uses": []} for method in methods}
    write_yaml(folder / f"config/studies/{NAME}.yaml", known | {"study": NAME, "tables": tables, "methods": labels})
    source = {"kind": "twin", "world": 5, "scale": 0.01, "scenes": 2, "sounds": 40}
    networks = {modality: {"name": "small", "pretrain": {"epochs": 1}} for modality in ("image", "sound")}
    experiment = {"study": NAME, "seeds": list(range(seeds)), "source": source, "networks": networks}
    write_yaml(folder / f"config/{NAME}.yaml", experiment)


def stub(path: Path, function: str, body: str) -> None:
    """Put another body under a function's docstring."""
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    found = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == function)
    path.write_text("".join([*lines[: found.body[0].end_lineno], body, *lines[found.end_lineno :]]))


def write_yaml(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def measure(folder: Path, name: str, row: str) -> None:
    """Run a study and ask about it."""
    times = folder.parent / "times"
    hook = folder.parent / "hook"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(HOOK.format(times=str(times)))
    took = timed("run", folder, ["run", name], hook=hook)
    jobs = len(list((folder / "results" / name).rglob("*.record.json")))
    print(f"{'':16}{jobs:8} jobs, {1000 * took / jobs:.1f} ms each")
    if times.exists():
        print_share([line.split() for line in times.read_text().splitlines()], took)
    timed("run again", folder, ["run", name])
    timed("dry run", folder, ["run", name, "--dry-run"])
    timed("status", folder, ["status", name])
    timed("trace", folder, ["trace", name, "--table", "table2", "--row", row, "--column", "image"])
    timed("audit", folder, ["audit", name])


def print_share(lines: list[list[str]], wall: float) -> None:
    """What records and store took: lines of process, stage, function, seconds."""
    stages: dict[str, list[float]] = {}
    for stage in {stage for _, stage, _, _ in lines}:
        jobs = {job for job, of, _, _ in lines if of == stage}
        stages[stage] = [sum(float(s) for _, of, _, s in lines if of == stage), len(jobs)]
    for stage, (seconds, jobs) in sorted(stages.items(), key=lambda item: -item[1][0]):
        print(f"{'':16}records and store: {stage:12} {1000 * seconds / jobs:8.1f} ms a job, {jobs:6.0f} jobs")
    whole, cores = sum(seconds for seconds, _ in stages.values()), len(os.sched_getaffinity(0))
    print(f"{'':16}records and store: {whole:.1f} s, {100 * whole / (cores * wall):.1f} % of {cores} cores (at most 5)")


def measure_sharing(folder: Path, clone: Path, remote: Path, name: str) -> None:
    """Save a study, and have it in a clone."""
    program = [sys.executable, "-m", "dvc", "remote", "add", "--force", "--default", "shared", str(remote)]
    subprocess.run(program, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    timed("save", folder, ["save", name])
    commit(folder, "The results")
    timed("save again", folder, ["save", name])
    if clone.exists():
        shutil.rmtree(clone)
    subprocess.run(["git", "clone", "--quiet", str(folder), str(clone)], check=True)
    timed("restore", clone, ["restore", name])
    timed("dry run there", clone, ["run", name, "--dry-run"], "Nothing to do")


def timed(word: str, folder: Path, arguments: Sequence[str], expected: str = "", hook: Path | None = None) -> float:
    """Seconds of a command, which must succeed and say what is expected; `hook` has its sitecustomize."""
    path = os.pathsep.join([str(folder / "src"), *([str(hook)] if hook else [])])
    environ = os.environ | {"PYTHONPATH": path, "OVERHEARD_STORE": str(folder / "store")}
    command = [sys.executable, "-m", "overheard", *arguments]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    if done.returncode or expected not in done.stdout:
        said = f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}, expected {expected!r}\n{said}")
    print(f"{word:16}{took:8.1f} s   {said[-1][:100] if said else ''}", flush=True)
    return took


def commit(folder: Path, message: str) -> None:
    git = ["git", "-c", "user.name=benchmark", "-c", "user.email=none"]
    subprocess.run([*git, "add", "--all"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", message], cwd=folder, check=True)


if __name__ == "__main__":
    main()
