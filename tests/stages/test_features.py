"""Features and normaliser: what stands in the arrays, and what may not change them."""

import csv
from pathlib import Path

import numpy as np
import protocols
import pytest
import soundfile
import soxr
from PIL import Image

from overheard.errors import ConfigError, MediaError, PairingError
from overheard.io import sound_files
from overheard.media import front_ends
from overheard.stages.features import Settings as Switches
from overheard.stages.features import features
from overheard.stages.media import Settings, media
from overheard.stages.normaliser import normaliser

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Five clips of other sizes, rates, channels and lengths, and their index."""
    forms = [(256, 16000, 1, 10), (150, 44100, 2, 3), (300, 32000, 1, 12), (256, 8000, 1, 2.5), (64, 48000, 2, 10)]
    for number, (size, rate, channels, seconds) in enumerate(forms):
        noise = np.random.default_rng(number)
        for kind in ("vision", "sound"):
            (tmp_path / f"in/{kind}/lake").mkdir(parents=True, exist_ok=True)
        picture = noise.integers(0, 256, (size, size, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / f"in/vision/lake/0000{number}.png")
        samples = noise.uniform(-0.5, 0.5, (round(seconds * rate), channels))
        soundfile.write(tmp_path / f"in/sound/lake/0000{number}.wav", samples, rate, subtype="FLOAT")
    paths = [tmp_path / name for name in ("index.csv", "manifest.csv", "statistics.csv", "report.md")]
    media(tmp_path / "in", "pairs", Settings(0, None, None, None), *paths)
    return tmp_path


def run(folder: Path, front_end: str, name: str = "a", workers: int = 1) -> tuple[np.ndarray, np.ndarray | None]:
    pooled = None if front_end == "tagger_mn04" else folder / f"{name}.pooled.npy"
    array, ids = folder / f"{name}.npy", folder / f"{name}.ids.csv"
    features(folder / "in", folder / "index.csv", front_end, ids, array, pooled, workers=workers)
    assert ids.read_text().split() == ["id", *(f"0000{number}" for number in range(5))]
    return np.load(array), None if pooled is None else np.load(pooled)


def test_pictures_equal_pillow(folder):
    array, pooled = run(folder, "images")
    assert (array.shape, array.dtype) == ((5, 256, 256, 3), np.uint8)
    for number, found in enumerate(array):
        with Image.open(folder / f"in/vision/lake/0000{number}.png") as picture:
            expected = np.asarray(picture.resize((256, 256), Image.Resampling.BICUBIC))
        np.testing.assert_array_equal(found, expected)
    means = array.reshape(5, 64, 4, 64, 4, 3).mean(axis=(2, 4))
    np.testing.assert_array_equal(pooled, np.floor(means + 0.5))


def test_a_clip_at_the_right_rate_goes_straight_into_the_front_end(folder):
    array, pooled = run(folder, "paper")
    samples, _ = soundfile.read(folder / "in/sound/lake/00000.wav", dtype="float32")
    np.testing.assert_array_equal(array[0], front_ends.paper(samples))
    np.testing.assert_allclose(pooled, array.reshape(5, 100, 4, 64).mean(axis=2), rtol=0, atol=1e-4)
    assert pooled.dtype == np.float32


def test_stereo_is_averaged_resampled_and_repeated(folder):
    array, _ = run(folder, "paper")
    samples, rate = soundfile.read(folder / "in/sound/lake/00001.wav", dtype="float32")
    mono = soxr.resample(samples.mean(axis=1, dtype=np.float32), rate, 16000, quality="HQ")
    assert len(mono) == 48000
    repeated = np.concatenate([mono, mono, mono, mono[:16000]])
    np.testing.assert_allclose(array[1], front_ends.paper(repeated), rtol=0, atol=1e-3)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_U8", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_samples_are_those_of_soundfile(tmp_path, subtype, channels):
    samples = np.random.default_rng(0).uniform(-1, 1, (1600, channels))
    soundfile.write(tmp_path / "x.wav", samples, 16000, subtype=subtype)
    expected = soundfile.read(tmp_path / "x.wav", dtype="float64", always_2d=True)[0].mean(axis=1)
    found, _ = sound_files.read_window(tmp_path / "x.wav", 0.0, 1.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


def test_a_long_clip_gives_the_window_of_the_index(folder):
    array, _ = run(folder, "tagger_mn04")
    with (folder / "index.csv").open() as stream:
        row = list(csv.DictReader(stream))[2]
    samples, _ = soundfile.read(folder / "in/sound/lake/00002.wav", dtype="float32")
    start = round(float(row["sound_start_s"]) * 32000)
    assert start > 0
    np.testing.assert_array_equal(array[2], front_ends.tagger_mn04(samples[start : start + 320000]))


@pytest.mark.parametrize("front_end", ["images", "paper", "tagger_mn04"])
def test_workers_change_no_byte(folder, front_end):
    run(folder, front_end, "one")
    run(folder, front_end, "two", workers=3)
    assert (folder / "one.npy").read_bytes() == (folder / "two.npy").read_bytes()


def test_an_unknown_front_end(folder):
    with pytest.raises(ConfigError, match="found mfcc; allowed: images, paper, tagger_mn04"):
        run(folder, "mfcc")


def test_the_tagger_s_front_end_has_no_pooled_form(folder):
    paths = [folder / name for name in ("a.npy", "a.csv", "p.npy")]
    with pytest.raises(ConfigError, match="no pooled form"):
        features(folder / "in", folder / "index.csv", "tagger_mn04", *paths)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("front_end", "path"), [("images", "vision/lake/00003.png"), ("paper", "sound/lake/00003.wav")]
)
def test_a_file_that_has_gone_since_is_named(folder, front_end, path, workers):
    (folder / "in" / path).unlink()
    with pytest.raises(MediaError, match=f"{path}: not there any more.*run that again"):
        run(folder, front_end, workers=workers)


@pytest.mark.parametrize(
    ("front_end", "words", "same"),
    [
        ("images", {"resize_filter": "nearest"}, [0, 3]),  # pictures of 256 pixels
        ("paper", {"resampler": "kaiser_best"}, [0]),  # a sound of 16 kHz
        ("paper", {"stft_points": 4096}, []),
        ("paper", {"mel_of": "magnitude"}, []),
        ("paper", {"mel_floor_db": 5.0}, []),
    ],
)
def test_a_switch_changes_what_is_stored(folder, front_end, words, same):
    before, _ = run(folder, front_end)
    paths = [folder / name for name in ("b.ids.csv", "b.npy", "b.pooled.npy")]
    features(folder / "in", folder / "index.csv", front_end, *paths, settings=Switches(**words))
    after = np.load(paths[1])
    assert [clip for clip in range(5) if np.array_equal(before[clip], after[clip])] == same
    if "mel_floor_db" in words:
        np.testing.assert_array_equal(after, np.maximum(before, before.max(axis=(1, 2), keepdims=True) - 5))
    corrected = Switches(**protocols.features(front_end))
    features(folder / "in", folder / "index.csv", front_end, *paths, settings=corrected)
    np.testing.assert_array_equal(np.load(paths[1]), before)


@pytest.mark.parametrize(
    ("front_end", "words", "said"),
    [
        ("images", {"stft_points": 4096}, "images does not use stft_points"),
        ("tagger_mn04", {"mel_of": "magnitude"}, "tagger_mn04 does not use mel_of"),
        ("paper", {"resize_filter": "nearest"}, "paper does not use resize_filter"),
        ("paper", {"stft_points": 2048}, "stft_points: found 2048, expected one of 1024, 4096"),
        ("paper", {"resampler": "linear"}, "resampler: found 'linear', expected one of soxr_hq, kaiser_best"),
    ],
)
def test_a_switch_that_a_front_end_does_not_use_is_refused(folder, front_end, words, said):
    with pytest.raises(ConfigError, match=said):
        features(folder / "in", folder / "index.csv", front_end, folder / "i", folder / "a", settings=Switches(**words))


def test_the_released_program_front_end_is_the_paper_front_end_with_its_switches():
    vector = np.load(VECTORS / "released_logmel.npz")
    wave = np.resize(vector["wave_1s"], 160000)
    found = front_ends.paper(wave, 4096, "magnitude", 80.0)
    # frames whose 4096 points lie within the first second
    np.testing.assert_allclose(found[6:33], vector["logmel_1s"][6:33], atol=1e-3)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0,-8,0", "positive deviations"),
        ("0,-8,nan", "finite"),
        ("0,-8,x", "could not convert"),
        ("64,0,1", "found '0'"),
    ],
)
def test_a_normaliser_from_a_file(folder, line, said):
    run(folder, "images", "i")
    run(folder, "paper", "s")
    (folder / "splits.csv").write_text(SPLITS)
    names = ("i.pooled.npy", "i.ids.csv", "s.pooled.npy", "s.ids.csv", "splits.csv")
    given = protocols.ROOT / protocols.OTHER["sound_normaliser"]
    found = _made(folder, names, "paper", given=given)
    expected = np.loadtxt(given, delimiter=",", skiprows=1, dtype=np.float32)
    np.testing.assert_array_equal(found["sound_mean"], expected[:, 1])
    np.testing.assert_array_equal(found["sound_std"], expected[:, 2])
    lines = given.read_text().splitlines()
    (folder / "wrong.csv").write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")
    with pytest.raises(MediaError, match=said):
        _made(folder, names, "paper", given=folder / "wrong.csv")


def _normalise(folder: Path, splits: str) -> dict[str, np.ndarray]:
    (folder / "splits.csv").write_text(splits)
    names = ("i.pooled.npy", "i.ids.csv", "s.pooled.npy", "s.ids.csv", "splits.csv")
    return _made(folder, names, "paper")


def _made(folder, names, front_end, **given) -> dict[str, np.ndarray]:
    made = {kind: folder / f"normaliser.{kind}.npz" for kind in ("image", "sound")}
    normaliser(*(folder / name for name in names), front_end, *made.values(), **given)
    return {f"{kind}_{word}": value for kind, path in made.items() for word, value in np.load(path).items()}


SPLITS = "id,split\n00000,train\n00001,val\n00002,test\n00003,train\n00004,test\n"


def test_the_normaliser_is_numpy_s_mean_and_deviation_of_training_clips(folder):
    _, pictures = run(folder, "images", "i")
    _, sounds = run(folder, "paper", "s")
    found = _normalise(folder, SPLITS)
    pictures, sounds = pictures[[0, 3]].astype(np.float64) / 255, sounds[[0, 3]].astype(np.float64)
    np.testing.assert_allclose(found["image_mean"], pictures.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(found["image_std"], pictures.std(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(found["sound_mean"], sounds.mean(axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(found["sound_std"], sounds.std(axis=(0, 1)), rtol=1e-6)
    assert {value.dtype for value in found.values()} == {np.dtype(np.float32)}


def test_validation_and_test_clips_change_nothing(folder):
    run(folder, "images", "i")
    run(folder, "paper", "s")
    _normalise(folder, SPLITS)
    before = (folder / "normaliser.sound.npz").read_bytes()
    for name in ("i.pooled.npy", "s.pooled.npy"):
        array = np.load(folder / name)
        array[[1, 2, 4]] = 77
        np.save(folder / name, array)
    _normalise(folder, SPLITS)
    assert (folder / "normaliser.sound.npz").read_bytes() == before
    changed = np.load(folder / "s.pooled.npy")
    changed[3] += 1
    np.save(folder / "s.pooled.npy", changed)
    _normalise(folder, SPLITS)
    assert (folder / "normaliser.sound.npz").read_bytes() != before


def test_a_band_that_never_varies_is_said_aloud(folder, capsys):
    run(folder, "images", "i")
    _, sounds = run(folder, "paper", "s")
    sounds[..., 5] = -100
    np.save(folder / "s.pooled.npy", sounds)
    found = _normalise(folder, SPLITS)
    assert (found["sound_mean"][5], found["sound_std"][5]) == (-100, 1)
    assert "mel bands [5] are constant" in capsys.readouterr().err


def test_a_training_clip_without_features(folder):
    run(folder, "images", "i")
    run(folder, "paper", "s")
    with pytest.raises(PairingError, match="1 of 3 clips are missing: 00009"):
        _normalise(folder, SPLITS + "00009,train\n")


def test_the_tagger_scales_itself(folder):
    run(folder, "images", "i")
    run(folder, "tagger_mn04", "s")
    (folder / "splits.csv").write_text(SPLITS)
    names = ("i.npy", "i.ids.csv", "s.npy", "s.ids.csv", "splits.csv")
    found = _made(folder, names, "tagger_mn04")
    np.testing.assert_array_equal(found["sound_mean"], np.zeros(128))
    np.testing.assert_array_equal(found["sound_std"], np.ones(128))
