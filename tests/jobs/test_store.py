import builtins
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from overheard.errors import ConfigError, MediaError
from overheard.io import progress
from overheard.io import whole as files_whole
from overheard.jobs import hashing, machine, records, store, store_files

HEX = "0" * 64


@pytest.fixture
def notes(monkeypatch):
    """What the store says to a person."""
    said = []
    monkeypatch.setattr(progress, "note", said.append)
    return said


def made(folder: Path, salt: str = "") -> dict[str, list[Path]]:
    """What a job wrote: two files of one flag, a folder, an empty file."""
    folder.mkdir(parents=True)
    for name, content in (("a.npy", b"array" + salt.encode()), ("b.csv", b"id\n1\n"), ("empty.txt", b"")):
        (folder / name).write_bytes(content)
    (folder / "pairs/vision/forest").mkdir(parents=True)
    for name in ("1.jpg", "2,3.jpg", "again.jpg"):
        (folder / "pairs/vision/forest" / name).write_bytes(b"picture" + name[:1].encode() + salt.encode())
    (folder / "pairs/index.csv").write_bytes(b"")
    return {"arrays": [folder / "a.npy", folder / "b.csv"], "media": [folder / "pairs"], "text": [folder / "empty.txt"]}


def record_of(sources: dict[str, list[Path]], seed: int = 0) -> records.Record:
    def entry(path: Path) -> dict:
        content = hashing.read(path)
        known = {"path": f"results/x/{path.name}", "sha256": content.sha256, "bytes": content.bytes}
        return known if content.files is None else known | {"files": content.files}

    return records.sealed(
        {
            "record": 1,
            "stage": "train",
            "settings": {"seed": seed},
            "reads": {},
            "writes": {flag: [entry(path) for path in paths] for flag, paths in sources.items()},
            "code": {"digest": HEX, "definitions": {}},
            "environment": {"python": "3.11"},
        }
    )


def targets_in(folder: Path) -> dict[str, list[Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    names = {"arrays": [".part-a.npy", ".part-b.csv"], "media": [".part-pairs"], "text": [".part-empty.txt"]}
    return {flag: [folder / name for name in side] for flag, side in names.items()}


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def whole(record: records.Record, targets: dict[str, list[Path]]) -> bool:
    flags = record["writes"]
    return all(
        hashing.read(path).sha256 == entry["sha256"]
        for flag in flags
        for entry, path in zip(flags[flag], targets[flag], strict=True)
    )


def contents(place: Path) -> list[Path]:
    return sorted(path for path in (place / "files").rglob("*") if path.is_file())


@pytest.fixture
def kept(tmp_path):
    """A store with one entry; its folder and the record."""
    sources = made(tmp_path / "made")
    record = record_of(sources)
    store.keep(tmp_path / "store", record, {"seconds": 1.5}, sources)
    return tmp_path / "store", record


def test_what_was_kept_is_put_back_byte_for_byte(tmp_path, kept, notes):
    place, record = kept
    found = store.find(place, record["identity"])
    assert found == {"record": record, "circumstance": {"seconds": 1.5}}
    targets = targets_in(tmp_path / "again")
    # left by a job that was killed
    targets["arrays"][0].write_bytes(b"half")
    (targets["media"][0] / "vision").mkdir(parents=True)
    (targets["media"][0] / "vision/old.jpg").write_bytes(b"half")
    assert store.put_back(place, found["record"]["writes"], targets)
    put = {name.removeprefix(".part-"): content for name, content in tree(tmp_path / "again").items()}
    assert put == tree(tmp_path / "made")
    assert notes == []


def test_an_unknown_identity_is_a_miss(tmp_path, kept, notes):
    assert store.find(kept[0], "f" * 64) is None
    assert store.find(tmp_path / "nowhere", kept[1]["identity"]) is None
    assert notes == []


def test_files_put_back_are_ordinary_files_and_those_kept_are_read_only(tmp_path, kept):
    place, record = kept
    old_mask = os.umask(0o027)
    try:
        targets = targets_in(tmp_path / "again")
        began = time.time() - 1
        assert store.put_back(place, record["writes"], targets)
    finally:
        os.umask(old_mask)
    path = targets["arrays"][0]
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_mtime >= began
    assert {content.stat().st_mode & 0o777 for content in contents(place)} == {0o444}
    # never a hard link: neither the source nor the target shares the store's inode
    assert {content.stat().st_nlink for content in contents(place)} == {1}
    path.write_bytes(b"written to")
    assert store.check(place) == []


def test_where_links_are_asked_for_what_is_put_back_takes_no_space_and_what_was_written_to_is_found(
    tmp_path, kept, notes, monkeypatch
):
    place, record = kept
    monkeypatch.setenv(store_files.LINKS, "1")
    first, second = targets_in(tmp_path / "first"), targets_in(tmp_path / "second")
    assert store.put_back(place, record["writes"], first)
    assert store.put_back(place, record["writes"], second)
    name = "vision/forest/1.jpg"
    path = first["media"][0] / name
    assert path.stat().st_ino == (second["media"][0] / name).stat().st_ino
    assert path.stat().st_mode & 0o777 == 0o444
    # Snakemake touches the files that it knows
    assert first["arrays"][0].stat().st_nlink == 1
    # who makes it writable and writes to it has written to all: no one is given that again
    path.chmod(0o644)
    path.write_bytes(b"written to")
    assert not store.put_back(place, record["writes"], targets_in(tmp_path / "third"))
    assert tree(tmp_path / "third") == {}
    assert "damaged" in notes[0]


def test_equal_content_is_kept_once(tmp_path, kept):
    place, _ = kept
    before = {path: path.stat().st_ino for path in contents(place)}
    sources = made(tmp_path / "other")
    store.keep(place, record_of(sources, seed=1), {}, sources)
    assert {path: path.stat().st_ino for path in contents(place)} == before
    assert store.usage(place)[2] == 2


def test_one_flipped_byte_is_never_put_back(tmp_path, kept, notes):
    place, record = kept
    for number, content in enumerate(contents(place)):
        if content.stat().st_size == 0:
            continue
        whole_bytes = content.read_bytes()
        content.chmod(0o644)
        content.write_bytes(whole_bytes[:-1] + bytes([whole_bytes[-1] ^ 1]))
        assert [line.split(": damaged")[0] for line in store.check(place) if "damaged" in line] == [str(content)]
        targets = targets_in(tmp_path / f"again-{number}")
        notes.clear()
        assert not store.put_back(place, record["writes"], targets)
        assert tree(tmp_path / f"again-{number}") == {}
        assert len(notes) == 1
        assert str(content) in notes[0]
        assert not content.exists()
        # keeping the same work again fixes the store
        made_again = made(tmp_path / f"made-{number}")
        store.keep(place, record, {}, made_again)
        assert store.check(place) == []
        assert store.put_back(place, record["writes"], targets)


def test_a_lost_content_is_a_miss_that_is_named(tmp_path, kept, notes):
    place, record = kept
    lost = store_files.content_path(place, record["writes"]["arrays"][1]["sha256"])
    lost.unlink()
    assert not store.holds(place, record["identity"])
    assert [line for line in store.check(place) if str(lost) in line]
    assert not store.put_back(place, record["writes"], targets_in(tmp_path / "again"))
    assert str(lost) in notes[0]
    assert tree(tmp_path / "again") == {}


def test_every_flipped_bit_of_an_entry_is_a_miss(kept, notes):
    place, record = kept
    [entry] = store_files.entry_paths(place)
    text = entry.read_bytes()
    entry.chmod(0o644)
    for position in range(0, len(text), 7):
        entry.write_bytes(text[:position] + bytes([text[position] ^ 4]) + text[position + 1 :])
        notes.clear()
        assert store.find(place, record["identity"]) is None, position
        assert str(entry) in notes[0]
        assert [line for line in store.check(place) if line.startswith(f"{entry}: damaged")]
    entry.write_bytes(text)
    assert store.find(place, record["identity"]) is not None


def test_a_content_cut_short_by_a_crash_is_kept_anew(tmp_path, kept):
    place, record = kept
    for number, content in enumerate(contents(place)):
        if content.stat().st_size:
            content.chmod(0o644)
            os.truncate(content, content.stat().st_size - 1)
            assert not store.holds(place, record["identity"])
            store.keep(place, record, {}, made(tmp_path / f"made-{number}"))
            assert store.check(place) == []


def test_an_entry_under_another_identity_is_a_miss(kept, notes):
    place, _ = kept
    [entry] = store_files.entry_paths(place)
    other = entry.with_name(f"{'1' * 64}.json")
    entry.rename(other)
    assert store.find(place, "1" * 64) is None
    assert str(other) in notes[0]


def test_a_store_is_shared_within_a_machine_class_only(kept, monkeypatch):
    place, record = kept
    monkeypatch.setattr(store, "machine_class", lambda: "another-kind")
    assert store.find(place, record["identity"]) is None


def test_the_machine_class_names_pytorchs_own_choice(monkeypatch):
    torch = pytest.importorskip("torch")
    store.machine_class.cache_clear()
    words = store.machine_class().split("-")
    assert words[0] == os.uname().machine
    assert words[1] == torch.backends.cpu.get_cpu_capability().lower().replace("no avx", "default")
    store.machine_class.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((f"{prefix}_MAX_CPU_ISA", "SSE41") for prefix in ("ONEDNN", "DNNL", "MKLDNN")),
        ("MKLDNN_DEFAULT_FPMATH_MODE", "BF16"),
        ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4"),
        ("NPY_ENABLE_CPU_FEATURES", "SSE42"),
    ],
)
def test_who_forces_other_kernels_is_of_another_machine_class(monkeypatch, name, value):
    for chosen in machine.CHOOSE_KERNELS:
        monkeypatch.delenv(chosen, raising=False)
    store.machine_class.cache_clear()
    words = store.machine_class().split("-")
    monkeypatch.setenv(name, value)
    store.machine_class.cache_clear()
    forced = store.machine_class().split("-")
    assert forced[:-1] == words
    monkeypatch.setenv(name, f"{value},other")
    store.machine_class.cache_clear()
    assert store.machine_class().split("-")[-1] not in (forced[-1], *words)
    store.machine_class.cache_clear()


def test_another_c_library_is_another_machine_class(monkeypatch):
    """Its sine and exponential have other last digits from one version to the next."""
    store.machine_class.cache_clear()
    here = store.machine_class()
    assert "".join(os.confstr("CS_GNU_LIBC_VERSION").split()) in here.split("-")
    monkeypatch.setattr(os, "confstr", {"CS_GNU_LIBC_VERSION": "glibc 2.17"}.get)
    store.machine_class.cache_clear()
    assert store.machine_class() != here
    store.machine_class.cache_clear()


def test_a_listing_that_leads_outside_is_refused(tmp_path, kept, notes):
    place, record = kept
    text = f"path,sha256,bytes\n../outside.txt,{record['writes']['text'][0]['sha256']},0\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    path = store_files.content_path(place, digest)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    (tmp_path / "again").mkdir()
    writes = {"media": [{"path": "results/x/pairs", "sha256": digest, "bytes": 0, "files": 1}]}
    assert not store.put_back(place, writes, {"media": [tmp_path / "again/pairs"]})
    assert tree(tmp_path / "again") == {}
    assert "outside" in notes[0]


def test_where_the_store_is(monkeypatch):
    monkeypatch.delenv("OVERHEARD_STORE", raising=False)
    assert store.folder() == Path("store")
    monkeypatch.setenv("OVERHEARD_STORE", "/elsewhere/kept")
    assert store.folder() == Path("/elsewhere/kept")
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    assert store.folder() is None


def test_how_much_a_store_may_hold(monkeypatch):
    monkeypatch.delenv("OVERHEARD_STORE_GB", raising=False)
    assert store.limit_bytes() == store.LIMIT_BYTES == 20_000_000_000
    monkeypatch.setenv("OVERHEARD_STORE_GB", "0.5")
    assert store.limit_bytes() == 500_000_000
    for wrong in ("20 GB", "-1", "inf", "nan"):
        monkeypatch.setenv("OVERHEARD_STORE_GB", wrong)
        with pytest.raises(ConfigError, match="OVERHEARD_STORE_GB"):
            store.limit_bytes()


def filled(tmp_path: Path, jobs: int) -> tuple[Path, list[records.Record]]:
    """A store of several jobs that share all but one file, used one after another."""
    place, kept_records = tmp_path / "store", []
    for number in range(jobs):
        sources = made(tmp_path / f"made-{number}")
        sources["arrays"][0].write_bytes(bytes([number]) * 1000)
        sources["arrays"][1].write_bytes(b"shared" * 500)
        kept_records.append(record_of(sources, number))
        store.keep(place, kept_records[-1], {}, sources)
        os.utime(place / "records" / store.machine_class() / f"{kept_records[-1]['identity']}.json", (number, number))
    return place, kept_records


def test_pruning_removes_the_least_recently_used_first(tmp_path):
    place, kept_records = filled(tmp_path, 4)
    assert store.find(place, kept_records[0]["identity"])
    size, n_files, _ = store.usage(place)
    freed, entries = store.prune(place, size - 1)
    assert entries == 1
    assert freed == size - store.usage(place)[0] > 1000
    assert [store.holds(place, record["identity"]) for record in kept_records] == [True, False, True, True]
    # what the others share is still there
    assert store.usage(place)[1] == n_files - 1
    assert store.check(place) == []
    assert store.prune(place, size) == (0, 0)


def test_what_is_left_after_pruning_fits(tmp_path):
    place, kept_records = filled(tmp_path, 5)
    size = store.usage(place)[0]
    for limit in range(size, 0, -500):
        store.prune(place, limit)
        assert store.usage(place)[0] <= limit
        left = [store.holds(place, record["identity"]) for record in kept_records]
        assert left == sorted(left)
    assert not any(left)


def test_a_content_that_a_job_is_about_to_need_again_is_not_pruned(tmp_path, notes, monkeypatch):
    place, _ = filled(tmp_path, 1)
    for path in contents(place):
        os.utime(path, (1, 1))
    [entry] = store_files.entry_paths(place)
    entry.unlink()
    sources, writing = made(tmp_path / "again"), files_whole.writing

    def prune_before_the_entry(path, shared):
        if path.suffix == ".json":
            store.prune(place, 10**9)
        return writing(path, shared)

    monkeypatch.setattr(files_whole, "writing", prune_before_the_entry)
    record = record_of(sources)
    store.keep(place, record, {}, sources)
    assert store.holds(place, record["identity"])


def test_pruning_to_nothing_leaves_nothing(tmp_path):
    place, _ = filled(tmp_path, 3)
    hashing.remembered(tmp_path / "made-0/b.csv", place / "hashes")
    store.prune(place, 0)
    assert store.usage(place) == (0, 0, 0)
    assert store.prune(tmp_path / "nowhere", 0) == (0, 0)


def test_pruning_removes_leftovers_and_leaves_what_a_job_may_be_making(tmp_path):
    place, _ = filled(tmp_path, 1)
    leftovers = [place / "files/ab/.part-1-aa", place / "files/ab/cd", place / "hashes/ab/old"]
    for path in leftovers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    store.prune(place, 10**9)
    assert all(path.exists() for path in leftovers)
    long_ago = time.time() - 40 * 24 * 3600
    for path in leftovers:
        os.utime(path, (long_ago, long_ago))
    assert store.prune(place, 10**9) == (3, 0)
    assert not any(path.exists() for path in leftovers)


def test_a_job_that_loses_a_file_to_pruning_computes(tmp_path, kept, notes, monkeypatch):
    place, record = kept
    copy, copied = store_files.copy, []

    def copy_then_prune(source, target, mode):
        copy(source, target, mode)
        if not copied:
            copied.append(target)
            store.prune(place, 0)

    monkeypatch.setattr(store_files, "copy", copy_then_prune)
    assert not store.put_back(place, record["writes"], targets_in(tmp_path / "again"))
    assert tree(tmp_path / "again") == {}
    assert "not there any more" in notes[0]


CALLS = [
    (builtins, "open"), (os, "open"), (os, "copy_file_range"), (shutil, "copyfileobj"), (os, "replace"), (os, "mkdir"),
    (os, "utime"), (os, "unlink"), (os, "stat"), (os, "scandir"), (os, "readv"), (os, "close"),
]  # fmt: skip


class Trouble:
    """Makes the n-th of all watched calls fail."""

    def __init__(self, monkeypatch, number: int, code: int) -> None:
        self.left, self.code = number, code
        for module, name in CALLS:
            monkeypatch.setattr(module, name, self.wrapped(getattr(module, name), name))

    def wrapped(self, call, name):
        def wrapper(*arguments, **keywords):
            self.left -= 1
            if self.left == 0:
                if name == "close":
                    call(*arguments, **keywords)
                raise OSError(self.code, os.strerror(self.code))
            return call(*arguments, **keywords)

        return wrapper


@pytest.mark.parametrize("by_kernel", [True, False])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_any_call_that_fails_while_keeping_leaves_a_miss_or_a_whole_entry(tmp_path, notes, code, by_kernel):
    sources = made(tmp_path / "made")
    record, place = record_of(sources), tmp_path / "store"
    for number in range(1, 1000):
        with pytest.MonkeyPatch.context() as patch:
            if not by_kernel:
                patch.setattr(os, "copy_file_range", unable)
            trouble = Trouble(patch, number, code)
            notes.clear()
            store.keep(place, record, {}, sources)
        assert len(notes) <= 1
        assert store.check(place) == []
        assert not [path for path in place.rglob(".part-*")]
        if store.find(place, record["identity"]):
            assert store.put_back(place, record["writes"], targets_in(tmp_path / f"again-{number}"))
        else:
            assert "not kept" in notes[0]
            # a full disk gets back what this job took
            assert contents(place) == []
        if trouble.left > 0:
            break
        if place.exists():
            store.prune(place, 0)
    assert number > 30
    assert store.find(place, record["identity"])


def unable(*_):
    raise OSError(errno.EXDEV, "another file system")


@pytest.mark.parametrize("by_kernel", [True, False])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_any_call_that_fails_while_putting_back_leaves_all_or_nothing(tmp_path, notes, code, by_kernel):
    sources = made(tmp_path / "made")
    record, place = record_of(sources), tmp_path / "store"
    failures = 0
    for number in range(1, 1000):
        store.keep(place, record, {}, sources)
        targets = targets_in(tmp_path / f"again-{number}")
        with pytest.MonkeyPatch.context() as patch:
            if not by_kernel:
                patch.setattr(os, "copy_file_range", unable)
            trouble = Trouble(patch, number, code)
            done = store.put_back(place, record["writes"], targets)
        if done:
            assert whole(record, targets)
        else:
            failures += 1
            assert list((tmp_path / f"again-{number}").iterdir()) == []
        assert not [line for line in store.check(place) if "damaged" in line]
        if trouble.left > 0:
            break
    assert done
    assert failures > 30


def test_a_store_that_cannot_be_written_costs_the_job_nothing(tmp_path, notes):
    sources = made(tmp_path / "made")
    record = record_of(sources)
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", Path("/proc/overheard-store")):
        notes.clear()
        store.keep(place, record, {}, sources)
        assert len(notes) == 1
        assert str(place) in notes[0]
        assert store.find(place, record["identity"]) is None
        assert store.usage(place)[1:] == (0, 0)


def test_a_full_disk_costs_the_job_nothing(tmp_path, notes):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be made here: {mounted.stderr.decode().strip()}")
    try:
        sources = made(tmp_path / "made")
        sources["arrays"][1].write_bytes(os.urandom(300_000))
        record = record_of(sources)
        store.keep(disk / "store", record, {}, sources)
        assert len(notes) == 1
        assert "No space left" in notes[0]
        assert contents(disk / "store") == []
        # and the other way: a target's disk that is full
        store.keep(tmp_path / "store", record, {}, sources)
        assert not store.put_back(tmp_path / "store", record["writes"], targets_in(disk / "again"))
        assert tree(disk) == {}
        assert store.check(tmp_path / "store") == []
        assert store.holds(tmp_path / "store", record["identity"])
    finally:
        subprocess.run(["umount", disk], check=True)


KEEPER = """
import sys, json
from pathlib import Path
from overheard.jobs import store
record = json.loads(Path(sys.argv[2]).read_text())
sources = {flag: [Path(path) for path in paths] for flag, paths in json.loads(sys.argv[3]).items()}
print("ready", flush=True)
sys.stdin.readline()
for turn in range(int(sys.argv[4])):
    store.keep(Path(sys.argv[1]), record, {"turn": turn}, sources)
    if turn + 1 < int(sys.argv[4]):
        store.prune(Path(sys.argv[1]), 0)
print("kept", flush=True)
"""


def keeper(place: Path, record: records.Record, sources: dict[str, list[Path]], turns: int) -> subprocess.Popen:
    path = place.with_name("record.json")
    path.write_text(json.dumps(record))
    named = json.dumps({flag: [str(source) for source in side] for flag, side in sources.items()})
    command = [sys.executable, "-c", textwrap.dedent(KEEPER), str(place), str(path), named, str(turns)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_keep_the_same_at_once(tmp_path):
    sources = made(tmp_path / "made")
    for number in range(300):
        (sources["media"][0] / f"{number}.bin").write_bytes(bytes([number % 256]) * (number + 1))
    record, place = record_of(sources), tmp_path / "store"
    processes = [keeper(place, record, sources, turns=1) for _ in range(2)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        out, error = process.communicate(timeout=60)
        assert (process.returncode, out, error) == (0, "kept\n", "")
    assert store.check(place) == []
    assert store.put_back(place, record["writes"], targets_in(tmp_path / "again"))


@pytest.mark.parametrize("wait_s", [0.002, 0.006, 0.012, 0.025, 0.05])
def test_a_kill_while_keeping_leaves_a_miss_or_a_whole_entry(tmp_path, wait_s):
    sources = made(tmp_path / "made")
    for number in range(300):
        (sources["media"][0] / f"{number}.bin").write_bytes(bytes([number % 256]) * (number + 1))
    record, place = record_of(sources), tmp_path / "store"
    process = keeper(place, record, sources, turns=10**6)
    process.stdin.write("\n")
    process.stdin.flush()
    time.sleep(wait_s)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert not [line for line in store.check(place) if "damaged" in line]
    if store.find(place, record["identity"]) and store.holds(place, record["identity"]):
        assert store.put_back(place, record["writes"], targets_in(tmp_path / "again"))
    # the next keep of the same work is whole, and pruning takes away what the kill left
    store.keep(place, record, {}, sources)
    assert store.put_back(place, record["writes"], targets_in(tmp_path / "again"))
    for path in place.rglob(".part-*"):
        os.utime(path, (1, 1))
    store.prune(place, 10**9)
    assert not list(place.rglob(".part-*"))
    assert store.check(place) == []


def test_a_users_folder_is_known_by_its_content_and_not_by_times(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "media"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.wav").write_bytes(b"12")
    first = store.content_digest(folder)
    os.utime(folder / "sub" / "a.wav", (1, 1))
    (folder / ".hidden").write_bytes(b"x")
    assert store.content_digest(folder) == first

    seen = {first}
    (folder / "sub" / "a.wav").write_bytes(b"21")
    seen.add(store.content_digest(folder))
    (folder / "b.wav").write_bytes(b"")
    seen.add(store.content_digest(folder))
    (folder / "b.wav").rename(folder / "c.wav")
    seen.add(store.content_digest(folder))
    assert len(seen) == 4
    assert store.content_digest(folder / "c.wav") not in seen


def test_a_users_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(MediaError, match="nowhere"):
        store.content_digest(tmp_path / "nowhere")
