"""A file is what its record says, or its difference is told."""

import pytest

from overheard.errors import LineageError
from overheard.jobs import hashing, on_disk, records


def entry_of(path):
    content = hashing.read(path)
    entry = {"path": f"results/mini/{path.name}", "sha256": content.sha256, "bytes": content.bytes}
    return entry if content.files is None else entry | {"files": content.files}


@pytest.fixture
def file(tmp_path):
    (tmp_path / "scores.json").write_text("{}")
    return tmp_path / "scores.json"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs/0.jpg").write_bytes(b"picture")
    records.listing_path(tmp_path / "pairs").write_text(hashing.read(tmp_path / "pairs").listing)
    return tmp_path / "pairs"


@pytest.mark.parametrize("remembers", [False, True])
def test_a_change_is_told_by_both_hashes(tmp_path, file, remembers):
    memory, entry = tmp_path / "hashes" if remembers else None, entry_of(file)
    assert on_disk.change(entry, file, memory) is None
    assert on_disk.whole(entry, file) == b"{}"
    on_disk.require(entry, file)
    file.write_text("[]")
    now = hashing.read(file).sha256
    assert on_disk.change(entry, file, memory) == ("results/mini/scores.json", entry["sha256"], now)
    for refuse in (on_disk.require, on_disk.whole):
        with pytest.raises(LineageError, match=rf"json: sha256 {now[:12]}…, but a.record.json says .*mini"):
            refuse(entry, file, "a.record.json")


def test_what_cannot_be_read_is_told_by_its_reason(file):
    entry = entry_of(file)
    file.unlink()
    assert "no such file" in on_disk.change(entry, file).new
    for refuse in (on_disk.require, on_disk.whole):
        with pytest.raises(LineageError, match="scores.json: no such file.*`overheard run mini`"):
            refuse(entry, file)


def test_a_folder_and_the_list_beside_it_are_compared_each(folder):
    entry, listing = entry_of(folder), records.listing_path(folder)
    assert on_disk.change(entry, folder) is None
    assert on_disk.listing_change(entry, folder) is None
    assert list(on_disk.listed(entry, folder)) == ["0.jpg"]

    (folder / "0.jpg").write_bytes(b"another")
    assert on_disk.change(entry, folder).path == "results/mini/pairs"
    assert on_disk.listing_change(entry, folder) is None

    listing.write_text(hashing.read(folder).listing)
    assert on_disk.listing_change(entry, folder).path == "results/mini/pairs.files.csv"
    with pytest.raises(LineageError, match="pairs.files.csv: was changed"):
        on_disk.listed(entry, folder)

    listing.unlink()
    assert "No such file" in on_disk.listing_change(entry, folder).new
    with pytest.raises(LineageError, match="nothing says what .*pairs should hold"):
        on_disk.listed(entry, folder)
