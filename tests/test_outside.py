"""A user's folder is watched by its listing."""

import os

import pytest

from overheard.errors import MediaError
from overheard.outside import listing_digest


def test_any_change_of_the_listing_is_noticed_and_nothing_else(tmp_path):
    (tmp_path / "a").mkdir()
    sound = tmp_path / "a" / "x.wav"
    sound.write_bytes(b"1234")
    os.utime(sound, (1, 1))
    first = listing_digest(tmp_path)
    (tmp_path / ".hidden").write_text("")
    assert listing_digest(tmp_path) == first

    seen = {first}
    sound.write_bytes(b"12345")
    os.utime(sound, (1, 1))
    seen.add(listing_digest(tmp_path))
    os.utime(sound, (2, 2))
    seen.add(listing_digest(tmp_path))
    sound.rename(tmp_path / "a" / "y.wav")
    seen.add(listing_digest(tmp_path))
    (tmp_path / "z.wav").write_bytes(b"")
    seen.add(listing_digest(tmp_path))
    assert len(seen) == 5
    assert listing_digest(tmp_path / "z.wav") not in seen


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MediaError, match="nowhere: no such file or folder"):
        listing_digest(tmp_path / "nowhere")
