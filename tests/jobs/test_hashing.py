import errno
import hashlib
import os
import random
import socket
import subprocess
import threading
import time
import types
from pathlib import Path

import pytest

from overheard.errors import MediaError
from overheard.jobs import hashing
from overheard.jobs.hashing import Content


def sha256sum(*paths: Path) -> list[str]:
    """Digests by coreutils."""
    done = subprocess.run(["sha256sum", "--", *paths], capture_output=True, text=True, check=True)
    return [line.lstrip("\\")[:64] for line in done.stdout.splitlines()]


def filled(folder: Path, files: int = 200) -> Path:
    rng = random.Random(7)
    for number in range(files):
        path = folder / f"class-{number % 3}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(rng.choice([0, 1, 100, 5000, 70_000])))
    return folder


def settled(path: Path) -> Path:
    """Wait until what was written is old enough to be remembered."""
    time.sleep(0.1)
    return path


@pytest.fixture
def readings(monkeypatch):
    """Paths of the files whose bytes are read."""
    seen, read = [], hashing._hash
    monkeypatch.setattr(hashing, "_hash", lambda path, buffer: seen.append(path) or read(path, buffer))
    return seen


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ],
    ids=["empty", "abc", "a million a"],
)
def test_the_published_digests_of_fips_180_4(tmp_path, content, expected):
    (tmp_path / "file").write_bytes(content)
    assert hashing.read(tmp_path / "file") == Content(expected, len(content))


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_a_file_hashes_as_coreutils_have_it(tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(random.Random(size).randbytes(size))
    assert hashing.read(path) == Content(sha256sum(path)[0], size)


def test_a_folder_is_the_digest_of_its_listing(tmp_path):
    folder = filled(tmp_path / "pairs")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    digests = sha256sum(*[folder / name for name in names])
    lines = [f"{name},{digest},{(folder / name).stat().st_size}" for name, digest in zip(names, digests, strict=True)]
    text = "\n".join(["path,sha256,bytes", *lines, ""])
    assert hashing.read(folder).listing == text
    total = sum((folder / name).stat().st_size for name in names)
    assert hashing.read(folder) == Content(hashlib.sha256(text.encode()).hexdigest(), total, 200)


def test_neither_threads_nor_the_order_of_a_listing_matter(tmp_path, monkeypatch):
    folder = filled(tmp_path / "pairs", 400)
    expected = hashing.read(folder).listing
    scandir, hash_batch = os.scandir, hashing._hash_batch

    class Shuffled:
        def __init__(self, place):
            with scandir(place) as entries:
                self.entries = list(entries)
            random.shuffle(self.entries)

        def __enter__(self):
            return self.entries

        def __exit__(self, *_):
            pass

    def delayed(files):
        time.sleep(random.random() / 200)
        threads.add(threading.get_ident())
        return hash_batch(files)

    threads: set[int] = set()
    monkeypatch.setattr(os, "scandir", Shuffled)
    monkeypatch.setattr(hashing, "_hash_batch", delayed)
    for files, least in ((1, 0), (7, 0), (64, 0), (64, 1 << 40)):
        monkeypatch.setattr(hashing, "_BATCH_FILES", files)
        monkeypatch.setattr(hashing, "_THREADS_FROM_BYTES", least)
        threads.clear()
        assert hashing.read(folder).listing == expected
        assert (len(threads) > 1) == (least == 0)


def test_hidden_names_and_empty_folders_do_not_count(tmp_path):
    folder = filled(tmp_path / "pairs", 10)
    expected = hashing.read(folder)
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_bytes(b"x")
    os.mkfifo(folder / ".pipe")
    (folder / "nothing").mkdir()
    assert hashing.read(folder) == expected


def test_a_listing_reads_back_with_names_of_every_kind(tmp_path):
    names = ["a,b.jpg", 'say "hi".jpg', "two\nlines.jpg", "Icon\r", "été.jpg", "with space.jpg", "b/a.jpg", "b-a.jpg"]
    for name in names:
        path = tmp_path / "x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    files = hashing.listed(hashing.read(tmp_path / "x").listing, "x")
    assert list(files) == sorted(names)
    assert {name: file.sha256 for name, file in files.items()} == {
        name: hashlib.sha256(name.encode()).hexdigest() for name in names
    }


def test_what_is_no_listing_is_refused(tmp_path):
    text = hashing.read(filled(tmp_path / "pairs", 10)).listing
    for damaged in ("", "path,sha256\n", text + "torn", text.replace("0.jpg", "0.jpg,", 1)):
        with pytest.raises(MediaError, match="not a listing"):
            hashing.listed(damaged, "here")


def test_linked_files_and_folders_count_as_what_they_lead_to(tmp_path):
    folder = filled(tmp_path / "pairs", 30)
    expected = hashing.read(folder)
    (folder / "class-1").rename(tmp_path / "elsewhere")
    (folder / "class-1").symlink_to(tmp_path / "elsewhere")
    (folder / "class-0/0.jpg").rename(tmp_path / "0.jpg")
    (folder / "class-0/0.jpg").symlink_to("../../0.jpg")
    assert hashing.read(folder) == expected
    assert hashing.read(folder / "class-0/0.jpg") == hashing.read(tmp_path / "0.jpg")
    (tmp_path / "elsewhere/1.jpg").write_bytes(b"changed")
    assert hashing.read(folder) != expected
    # the same folder twice is no loop
    (folder / "again").symlink_to(tmp_path / "elsewhere")
    assert hashing.read(folder).files == 40


@pytest.mark.parametrize("leads_to", [".", "..", "../..", "../../../up"])
def test_a_link_that_has_no_end_is_refused(tmp_path, leads_to):
    folder = filled(tmp_path / "deep/pairs", 10)
    (tmp_path / "up").symlink_to(tmp_path / "deep")
    (folder / "class-0/loop").symlink_to(leads_to)
    with pytest.raises(MediaError, match=r"class-0/loop.*leads back"):
        hashing.read(folder)


def test_what_is_no_file_is_refused_by_name(tmp_path):
    folder = filled(tmp_path / "pairs", 5)
    with pytest.raises(MediaError, match="nowhere: no such file or folder"):
        hashing.read(tmp_path / "nowhere")
    odd = folder / "class-0/odd.jpg"
    os.mkfifo(odd)
    for path in (folder, odd):
        with pytest.raises(MediaError, match=r"class-0/odd\.jpg: neither a file nor a folder but a named pipe"):
            hashing.read(path)
    odd.unlink()
    odd.symlink_to("gone.jpg")
    for path in (folder, odd):
        with pytest.raises(MediaError, match=r"class-0/odd\.jpg: a link to gone\.jpg, which is not there"):
            hashing.read(path)
    odd.unlink()
    odd.symlink_to("odd.jpg")
    with pytest.raises(MediaError, match=r"class-0/odd\.jpg: cannot be read"):
        hashing.read(folder)
    odd.unlink()
    with pytest.raises(MediaError, match="neither a file nor a folder but a device"):
        hashing.read(Path("/dev/null"))
    named = os.fsencode(folder) + b"/\xff.jpg"
    Path(os.fsdecode(named)).write_bytes(b"")
    with pytest.raises(MediaError, match="not UTF-8"):
        hashing.read(folder)


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("pairs/socket")
        with pytest.raises(MediaError, match="pairs/socket: neither a file nor a folder but a socket"):
            hashing.read(Path("pairs"))


def test_what_was_read_is_not_read_again_until_it_changes(tmp_path, readings):
    folder, memory = settled(filled(tmp_path / "pairs", 20)), tmp_path / "hashes"
    one = folder / "class-0/3.jpg"
    for path, files in ((folder, 20), (one, 1)):
        readings.clear()
        expected = hashing.read(path)
        assert hashing.remembered(path, memory) == expected
        assert len(readings) == 2 * files
        assert hashing.remembered(path, memory) == expected
        assert hashing.remembered(path, None) == expected
        assert len(readings) == 3 * files


CHANGES = {
    "other bytes": lambda path: path.write_bytes(b"x" * path.stat().st_size),
    "another size": lambda path: path.write_bytes(b"longer than it was"),
    "other bytes, the old time put back": lambda path: rewrite_and_put_time_back(path),
    "another file in its place": lambda path: replace(path),
    "another name": lambda path: path.rename(path.with_name("zz.jpg")),
    "gone": lambda path: path.unlink(),
    "one more": lambda path: path.with_name("more.jpg").write_bytes(b""),
    "a folder's name": lambda path: path.parent.rename(path.parent.with_name("class-9")),
}


def rewrite_and_put_time_back(path):
    before = path.stat()
    path.write_bytes(b"y" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path):
    before, other = path.stat(), path.with_name("other")
    other.write_bytes(b"z" * before.st_size)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_no_change_is_overlooked(tmp_path, change):
    folder, memory = tmp_path / "pairs", tmp_path / "hashes"
    for number in range(3):
        (folder / "class-0").mkdir(parents=True, exist_ok=True)
        (folder / f"class-0/{number}.jpg").write_bytes(bytes([number]) * 10)
    before = hashing.remembered(settled(folder), memory)
    assert hashing.remembered(folder, memory) == before
    CHANGES[change](folder / "class-0/1.jpg")
    assert hashing.remembered(folder, memory) == hashing.read(folder) != before


def test_a_file_changed_just_before_reading_is_not_remembered(tmp_path):
    path, memory = tmp_path / "file", tmp_path / "hashes"
    path.write_bytes(b"one")
    hashing.remembered(path, memory)
    assert not memory.exists()
    # a file system that stamps whole seconds must be given two of them
    hashing.remembered(settled(path), memory)
    assert len(list(memory.rglob("*"))) == 2
    stamp = 1_700_000_000 * 10**9
    for ns, began, expected in ((0, 1.9, False), (0, 2.1, True), (7, 0.04, False), (7, 0.06, True), (7, -1, False)):
        status = types.SimpleNamespace(st_mtime_ns=stamp, st_ctime_ns=stamp + ns)
        found = [hashing.Found("", "file", status)]
        assert hashing._settled(found, stamp + int(began * 10**9)) == expected, (ns, began)


def test_many_changes_within_the_clocks_tick_are_all_seen(tmp_path):
    # the race that git knows: the same size, rewritten as fast as this machine can, asked for in between
    path, memory = tmp_path / "file", tmp_path / "hashes"
    for turn in range(500):
        content = f"{turn:08d}".encode()
        path.write_bytes(content)
        assert hashing.remembered(path, memory).sha256 == hashlib.sha256(content).hexdigest(), turn


def test_a_file_changed_while_it_is_read_is_not_remembered(tmp_path, monkeypatch):
    path, memory = tmp_path / "file", tmp_path / "hashes"
    path.write_bytes(b"one")
    settled(path)
    read = hashing._hash

    def read_then_change(name, buffer):
        digest = read(name, buffer)
        path.write_bytes(b"two")
        return digest

    monkeypatch.setattr(hashing, "_hash", read_then_change)
    hashing.remembered(path, memory)
    monkeypatch.setattr(hashing, "_hash", read)
    settled(path)
    assert hashing.remembered(path, memory) == hashing.read(path)


def test_damaged_memory_means_reading(tmp_path, readings):
    path, memory = tmp_path / "file", tmp_path / "hashes"
    path.write_bytes(b"one")
    expected = hashing.remembered(settled(path), memory)
    [line] = [place for place in memory.rglob("*") if place.is_file()]
    whole = line.read_bytes()
    for position in range(len(whole)):
        line.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        readings.clear()
        assert hashing.remembered(path, memory) == expected
        assert len(readings) == 1
    for damaged in (b"", whole[:50], b"\xff", b"a b c d"):
        line.write_bytes(damaged)
        assert hashing.remembered(path, memory) == expected
    # what stands under another file's name is not believed either
    other = tmp_path / "other"
    other.write_bytes(b"two")
    hashing.remembered(settled(other), memory)
    [second] = [place for place in memory.rglob("*") if place.is_file() and place != line]
    second.write_bytes(whole)
    assert hashing.remembered(other, memory).sha256 == hashlib.sha256(b"two").hexdigest()


def test_memory_that_cannot_be_written_costs_time_alone(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    settled(path)
    expected = hashing.read(path)
    for memory in (path / "in a file", Path("/proc/hashes")):
        assert hashing.remembered(path, memory) == expected
    for place, name, call in ((os, "replace", no_space), (Path, "write_text", half_written)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, name, call)
            assert hashing.remembered(path, tmp_path / "hashes") == expected
        assert [place for place in (tmp_path / "hashes").rglob("*") if place.is_file()] == []
    hashing.remembered(path, tmp_path / "hashes")
    assert [place for place in (tmp_path / "hashes").rglob("*") if place.is_file()] != []


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def half_written(path, text, **_):
    path.write_bytes(text.encode()[:20])
    no_space()


@pytest.mark.parametrize("memory", [None, "hashes"])
def test_what_is_left_alone_is_unchanged_and_what_is_not_is_not(tmp_path, memory, readings):
    memory = memory and tmp_path / memory
    for turn, change in enumerate((rewrite_and_put_time_back, replace, Path.unlink, os.utime)):
        folder = settled(filled(tmp_path / f"pairs-{turn}", 20))
        both = [hashing.seen(path, memory) for path in (folder, folder / "class-1" / "1.jpg")]
        read = len(readings)
        assert all(hashing.is_unchanged(before) for before in both)
        assert len(readings) == read, "marks alone tell"
        change(folder / "class-1" / "1.jpg")
        assert not any(hashing.is_unchanged(before) for before in both)
    folder = settled(filled(tmp_path / "more", 20))
    before = hashing.seen(folder, memory)
    (folder / "new.jpg").write_bytes(b"")
    assert not hashing.is_unchanged(before)


@pytest.mark.parametrize("coarse", [False, True])
def test_a_change_within_the_clocks_tick_is_a_change(tmp_path, monkeypatch, coarse):
    if coarse:
        monkeypatch.setattr(hashing.Found, "written", lambda file: (file.name,))
        monkeypatch.setattr(hashing.Found, "inode_time", lambda file: 0)
    path = tmp_path / "one"
    for turn in range(200):
        path.write_bytes(b"%04d" % turn)
        before = hashing.seen(path, tmp_path / "hashes")
        assert hashing.is_unchanged(before)
        path.write_bytes(b"%04d" % (turn + 5000))
        assert not hashing.is_unchanged(before), turn
