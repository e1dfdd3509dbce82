"""How fast content is hashed, beside coreutils, and what the store adds to a job.

README line: `python benchmarks/hashing.py` (1 minute; installs nothing; 3 GB of free disk).

Files are made here, of random bytes, and lie in the system's memory when they are read: this measures hashing, not the
disk. By turns, the best of all turns:

    one file       2 GB in one file: `hashing.read`, against `sha256sum -` and, where openssl is there, `openssl dgst`
    many pictures  5,000 files of 20 kB: `hashing.read` of the folder, which lists, hashes and sorts, against
                   `find -print0 | xargs -0 -P2 sha256sum`, and against this Python's hashlib, file by file
    small files    5,000 files of 4 kB, the same
    remembered     the folder of pictures again, unchanged: looking at its marks alone
    store          a job of three files, 400 kB together: hashing what it wrote, `keep` (once as new content, once as
                   content that is there already), `find` with `put_back`; against one copy of the files (shutil.copy)
    store, folder  a job that wrote the folder of pictures: the same
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from overheard.jobs import hashing, records, store

CORES = len(os.sched_getaffinity(0))
BIG_BYTES = 2_000_000_000
MANY = 5000
JOB_BYTES = (390_000, 9_000, 1_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where files are made (default: the system's temporary folder)")
    given = parser.parse_args()
    print(f"load at the start, one minute: {os.getloadavg()[0]:.1f} on {CORES} cores")
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        big, pictures, small = folder / "big", folder / "pictures", folder / "small"
        make_file(big, BIG_BYTES)
        make_folder(pictures, 20_000)
        make_folder(small, 4_000)
        print_side("one file", BIG_BYTES, best(readers_of_a_file(big), given.turns))
        print_side("many pictures", MANY * 20_000, best(readers_of_a_folder(pictures), given.turns))
        print_side("small files", MANY * 4_000, best(readers_of_a_folder(small), given.turns))
        time.sleep(0.1)
        hashing.remembered(pictures, folder / "hashes")
        seconds = best({"ours": lambda: hashing.remembered(pictures, folder / "hashes")}, given.turns)["ours"]
        print(f"remembered      {1000 * seconds:8.1f} ms for {MANY} files")
        print_store("store", job_files(folder / "job"), folder, 3 * given.turns)
        print_store("store, folder", {"media": [pictures]}, folder, min(3, given.turns))
    print(f"load at the end, one minute: {os.getloadavg()[0]:.1f}")


def make_file(path: Path, size: int) -> None:
    chunk = os.urandom(1 << 24)
    with path.open("wb") as stream:
        for start in range(0, size, len(chunk)):
            stream.write(chunk[: size - start])


def make_folder(folder: Path, size: int) -> None:
    for number in range(MANY):
        path = folder / f"class-{number % 13}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))


def job_files(folder: Path) -> dict[str, list[Path]]:
    folder.mkdir()
    paths = [folder / name for name in ("student.pt", "history.csv", "log.csv")]
    for path, size in zip(paths, JOB_BYTES, strict=True):
        path.write_bytes(os.urandom(size))
    return {"student": paths[:1], "history": paths[1:2], "log": paths[2:]}


def readers_of_a_file(path: Path) -> dict[str, Callable[[], object]]:
    sides = {"ours": lambda: hashing.read(path), "sha256sum -": lambda: run(f"sha256sum - < {path}")}
    if shutil.which("openssl"):
        sides["openssl dgst"] = lambda: run(f"openssl dgst -sha256 < {path}")
    return sides


def readers_of_a_folder(folder: Path) -> dict[str, Callable[[], object]]:
    def by_hashlib() -> None:
        for place, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(place, name), "rb") as stream:
                    hashlib.file_digest(stream, "sha256").hexdigest()

    return {
        "ours": lambda: hashing.read(folder),
        "xargs -P2 sha256sum": lambda: run(f"find {folder} -type f -print0 | xargs -0 -n 500 -P2 sha256sum"),
        "hashlib": by_hashlib,
    }


def run(command: str) -> None:
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


def best(sides: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Seconds of each side, by turns, the best."""
    found: dict[str, float] = {}
    for _ in range(turns):
        for name, work in sides.items():
            with clock() as seconds:
                work()
            found[name] = min(seconds[0], found.get(name, seconds[0]))
    return found


@contextlib.contextmanager
def clock() -> Iterator[list[float]]:
    seconds: list[float] = []
    began = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - began)


def print_side(name: str, size: int, seconds: dict[str, float]) -> None:
    ours = seconds.pop("ours")
    against = ", ".join(f"{peer} {size / s / 1e9:.2f} GB/s ({s / ours:.2f}×)" for peer, s in seconds.items())
    print(f"{name:15} {size / ours / 1e9:8.2f} GB/s; {against}")


def print_store(name: str, sources: dict[str, list[Path]], folder: Path, turns: int) -> None:
    """Milliseconds that each of the store's steps adds to a job, the best and the median of all turns."""
    times: dict[str, list[float]] = {}
    paths = [path for side in sources.values() for path in side]
    for turn in range(turns):
        place, copies = folder / "store", folder / "copies"
        copies.mkdir()
        with timed(times, "copy alone"):
            for path in paths:
                (shutil.copytree if path.is_dir() else shutil.copy)(path, copies / path.name)
        with timed(times, "hash"):
            writes = {flag: [entry(path) for path in side] for flag, side in sources.items()}
        record = sealed(writes, turn)
        with timed(times, "keep new"):
            store.keep(place, record, {}, sources)
        with timed(times, "keep again"):
            store.keep(place, sealed(writes, turn + turns), {}, sources)
        targets = {flag: [folder / f".part-{path.name}" for path in side] for flag, side in sources.items()}
        with timed(times, "find and put back"):
            known = store.find(place, record["identity"])
            assert store.put_back(place, known["record"]["writes"], targets)
        for path in (place, copies, *(path for side in targets.values() for path in side)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    said = ", ".join(f"{step} {min(ms):.1f} (median {sorted(ms)[len(ms) // 2]:.1f})" for step, ms in times.items())
    print(f"{name:15} ms: {said}")


@contextlib.contextmanager
def timed(times: dict[str, list[float]], step: str) -> Iterator[None]:
    with clock() as seconds:
        yield
    times.setdefault(step, []).append(1000 * seconds[0])


def entry(path: Path) -> dict:
    content = hashing.read(path)
    known = {"path": path.name, "sha256": content.sha256, "bytes": content.bytes}
    return known if content.files is None else known | {"files": content.files}


def sealed(writes: dict, seed: int) -> records.Record:
    return records.sealed(
        {
            "record": records.VERSION,
            "stage": "train",
            "settings": {"seed": seed},
            "reads": {},
            "writes": writes,
            "code": {"digest": "0" * 64, "definitions": {}},
            "environment": {},
        }
    )


if __name__ == "__main__":
    main()
