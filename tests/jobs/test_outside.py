"""A user's folder is known by its content: any change in it is seen, a new time on it is not."""

import os

import pytest

from overheard.errors import MediaError
from overheard.jobs.outside import content_digest


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_content_decides_and_not_times(tmp_path):
    folder = tmp_path / "media"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.wav").write_bytes(b"12")
    first = content_digest(folder)
    os.utime(folder / "sub" / "a.wav", (1, 1))
    (folder / ".hidden").write_bytes(b"x")
    assert content_digest(folder) == first

    seen = {first}
    (folder / "sub" / "a.wav").write_bytes(b"21")
    seen.add(content_digest(folder))
    (folder / "b.wav").write_bytes(b"")
    seen.add(content_digest(folder))
    (folder / "b.wav").rename(folder / "c.wav")
    seen.add(content_digest(folder))
    assert len(seen) == 4
    assert content_digest(folder / "c.wav") not in seen


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MediaError, match="nowhere"):
        content_digest(tmp_path / "nowhere")
