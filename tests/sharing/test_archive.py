import os
import shutil
import subprocess
import tarfile

import pytest

from overheard.errors import LineageError
from overheard.sharing.archive import digests, members, pack, put


@pytest.fixture
def files(tmp_path):
    """Three files by name: one empty, one in a folder, one whose name is not ASCII."""
    folder = tmp_path / "files"
    (folder / "b").mkdir(parents=True)
    for name, content in (("b/two.bin", bytes(range(256)) * 50), ("a.csv", b"id\n1\n"), ("b/empty", b"")):
        (folder / name).write_bytes(content)
    return {name: folder / name for name in ("b/two.bin", "a.csv", "b/empty")}


def test_another_program_reads_it(files, tmp_path):
    if shutil.which("tar") is None:
        pytest.skip("no program tar here")
    pack(tmp_path / "a.tar", files)
    listed = ["tar", "--utc", "--numeric-owner", "--full-time", "-tvf", str(tmp_path / "a.tar")]
    lines = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[-1] for line in lines] == ["a.csv", "b/empty", "b/two.bin"]
    assert {tuple(line.split()[:2] + line.split()[3:5]) for line in lines} == {
        ("-rw-r--r--", "0/0", "1970-01-01", "00:00:00")
    }
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", str(tmp_path / "a.tar"), "-C", str(tmp_path / "out")], check=True)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == {
        name: path.read_bytes() for name, path in files.items()
    }


def test_times_modes_and_order_leave_no_trace(files, tmp_path):
    pack(tmp_path / "one.tar", files)
    for path in files.values():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    old = os.umask(0o077)
    try:
        pack(tmp_path / "two.tar", dict(reversed(files.items())))
    finally:
        os.umask(old)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_long_and_foreign_names_come_back(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    names = ["a/" * 90 + "b" * 90, "scène+événement/image+sound", "100% {a} 'b'"]
    pack(tmp_path / "a.tar", dict.fromkeys(names, tmp_path / "file"))
    assert [name for name, _ in members(tmp_path / "a.tar")] == sorted(names)


def test_digests_are_those_of_the_files(files, tmp_path):
    import hashlib

    packed = pack(tmp_path / "a.tar", files)
    assert packed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert digests(tmp_path / "a.tar") == packed


@pytest.mark.parametrize("name", ["../out", "/abs", "a/../../out"])
def test_a_name_that_leads_outside_is_refused(tmp_path, name):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(LineageError, match="no plain file of this folder"):
        list(members(tmp_path / "a.tar"))


def test_a_link_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(LineageError, match="no plain file of this folder"):
        list(members(tmp_path / "a.tar"))


@pytest.mark.parametrize("kept", [0.3, 0.05, 0])
def test_half_an_archive_is_refused(files, tmp_path, kept):
    pack(tmp_path / "a.tar", files)
    whole = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "half.tar").write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(LineageError, match="not a whole archive"):
        digests(tmp_path / "half.tar")


def test_a_missing_file_leaves_the_old_archive(files, tmp_path):
    pack(tmp_path / "a.tar", files)
    before = (tmp_path / "a.tar").read_bytes()
    files["a.csv"].unlink()
    with pytest.raises(LineageError, match=r"a\.csv: no such file"):
        pack(tmp_path / "a.tar", files)
    assert (tmp_path / "a.tar").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "files"]


def test_put_replaces_a_file_whole(files, tmp_path):
    pack(tmp_path / "a.tar", files)
    target = tmp_path / "new" / "a.csv"
    for name, content in members(tmp_path / "a.tar"):
        if name == "a.csv":
            put(content, target)
    assert target.read_bytes() == b"id\n1\n"
    assert [path.name for path in target.parent.iterdir()] == ["a.csv"]
