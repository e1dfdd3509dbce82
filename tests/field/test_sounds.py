"""Kinds of sounds found in the field: heard to their end, or refused by name."""

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from media_bytes import RATE, encoded, noise, wav, with_size

from overheard.errors import MediaError
from overheard.io import sound_files


def heard(tmp_path: Path, content: bytes, name: str = "x.wav"):
    (tmp_path / name).write_bytes(content)
    return sound_files.inspect_sound(tmp_path / name)


def window(tmp_path: Path, start_s: float, duration_s: float, name: str = "x.wav") -> np.ndarray:
    return sound_files.read_window(tmp_path / name, start_s, duration_s)[0]


def refused(tmp_path: Path, content: bytes, match: str, name: str = "x.wav") -> None:
    with pytest.raises(MediaError, match=match):
        heard(tmp_path, content, name)


def mp3(samples: np.ndarray, rate: int = RATE, mode: str = "VARIABLE") -> bytes:
    return encoded(samples, rate, format="MP3", bitrate_mode=mode)


def without_xing(content: bytes) -> bytes:
    """An MP3 without its first frame, which holds no sound but the number of frames."""
    assert b"Xing" in content[:200] or b"Info" in content[:200]
    start = content.index(b"\xff", content.index(b"LAME"))
    assert content[start + 1] & 0xE0 == 0xE0
    return content[start:]


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_a_variable_mp3_without_its_header_is_heard_to_its_end(tmp_path, rate):
    loud = noise(5.0, rate, level=0.9)
    samples = np.concatenate([loud, np.zeros(rate * 15, np.float32), noise(1.0, rate, 1)])
    content = without_xing(mp3(samples, rate))
    found = heard(tmp_path, content, "x.mp3")
    assert soundfile.info(tmp_path / "x.mp3").duration < 18  # what the decoder guesses
    assert found.seconds == pytest.approx(21.0, abs=0.2)
    assert found.mended
    assert not found.cut_off
    # its last second is there, and is noise
    last = window(tmp_path, 20.2, 0.7, "x.mp3")
    assert len(last) == round(0.7 * rate)
    assert last.std() > 0.05


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_joined_mp3s_are_heard_to_the_end(tmp_path, mode):
    first, second = mp3(np.zeros(RATE * 3, np.float32), mode=mode), mp3(noise(4.0), mode=mode)
    tags = b"TAG" + bytes(125), b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10)
    found = heard(tmp_path, first + tags[0] + tags[1] + second, "x.mp3")
    assert soundfile.info(tmp_path / "x.mp3").duration == pytest.approx(3.0, abs=0.1)
    assert found.seconds == pytest.approx(7.0, abs=0.25)
    assert window(tmp_path, 0.2, 2.5, "x.mp3").std() < 1e-3
    assert window(tmp_path, 3.5, 3.0, "x.mp3").std() > 0.05


def test_a_whole_mp3_is_taken_as_it_is_and_a_truncated_one_is_not_whole(tmp_path):
    content = b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10) + mp3(noise(4.0)) + b"TAG" + bytes(125)
    found = heard(tmp_path, content, "x.mp3")
    assert (found.frames, found.mended, found.cut_off) == (4 * RATE, False, False)
    cut = heard(tmp_path, content[: len(content) // 2], "x.mp3")
    assert cut.cut_off
    assert cut.seconds == pytest.approx(2.0, abs=0.4)
    constant = mp3(noise(4.0), mode="CONSTANT")
    plain = without_xing(constant)
    assert heard(tmp_path, plain[:-50], "x.mp3").cut_off
    # between two frames
    frames = [its.start() for its in re.finditer(re.escape(plain[:2]), constant)]
    cut = heard(tmp_path, constant[: frames[len(frames) // 2]], "x.mp3")
    assert (cut.cut_off, cut.seconds) == (True, pytest.approx(2.0, abs=0.4))


def test_a_wav_with_an_mp3_in_it_is_heard_to_its_end(tmp_path):
    inside = without_xing(mp3(np.concatenate([noise(3.0, level=0.9), np.zeros(RATE * 9, np.float32), noise(1.0)])))
    form = struct.pack("<HHLLHHHHLHHH", 0x55, 1, RATE, 2000, 1, 0, 12, 1, 2, 417, 1, 1393)
    body = b"WAVEfmt " + struct.pack("<L", len(form)) + form + b"data" + struct.pack("<L", len(inside)) + inside
    found = heard(tmp_path, b"RIFF" + struct.pack("<L", len(body)) + body)
    assert soundfile.info(tmp_path / "x.wav").duration < 12
    assert found.seconds == pytest.approx(13.0, abs=0.3)


def test_parts_that_are_missing_in_the_middle_are_told(tmp_path):
    content = mp3(noise(8.0), mode="CONSTANT")
    found = heard(tmp_path, content[:8000] + b"\x55" * 3000 + content[11000:], "x.mp3")
    assert found.cut_off
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", RATE, 1, format="OGG", subtype="VORBIS") as sound:
        for second in range(20):
            sound.write(noise(1.0, seed=second))
    ogg = stream.getvalue()
    assert not heard(tmp_path, ogg, "x.ogg").cut_off
    pages = [b"OggS" + page for page in ogg.split(b"OggS")[1:]]
    assert heard(tmp_path, b"".join(pages[:5] + pages[6:]), "x.ogg").cut_off


def test_mp3s_of_two_rates_and_free_formats_are_refused(tmp_path):
    refused(tmp_path, mp3(noise(2.0)) + mp3(noise(2.0, 22050), 22050), "MP3s of 8000 and 22050 Hz", "x.mp3")
    free = bytearray(without_xing(mp3(noise(2.0), mode="CONSTANT")))
    free[2] &= 0x0F
    refused(tmp_path, bytes(free), "an MP3 of free format", "x.mp3")


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_chained_oggs_are_heard_to_the_end(tmp_path, subtype):
    first = encoded(np.zeros(RATE * 3), format="OGG", subtype=subtype)
    second = encoded(noise(4.0), format="OGG", subtype=subtype)
    found = heard(tmp_path, first + second, "x.ogg")
    assert soundfile.info(tmp_path / "x.ogg").duration == pytest.approx(3.0, abs=0.1)
    assert found.seconds == pytest.approx(7.0, abs=0.05)
    assert not found.cut_off
    assert window(tmp_path, 0.2, 2.5, "x.ogg").std() < 1e-3
    assert window(tmp_path, 3.5, 3.0, "x.ogg").std() > 0.05
    assert heard(tmp_path, first + second[:-100], "x.ogg").cut_off
    assert not heard(tmp_path, first + second + b"TAG" + bytes(125), "x.ogg").cut_off
    found = heard(tmp_path, second[:-100] + second, "x.ogg")
    assert (found.seconds > 4.1, found.cut_off) == (True, True)


def test_a_chain_of_other_rates_or_channels_is_refused(tmp_path):
    first = encoded(noise(2.0), format="OGG", subtype="VORBIS")
    for other in (encoded(noise(2.0, 16000), 16000, format="OGG"), encoded(np.zeros((8000, 2)), format="OGG")):
        refused(
            tmp_path, first + other, "recordings of 8000 Hz with 1 channels and .*joined; export it as one", "x.ogg"
        )


def flac_saying(content: bytes, total: int) -> bytes:
    """A FLAC whose header says another number of samples, in its last 36 bits of eight bytes."""
    kept = int.from_bytes(content[18:26]) >> 36 << 36
    return content[:18] + (kept | total).to_bytes(8) + content[26:]


def test_joined_flacs_and_wrong_totals_are_heard_to_the_end(tmp_path):
    samples = noise(3.0)
    content = encoded(samples, format="FLAC")
    assert not heard(tmp_path, content, "x.flac").mended
    found = heard(tmp_path, content + content, "x.flac")
    assert (found.frames, found.mended) == (2 * len(samples), True)
    np.testing.assert_array_equal(window(tmp_path, 3.5, 1.0, "x.flac"), window(tmp_path, 0.5, 1.0, "x.flac"))
    for total in (0, 1000):
        found = heard(tmp_path, flac_saying(content, total), "x.flac")
        assert (found.frames, found.cut_off) == (len(samples), False)
        assert len(window(tmp_path, 2.0, 1.0, "x.flac")) == RATE
    assert heard(tmp_path, flac_saying(content, 90000), "x.flac").cut_off
    refused(tmp_path, content[: len(content) // 2], "broken or truncated", "x.flac")


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_that_was_streamed_is_heard_to_its_end(tmp_path, size):
    found = heard(tmp_path, with_size(with_size(wav(noise(3.0)), size), size, b"RIFF"))
    assert (found.seconds, found.cut_off) == (3.0, False)
    assert len(window(tmp_path, 2.0, 1.0)) == RATE


def test_two_wavs_in_one_file_are_both_heard(tmp_path):
    content = wav(noise(3.0))
    data = content[content.index(b"data") :]
    for both in (content + content, content + data):
        found = heard(tmp_path, both)
        assert (found.seconds, found.mended) == (6.0, True)
        np.testing.assert_array_equal(window(tmp_path, 3.5, 2.5), window(tmp_path, 0.5, 2.5))
        # over the seam
        np.testing.assert_array_equal(window(tmp_path, 2.5, 1.0)[RATE // 2 :], window(tmp_path, 0.0, 0.5))


def test_two_data_chunks_of_one_wav_are_both_heard(tmp_path):
    first, second = (
        np.round(noise(seconds, seed=seed) * 30000).astype("<i2") for seconds, seed in ((3.0, 1), (4.0, 2))
    )
    form = struct.pack("<HHLLHH", 1, 1, RATE, 2 * RATE, 2, 16)
    chunks = b"fmt " + struct.pack("<L", len(form)) + form
    for samples in (first, second):
        chunks += b"data" + struct.pack("<L", samples.nbytes) + samples.tobytes()
    content = b"RIFF" + struct.pack("<L", len(chunks) + 4) + b"WAVE" + chunks
    assert heard(tmp_path, content).seconds == 7.0
    both = np.concatenate([first, second])[round(2.5 * RATE) : round(4.5 * RATE)] / 32768
    np.testing.assert_allclose(window(tmp_path, 2.5, 2.0), both, atol=1e-7)


def test_a_data_chunk_longer_than_the_file_is_no_whole_sound(tmp_path):
    found = heard(tmp_path, with_size(wav(noise(3.0)), 100_000))
    assert (found.seconds, found.cut_off) == (3.0, True)


def test_a_data_chunk_shorter_than_what_follows_is_refused_with_both_lengths(tmp_path):
    refused(
        tmp_path, with_size(wav(noise(3.0)), 16000), "its header says 1.00 s, and what follows would be 2.00 s more"
    )


def test_chunks_tags_and_zeros_behind_the_data_are_not_sound(tmp_path):
    content = wav(noise(3.0))
    for tail in (b"LIST\x04\0\0\0abcd", b"abcd\x03\0\0\0xyz", bytes(50_000), b"TAG" + bytes(125)):
        found = heard(tmp_path, content + tail)
        assert (found.seconds, found.cut_off, found.mended) == (3.0, False, False)


SUBTYPES = [
    "PCM_U8",
    "PCM_24",
    "PCM_32",
    "FLOAT",
    "DOUBLE",
    "ULAW",
    "ALAW",
    "IMA_ADPCM",
    "MS_ADPCM",
    "GSM610",
    "G721_32",
]


@pytest.mark.parametrize("subtype", [*SUBTYPES, "NMS_ADPCM_16"])
def test_every_coding_of_a_wav_is_heard_from_any_place(tmp_path, subtype):
    samples = np.repeat(np.float32([0.0, 0.5]), 6 * RATE) * np.sin(np.arange(12 * RATE) / 3).astype(np.float32)
    found = heard(tmp_path, wav(samples, subtype=subtype))
    assert found.seconds == pytest.approx(12.0, abs=0.1)
    whole, _ = sound_files.read_window(tmp_path / "x.wav", 0.0, 12.0)
    np.testing.assert_array_equal(window(tmp_path, 5.5, 2.0), whole[5 * RATE + RATE // 2 :][: 2 * RATE])
    assert window(tmp_path, 7.0, 2.0).std() == pytest.approx(0.35, abs=0.05)
    assert len(window(tmp_path, 13.0, 1.0)) == 0


@pytest.mark.parametrize("form", ["WAVEX", "RF64"])
def test_extensible_and_64_bit_wavs_are_heard(tmp_path, form):
    content = encoded(noise(3.0), format=form, subtype="PCM_24")
    assert heard(tmp_path, content).seconds == 3.0
    assert heard(tmp_path, content[:-24_000]).cut_off
    assert heard(tmp_path, encoded(noise(3.0), format="WAV", endian="BIG")).seconds == 3.0  # RIFX


@pytest.mark.parametrize("rate", [0, 1, 99, 768_001, 2**31 - 1, 4_000_000_000, 2**32 - 1])
def test_a_sampling_rate_that_nobody_records_with_is_refused(tmp_path, rate):
    content = with_size(wav(noise(3.0)), rate, b"\x01\0\x01\0")
    refused(tmp_path, content, f"a sampling rate of {rate} Hz; expected 100 to 768000")


def test_a_wav_of_no_channels_is_refused(tmp_path):
    content = wav(noise(3.0))
    refused(tmp_path, content[:22] + b"\0\0" + content[24:], "0 channels; mend its header")


def test_other_containers_are_refused_by_their_name(tmp_path):
    for form in ("AIFF", "W64", "AU", "CAF"):
        refused(tmp_path, encoded(noise(3.0), format=form, subtype="PCM_16"), f"{form}, whatever its name says")
    for name in ("x.wav", "x.mp3", "x.ogg", "x.flac"):
        refused(
            tmp_path,
            b"<!DOCTYPE html> not a sound " * 100,
            "not a sound that can be read \\((Format not|neither WAV)",
            name,
        )
