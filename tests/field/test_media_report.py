"""What the media stage says of odd files, and that damaged ones end with our error."""

from pathlib import Path

import numpy as np
import pytest
from media_bytes import encoded, levels, noise, png, saved, tiff, wav
from PIL import Image

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts, decoding, sound_files
from overheard.stages.features import features
from overheard.stages.media import Settings, media


@pytest.mark.parametrize("seed", range(2))
def test_damaged_files_end_with_our_error_and_no_other(tmp_path, seed, capfd):
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(levels(20, 30, 3).astype(np.uint8))
    sounds = [encoded(noise(1.0), format=form) for form in ("WAV", "FLAC", "OGG", "MP3", "RF64")]
    sounds += [wav(noise(1.0), subtype=its) for its in ("GSM610", "IMA_ADPCM", "FLOAT")]
    pictures = [saved(picture, form) for form in ("JPEG", "PNG", "TIFF")]
    pictures += [
        tiff(levels(20, 30, 3).astype(np.float32), t259=8, t317=3, tile=16),
        png(levels(9, 9, 4).astype(np.uint16)),
    ]
    path = tmp_path / "x"
    for _ in range(40):
        for content in sounds + pictures:
            damaged = bytearray(content)
            for _ in range(rng.integers(1, 4)):
                # heads and tails, where lengths and directories stand
                at = int(rng.integers(min(len(damaged), 150)))
                at = at if rng.random() < 0.6 else len(damaged) - 1 - at
                new = (
                    rng.bytes(4) if rng.random() < 0.5 else rng.choice([b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\xff" * 4])
                )
                damaged[at : at + int(rng.choice([0, 1, 4]))] = new
            path.write_bytes(bytes(damaged[: None if rng.random() < 0.8 else int(rng.integers(1, len(damaged)))]))
            try:
                if content in sounds:
                    found = sound_files.inspect_sound(path, True)
                    sound_files.read_window(path, found.seconds / 2, found.seconds / 4)
                else:
                    decoding.square_picture(path, None, [0, 100])
            except MediaError:
                pass
    capfd.readouterr()  # what the decoders print


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes of three locations."""
    for number, name in enumerate(("beach", "lake")):
        for place in range(3):
            stem = f"{name}/{number}000{place}"
            for part, ending in (("vision", "png"), ("sound", "wav")):
                (tmp_path / f"in/{part}/{name}").mkdir(parents=True, exist_ok=True)
                path = tmp_path / f"in/{part}/{stem}.{ending}"
                seed = 3 * number + place
                values = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
                content = saved(Image.fromarray(values), "PNG") if part == "vision" else wav(noise(3.0, seed=seed))
                path.write_bytes(content)
    return tmp_path / "in"


def run(folder: Path, **settings) -> tuple[str, list[dict[str, str]]]:
    out = folder.parent / "out"
    out.mkdir(exist_ok=True)
    paths = [out / name for name in ("index.csv", "manifest.csv", "statistics.csv", "report.md")]
    media(folder, "pairs", Settings(seed=0, **settings), *paths)
    return paths[3].read_text(encoding="utf-8"), artifacts.read_table(paths[0])


def put(folder: Path, old: str, new: str, content: bytes) -> None:
    (folder / old).unlink()
    (folder / new).write_bytes(content)


def test_a_plain_folder_has_ranges_and_no_warning(folder):
    report, index = run(folder)
    assert "## Warnings\n\nNone.\n" in report
    assert "- pictures turned upright by their EXIF orientation: 0\n" in report
    assert "| vision/lake | PNG | 3 | 0 | 255 | 0 to 255 |\n" in report
    assert "| sound/lake | WAV PCM_16 | 3 | 30 | 30 | peak, % of full scale |\n" in report
    assert "range" not in index[0]


def test_a_bar_in_a_class_s_name_ends_no_cell_of_the_ranges(folder):
    for part in ("vision", "sound"):
        (folder / part / "lake").rename(folder / part / "la|ke")
    assert "| vision/la\\|ke | PNG | 3 |" in run(folder)[0]


def test_dark_reflectance_is_warned_of_and_a_stated_range_shows_it(folder):
    # as satellite products have it: 0 to 3,000 of 10,000, in 16 bits
    level = levels(256, 256, 3)
    put(folder, "vision/lake/10000.png", "vision/lake/10000.tif", tiff((level * 3000 // 255).astype(np.uint16)))
    report, _ = run(folder)
    assert "1 clips with a picture that uses little of its range" in report
    assert "source.range: [0, 3000]: 10000 (0 to 3000 of 0 to 65535, 12 levels)" in report
    assert "| vision/lake | TIFF of uint16 | 1 | 0 | 3000 | 0 to 65535 |" in report
    report, index = run(folder, range=[0, 3000])
    assert "little of its range" not in report
    assert {row["range"] for row in index} == {"0.0 3000.0"}
    out = folder.parent / "out"
    features(folder, out / "index.csv", "images", out / "ids.csv", out / "images.npy")
    # 3,000 over 255 leaves a rest, so that a level may fall to the one below
    assert np.abs(np.load(out / "images.npy")[3] - level).max() <= 1
    report, _ = run(folder, range=[0, 300])
    assert (
        "1 clips with much of a picture beyond source.range, which becomes black or white: 10000 (0 to 3000, 9"
        in report
    )


def test_a_bright_pixel_and_a_border_without_data_do_not_hide_a_dark_picture(folder):
    values = (levels(64, 64, 3) * 16).astype(np.uint16)  # 12 bits
    values[:20] = 65535
    values[40, 40] = 50000
    put(folder, "vision/lake/10000.png", "vision/lake/10000.tif", tiff(values))
    report, _ = run(folder)
    assert "10000 (0 to 65535 of 0 to 65535, 18 levels)" in report


def test_odd_files_are_named_in_the_report(folder):
    exif = Image.Exif()
    exif[274] = 6
    picture = Image.fromarray(levels(16, 16, 3).astype(np.uint8))
    (folder / "vision/beach/00000.png").write_bytes(saved(picture, "PNG", exif=exif))
    (folder / "vision/beach/00001.png").write_bytes(saved(picture, "JPEG"))
    (folder / "vision/beach/00002.png").write_bytes(saved(Image.new("RGB", (1, 1), (9, 9, 9)), "PNG"))
    (folder / "sound/lake/10000.wav").write_bytes(wav(noise(3.0) * 10, subtype="FLOAT"))
    (folder / "sound/lake/10001.wav").write_bytes(wav(noise(3.0)) * 2)
    (folder / "sound/lake/10002.wav").write_bytes((wav(noise(3.0)) * 2)[:-16_000])
    report, _ = run(folder)
    assert "- pictures turned upright by their EXIF orientation: 1\n" in report
    assert "another kind than its name says; read as what it is: vision/beach/00001.png (JPEG)" in report
    assert "1 clips with a picture of nearly one colour, under 5 % of its range: 00002 (9 to 9 of 0 to 255)" in report
    assert "1 clips with a sound beyond full scale; used as it is: 10000 (300 %)" in report
    assert (
        "1 clips with a sound file whose header does not tell its length; all of it is heard: 10001 (6.00 s)" in report
    )
    assert "1 clips with a sound file that ends before its own end" in report
    assert "10002 (5.00 s)" in report


def test_a_gsm_recording_longer_than_ten_seconds_has_a_window_that_can_be_heard(folder):
    (folder / "sound/lake/10000.wav").write_bytes(wav(noise(14.0), subtype="GSM610"))
    _, index = run(folder)
    row = next(row for row in index if row["id"] == "10000")
    assert (float(row["sound_start_s"]) > 0, row["sound_duration_s"]) == (True, "10.0")
    samples = decoding.clip_samples(folder / row["sound"], float(row["sound_start_s"]), 10.0, 16_000)
    assert len(samples) == 160_000
    assert samples[-8000:].std() > 0.1


@pytest.mark.parametrize("limits", [[1], [3000, 0], [5, 5]])
def test_a_range_that_is_none_is_refused(folder, limits):
    with pytest.raises(ConfigError, match=r"source.range: found .*expected black and white"):
        run(folder, range=limits)
