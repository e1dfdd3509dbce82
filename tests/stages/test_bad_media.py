"""Bad input to the media stage ends with one message that names the file, what was found and what to do."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from overheard.errors import MediaError, PairingError
from overheard.jobs import runner
from overheard.stages.media import Settings, media

SETTINGS = Settings(seed=0, classes=None, bands=None, channels=None)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes of three locations."""
    for name, number in (("lake", 0), ("beach", 1)):
        for place in range(3):
            noise = np.random.default_rng(10 * number + place)
            picture = tmp_path / f"in/vision/{name}/{number}000{place}.jpg"
            sound = tmp_path / f"in/sound/{name}/{number}000{place}.wav"
            for path in (picture, sound):
                path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(picture)
            soundfile.write(sound, noise.uniform(-0.5, 0.5, 24000), 8000)
    return tmp_path / "in"


def run(folder: Path, settings: Settings = SETTINGS, workers: int = 1) -> Path:
    out = folder.parent / "out"
    out.mkdir(exist_ok=True)
    media(folder, "pairs", settings, *(out / name for name in ("i.csv", "m.csv", "s.csv", "r.md")), workers)
    return out


def refused(folder: Path, *parts: str, error: type = MediaError) -> str:
    with pytest.raises(error) as caught:
        run(folder)
    for part in parts:
        assert part in str(caught.value)
    return str(caught.value)


PICTURE, SOUND = "vision/lake/00000.jpg", "sound/lake/00000.wav"


def test_truncated_jpeg(folder):
    path = folder / PICTURE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(folder, f"{PICTURE}: broken or truncated", "replace or remove it")


def test_a_text_named_jpg(folder):
    (folder / PICTURE).write_text("not a picture")
    refused(folder, f"{PICTURE}: not a picture that can be read")


def test_an_empty_picture(folder):
    (folder / PICTURE).write_bytes(b"")
    refused(folder, f"{PICTURE}: not a picture that can be read")


def test_a_cmyk_picture(folder):
    Image.new("CMYK", (8, 8)).save(folder / PICTURE)
    refused(folder, f"{PICTURE}: colour mode CMYK; expected grey, RGB or RGBA", "convert it")


def test_wav_without_samples(folder):
    soundfile.write(folder / SOUND, np.zeros(0), 8000)
    refused(folder, f"{SOUND}: no samples")


def test_wav_of_no_bytes(folder):
    (folder / SOUND).write_bytes(b"")
    refused(folder, f"{SOUND}: not a sound that can be read (0 bytes)")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_not_a_number(folder, value):
    samples = np.zeros(24000, np.float32)
    samples[12000] = value
    soundfile.write(folder / SOUND, samples, 8000, subtype="FLOAT")
    refused(folder, f"{SOUND}: a sample that is not a number (NaN or infinite) at 1.500 s")


def test_eight_channels_need_a_choice(folder):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (24000, 8))
    soundfile.write(folder / SOUND, samples, 8000)
    refused(folder, f"{SOUND}: 8 channels; expected 1 or 2", "source.channels: mean")
    run(folder, Settings(seed=0, classes=None, bands=None, channels="mean"))


def test_a_truncated_wav_is_said_aloud(folder):
    path = folder / SOUND
    path.write_bytes(path.read_bytes()[:-10000])
    report = (run(folder) / "r.md").read_text()
    assert "1 clips with a sound file that ends before its own end" in report
    assert "00000 (2.38 s)" in report


def test_an_unreadable_file(folder, monkeypatch):
    # root reads everything, so the refusal is played
    opened = Path.open

    def open_(self, *arguments, **how):
        if self.name == "00000.wav":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **how)

    monkeypatch.setattr(Path, "open", open_)
    refused(folder, f"{SOUND}: permission denied; make it readable")


def test_all_bad_files_come_in_one_message(folder):
    for name in ("lake/00000", "beach/10001"):
        (folder / f"vision/{name}.jpg").write_bytes(b"x")
        soundfile.write(folder / f"sound/{name}.wav", np.zeros(0), 8000)
    message = refused(folder, "4 files that cannot be used")
    assert len(message.splitlines()) == 5


def test_twenty_are_shown_and_the_rest_counted(folder):
    for place in range(100, 125):
        (folder / f"vision/lake/00{place}.jpg").write_bytes(b"")
        soundfile.write(folder / f"sound/lake/00{place}.wav", np.ones(24000) / 2, 8000)
    lines = refused(folder, "25 files that cannot be used").splitlines()
    assert len(lines) == 22
    assert lines[-1].strip() == "and 5 more"


def test_bad_files_are_found_by_many_workers_too(folder):
    (folder / PICTURE).write_bytes(b"x")
    with pytest.raises(MediaError, match=PICTURE):
        run(folder, workers=2)


def test_a_picture_without_its_sound_and_the_reverse(folder):
    (folder / SOUND).unlink()
    (folder / "vision/beach/10001.jpg").unlink()
    refused(
        folder,
        "2 files without their other half",
        "vision/lake/00000.jpg: no sound/lake/00000.* with it",
        "sound/beach/10001.wav: no vision/beach/10001.* with it",
        error=PairingError,
    )


def test_an_id_in_two_classes(folder):
    for kind, extension in (("vision", "jpg"), ("sound", "wav")):
        source = folder / f"{kind}/lake/00000.{extension}"
        (folder / f"{kind}/beach/00000.{extension}").write_bytes(source.read_bytes())
    refused(folder, "id 00000 stands in 2 classes", "rename one")


def test_a_location_in_two_classes(folder):
    for kind, extension in (("vision", "jpg"), ("sound", "wav")):
        source = folder / f"{kind}/lake/00000.{extension}"
        source.rename(folder / f"{kind}/beach/00001_1.{extension}")
    refused(folder, "location 00001 stands in 2 classes")


def test_a_wrong_extension(folder):
    (folder / SOUND).rename(folder / "sound/lake/00000.aac")
    refused(folder, "sound/lake/00000.aac: extension .aac, expected .wav, .flac, .ogg or .mp3", error=PairingError)


@pytest.mark.parametrize("part", ["vision", "sound"])
def test_a_missing_part(folder, part):
    (folder / part).rename(folder / f"{part}s")
    refused(folder, f"no folder {part}/ in it", "vision/<class>/<id>.jpg")


def test_a_missing_folder_is_one_line_and_exit_code_2(tmp_path, capsys):
    arguments = {"folder": tmp_path / "nowhere", "collection": "pairs", "settings": SETTINGS, "workers": 1}
    arguments |= {name: tmp_path / name for name in ("index", "manifest", "statistics", "report")}
    assert runner.run_stage(media, arguments, None, ["overheard", "media"]) == 2
    assert "nowhere does not exist" in capsys.readouterr().err


def test_a_file_in_the_folder_s_place(folder):
    with pytest.raises(MediaError, match="not a folder"):
        run(folder / PICTURE)


def test_every_sound_too_short(folder):
    for path in folder.glob("sound/*/*.wav"):
        soundfile.write(path, np.ones(8000) / 2, 8000)
    refused(folder, "every one of its 6 sounds is shorter than 2 s")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,class\n00000,lake\n00009,lake\n", "metadata.csv, line 3: id 00009 has no file of this name"),
        ("id,class\n00000,lake\n00000,lake\n", "metadata.csv, line 3: id 00000 a second time"),
        ("name,class\n00000,lake\n", "metadata.csv: no column id; found name, class"),
        ("id,lat,lon\n00000,,11\n", "metadata.csv, line 2: id 00000: lat is empty"),
        ("id,class\n00000\n", "metadata.csv, line 2: expected 2 fields"),
    ],
)
def test_bad_metadata(folder, text, message):
    (folder / "metadata.csv").write_text(text)
    refused(folder, message)


def test_nothing_is_left_after_a_refusal(folder, tmp_path):
    (folder / PICTURE).write_bytes(b"x")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "overheard", "media", "--folder", folder, "--collection", "pairs"]
    command += ["--settings", '{"seed": 0, "classes": null, "bands": null, "channels": null}']
    for name in ("index", "manifest", "statistics", "report"):
        command += [f"--{name}", out / name]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2, ended.stderr
    assert PICTURE in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(out.iterdir()) == []


def test_real_bad_files(folder, shared):
    robust = shared / "data/robust"
    (folder / PICTURE).write_bytes((robust / "truncated_90100.jpg").read_bytes())
    (folder / SOUND).write_bytes((robust / "empty.wav").read_bytes())
    refused(folder, "2 files", f"{PICTURE}: broken or truncated", f"{SOUND}: not a sound that can be read (0 bytes)")


def test_a_real_truncated_ogg_opens_and_is_said_aloud(folder, shared):
    (folder / SOUND).unlink()
    (folder / "sound/lake/00000.ogg").write_bytes((shared / "data/robust/truncated_90101.ogg").read_bytes())
    report = (run(folder) / "r.md").read_text()
    assert "ends before its own end" in report
    assert "00000 (3.69 s)" in report


def test_whole_real_oggs_are_not_called_truncated(folder, shared):
    (folder / SOUND).unlink()
    (folder / "sound/lake/00000.ogg").write_bytes((shared / "data/robust/wind_44100_stereo.ogg").read_bytes())
    assert "ends before" not in (run(folder) / "r.md").read_text()
