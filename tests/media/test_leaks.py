"""Each way is planted in small data, found, taken away, and gone; likeness against imagehash, scipy and real media."""

import csv
import io

import numpy as np
import pytest
from scipy import ndimage, signal

from overheard.media import fingerprints, leak_lines, leaks

SPLIT = {"a1": "train", "a2": "train", "b1": "val", "c1": "test", "c2": "test"}
SCENE = {"a1": "lake", "a2": "forest", "b1": "lake", "c1": "lake", "c2": "forest"}
PLACE = {"a1": "a", "a2": "x", "b1": "b", "c1": "c", "c2": "y"}


def by_split(lines: list[leak_lines.Line], way: str) -> dict[str, leak_lines.Line]:
    return {line.clips_of: line for line in lines if line.way == way}


def keys(values: dict[str, str]) -> dict[str, set[str]]:
    return {clip: {value} if value else set() for clip, value in values.items()}


def test_a_location_in_two_splits_is_found_and_gone():
    clean = by_split(leaks.shared_lines("location", keys(PLACE), SPLIT, SCENE), "location")
    assert [(line.found, line.of, line.clips) for line in clean.values()] == [(0, 2, ()), (0, 1, ())]
    planted = by_split(leaks.shared_lines("location", keys(PLACE | {"c1": "b"}), SPLIT, SCENE), "location")
    # a test clip must not meet validation either; the validation clip meets no training clip
    assert planted["test"].clips == ("c1 ~ b1",)
    assert planted["test"].by_class == {"forest": (0, 1), "lake": (1, 1)}
    assert planted["val"].found == 0


def test_clips_without_a_key_are_counted_not_compared():
    lines = by_split(leaks.shared_lines("recording", keys(PLACE | {"c1": "", "a1": ""}), SPLIT, SCENE), "recording")
    assert (lines["test"].found, lines["test"].of) == (0, 1)
    assert lines["test"].remark == "1 of 2 clips have none"
    nothing = leaks.shared_lines("recording", keys(dict.fromkeys(SPLIT, "")), SPLIT, SCENE)
    assert [line.examined for line in nothing] == [False, False]
    assert not any(line.leaks for line in nothing)


def test_a_clip_in_two_splits_is_found_in_both():
    lines = by_split(leaks.clip_lines([*SPLIT.items(), ("a1", "test")], SCENE), "clip")
    assert lines["test"].clips == ("a1 (test, train)",)
    assert (lines["test"].of, lines["val"].found) == (3, 0)
    assert not any(line.leaks for line in leaks.clip_lines([*SPLIT.items(), ("a1", "train")], SCENE))


def test_distances_agree_with_scikit_learns_haversine():
    from sklearn.neighbors import BallTree

    rng = np.random.default_rng(3)
    # around the date line and a pole, where flat distances are wrong
    date_line = rng.normal((0, 180), 0.02, (150, 2))
    pole = np.c_[rng.normal(89.9, 0.02, 150), rng.uniform(-180, 180, 150)]
    degrees = np.concatenate([date_line, pole])
    degrees[:, 1] = (degrees[:, 1] + 180) % 360 - 180
    split = {f"{row:03d}": ("train", "val", "test")[row % 3] for row in range(300)}
    scene = dict.fromkeys(split, "lake")
    words = np.array(list(split.values()))
    lines = by_split(leaks.near_lines(dict(zip(split, map(tuple, degrees), strict=True)), split, scene, 400.0), "near")
    for held, met in leak_lines.UNSEEN_BY.items():
        others, own = np.flatnonzero(np.isin(words, met)), np.flatnonzero(words == held)
        away, nearest = BallTree(np.radians(degrees[others]), metric="haversine").query(np.radians(degrees[own]))
        metres = away[:, 0] * leaks.EARTH_RADIUS_M
        expected = [
            f"{row:03d} ~ {others[other]:03d} ({far:.0f} m)"
            for row, other, far in zip(own, nearest[:, 0], metres, strict=True)
            if far < 400
        ]
        assert 10 < len(expected) < len(own)
        assert list(lines[held].clips) == expected


def test_clips_without_a_coordinate_are_counted():
    places = {"a1": (10.0, 20.0), "a2": None, "b1": None, "c1": (10.0, 20.002), "c2": None}
    lines = by_split(leaks.near_lines(places, SPLIT, SCENE), "near")
    assert lines["test"].clips == ("c1 ~ a1 (219 m)",)  # 0.002 degrees × 111,195 m × cos 10°
    assert lines["test"].remark == "nearer than 256 m; 1 of 2 clips have no coordinate"
    assert by_split(leaks.near_lines(places, SPLIT, SCENE, 218.0), "near")["test"].found == 0
    assert lines["val"].of == 0
    assert not leaks.near_lines(dict.fromkeys(SPLIT), SPLIT, SCENE)[0].examined


def test_clips_used_for_a_product_are_found_and_their_locations():
    lines = leaks.used_lines("prior", ["a1", "a2", "c1"], SPLIT, PLACE | {"c2": "a", "c1": "c"}, SCENE)
    assert by_split(lines, "prior")["test"].clips == ("c1",)
    assert by_split(lines, "prior_location")["test"].clips == ("c1", "c2")
    assert by_split(lines, "prior")["val"].found == 0
    clean = leaks.used_lines("prior", ["a1", "a2"], SPLIT, PLACE, SCENE)
    assert {line.way for line in clean} == {"prior"}
    assert not any(line.leaks for line in clean)


@pytest.mark.parametrize(
    ("used", "found", "remark"),
    [
        (["a1", "a2"], {"test": 0, "val": 0}, "the clips of train alone give"),
        (["a1", "a2", "c1", "c2"], {"test": 2, "val": 0}, "the clips of train and test alone give"),
        (["a1", "a2", "b1"], {"test": 0, "val": 1}, "the clips of train and val alone give"),
        (list(SPLIT), {"test": 2, "val": 1}, "all clips give"),
        (["a1", "c1"], {"test": None, "val": None}, "not explained by the training clips alone"),
        (["a1"], {"test": None, "val": None}, "not explained"),
    ],
)
def test_a_product_says_what_it_was_made_from(used, found, remark):
    numbers = dict(zip(SPLIT, np.random.default_rng(0).normal(size=(5, 7)), strict=True))

    def mean(ids):
        return {"mean": np.mean([numbers[clip] for clip in ids], axis=0)}

    stored = {"mean": mean(used)["mean"].astype(np.float32)}
    lines = by_split(leaks.product_lines("prior", stored, [mean], SPLIT, PLACE, SCENE), "prior")
    assert {word: line.found for word, line in lines.items()} == found
    assert remark in lines["test"].remark
    # what nobody can explain is a leak until it is explained
    assert any(line.leaks for line in lines.values()) == (used != ["a1", "a2"])


def test_a_product_of_nearly_all_of_many_clips_is_told_apart():
    # one clip more among 4,000
    rng = np.random.default_rng(1)
    split = {f"{row:04d}": "train" for row in range(4000)} | {"x": "test"}
    numbers = dict(zip(split, rng.normal(-30, 8, (4001, 64)), strict=True))
    scene = dict.fromkeys(split, "lake")
    stored = {"mean": np.mean(list(numbers.values()), axis=0).astype(np.float32)}
    recipe = lambda ids: {"mean": np.mean([numbers[clip] for clip in ids], axis=0)}  # noqa: E731
    lines = by_split(leaks.product_lines("normaliser_sound", stored, [recipe], split, scene, scene), "normaliser_sound")
    assert lines["test"].clips == ("x",)


def test_the_report_knows_what_is_allowed_and_what_was_not_examined():
    lines = [
        *leaks.used_lines("prior", ["a1", "c1"], SPLIT, PLACE, SCENE, "a|b"),
        *leak_lines.not_examined("near", "no clip has a coordinate"),
        *leaks.clip_lines(list(SPLIT.items()), SCENE),
    ]
    report = leak_lines.report("twin", lines)
    assert [line.way for line in report.forbidden] == ["prior", "prior_location"]
    assert report.has_forbidden
    assert not leak_lines.report("twin", lines, ["prior", "prior_location"]).has_forbidden
    assert [line.way for line in leak_lines.report("twin", lines, ["prior"]).forbidden] == ["prior_location"]
    assert {line.way for line in report.not_examined} == {"near"}
    row = next(row for row in report.as_table() if row["found"] == "1")
    assert row["way"] == leak_lines.WAYS["prior"]
    assert (row["of"], row["allowed"], row["clips"]) == ("2", "no", "c1")
    text = report.as_markdown()
    assert "2 with a leak that the protocol forbids" in text
    assert "2 not examined" in text
    assert text.count("p(e\\|s) was made from it") == 2
    with pytest.raises(ValueError, match="no such way: weather"):
        leak_lines.report("twin", lines, ["weather"])


def test_long_lists_are_cut_and_counted():
    split = {f"{row:02d}": "test" for row in range(15)} | {"t": "train"}
    lines = leaks.shared_lines("location", {clip: {"here"} for clip in split}, split, dict.fromkeys(split, "lake"))
    row = leak_lines.report("", lines).as_table(shown=3)[0]
    assert row["clips"] == "00 ~ t, 01 ~ t, 02 ~ t, and 12 more"
    assert row["found"] == "15"


def test_the_lines_of_folds_are_added_up_and_found_clips_named_with_theirs():
    other = {"a1": "test", "a2": "test", "b1": "train", "c1": "train", "c2": "train"}
    folds = {0: SPLIT, 3: other}
    lines = {
        fold: leaks.shared_lines("location", keys(PLACE | {"c1": "b", "a1": "b"}), split, SCENE)
        for fold, split in folds.items()
    }
    apart = {fold: by_split(of_fold, "location")["test"] for fold, of_fold in lines.items()}
    whole = by_split(leak_lines.over_folds(lines), "location")["test"]
    assert whole.found == sum(line.found for line in apart.values()) == len(whole.clips)
    assert whole.of == sum(line.of for line in apart.values())
    assert whole.clips == tuple(f"fold {fold}: {clip}" for fold, line in apart.items() for clip in line.clips)
    for name, (found, of) in whole.by_class.items():
        each = [line.by_class.get(name, (0, 0)) for line in apart.values()]
        assert (found, of) == (sum(pair[0] for pair in each), sum(pair[1] for pair in each))
    assert leak_lines.over_folds({0: lines[0]}) == lines[0]
    assert leak_lines.over_folds({0: lines[0], 1: lines[0]}, one=True) == lines[0]


def test_what_only_some_folds_examined_stands_in_two_lines():
    known = leaks.used_lines("prior", ["a1", "a2"], SPLIT, PLACE, SCENE, "by its column")
    lines = leak_lines.over_folds({0: known, 1: leak_lines.not_examined("prior", "no column"), 2: known})
    test = [line for line in lines if line.clips_of == "test"]
    assert [(line.examined, line.remark) for line in test] == [
        (True, "by its column"),
        (False, "not examined: no column"),
    ]
    assert test[0].of == 2 * known[0].of
    unknown = [leak_lines.Line("prior", "test", None, 5)]
    both = leak_lines.over_folds({0: unknown, 1: known[:1]})[0]
    assert (both.found, both.of, both.leaks) == (None, 5 + known[0].of, True)


# --- pictures


def picture(seed: int, size: int = 256) -> np.ndarray:
    """Fields of random colours under clouds, as smooth as a photograph."""
    rng = np.random.default_rng(seed)
    fields = np.kron(rng.uniform(0, 255, (8, 8, 3)), np.ones((32, 32, 1)))
    clouds = ndimage.gaussian_filter(rng.normal(0, 900, (256, 256, 3)), (9, 9, 0), mode="wrap")
    values = np.clip(fields * 0.5 + 64 + clouds + rng.normal(0, 4, (256, 256, 3)), 0, 255).astype(np.uint8)
    return values if size == 256 else resized(values, size)


def resized(values: np.ndarray, size: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(values).resize((size, size), Image.Resampling.BICUBIC))


def jpeg(values: np.ndarray, quality: int) -> np.ndarray:
    from PIL import Image

    Image.fromarray(values).save(stream := io.BytesIO(), "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


COPIES = {
    "quality 50": lambda values: jpeg(values, 50),
    "half the size, quality 50": lambda values: resized(jpeg(resized(values, 128), 50), 256),
    "a quarter of the size": lambda values: resized(resized(values, 64), 256),
    "mirrored, quality 50": lambda values: jpeg(values[:, ::-1], 50),
    "upside down": lambda values: values[::-1],
    "turned by a quarter": lambda values: np.rot90(values),
    "transposed": lambda values: values.transpose(1, 0, 2),
    "brighter": lambda values: np.clip(values * 1.2, 0, 255).astype(np.uint8),
}


def alike(first: list[np.ndarray], second: list[np.ndarray]) -> set[tuple[int, int]]:
    found = fingerprints.alike_pictures(*(fingerprints.picture_hashes(np.stack(part)) for part in (first, second)))
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("change", COPIES.values(), ids=list(COPIES))
def test_a_copy_of_a_picture_is_found_and_nothing_else(change):
    own = [picture(seed) for seed in range(20)]
    strangers = [picture(seed) for seed in range(100, 140)]
    assert alike(own, strangers) == set()
    assert alike(own, [*strangers[:7], change(own[4]), *strangers[7:]]) == {(4, 7)}


def test_bits_and_their_distance_are_those_of_imagehash():
    import imagehash
    from PIL import Image

    first, second = picture(1), jpeg(picture(1), 20)
    hashes = fingerprints.picture_hashes(np.stack([first, second]))
    theirs = [imagehash.phash(Image.fromarray(values), hash_size=16) for values in (first, second)]
    assert (hashes[0, 0] == theirs[0].hash.ravel()).all()
    found = fingerprints.alike_pictures(hashes[:1], hashes[1:])
    assert found.value.tolist() == [theirs[0] - theirs[1]]
    assert found.value[0] > 0


def test_pictures_of_one_colour_are_not_alike():
    plain = [np.full((256, 256, 3), level, np.uint8) for level in (0, 90, 255)]
    assert fingerprints.blank(fingerprints.picture_hashes(np.stack([*plain, picture(0)]))).tolist() == [
        True,
        True,
        True,
        False,
    ]
    assert alike(plain, plain) == set()


def test_real_pictures_and_their_copies(shared):
    from PIL import Image

    files = sorted((shared / "data/advance_sample/vision").glob("*/*.jpg"))
    values = [np.asarray(Image.open(path).convert("RGB")) for path in files]
    hashes = fingerprints.picture_hashes(np.stack(values))
    for name, change in COPIES.items():
        copies = fingerprints.picture_hashes(np.stack([change(picture) for picture in values]))
        found = fingerprints.alike_pictures(hashes, copies)
        pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
        # clipped highlights make another picture; everything else is found without exception
        missed = [row for row in range(len(files)) if (row, row) not in pairs]
        assert len(missed) <= (3 if name == "brighter" else 0), name
        # what else is found is another clip of the same location: a cut of the same picture
        others = {(files[row].stem[:5], files[other].stem[:5]) for row, other in pairs if row != other}
        assert all(place == another for place, another in others), name


# --- sounds


def field_recording(seed: int, seconds: float) -> np.ndarray:
    """Coloured noise, swelling and ebbing in three bands: 16 kHz."""
    rng = np.random.default_rng(seed)
    total = np.zeros(int(seconds * 16000))
    for low, high in ((100, 700), (700, 2500), (2500, 7500)):
        band = signal.sosfilt(
            signal.butter(2, (low, high), "band", fs=16000, output="sos"), rng.normal(size=len(total))
        )
        knots = rng.uniform(0.1, 1, int(seconds * 3) + 2)
        total += band * np.interp(np.arange(len(total)) / 16000 * 3, np.arange(len(knots)), knots)
    return (total * 0.1).astype(np.float32)


def log_mel(samples: np.ndarray) -> np.ndarray:
    from overheard.media.front_ends import paper

    return paper(np.ascontiguousarray(np.resize(samples, 160000), dtype=np.float32))


def coded(samples: np.ndarray, rate: int, form: str, subtype: str) -> np.ndarray:
    import soundfile
    import soxr

    soundfile.write(stream := io.BytesIO(), soxr.resample(samples, 16000, rate), rate, format=form, subtype=subtype)
    stream.seek(0)
    return soxr.resample(soundfile.read(stream, dtype="float32")[0], rate, 16000)


RECORDINGS = {
    "quieter": lambda sound: sound[:160000] * 0.03,
    "later by 3.34 s": lambda sound: sound[53441:213441],
    "later by 6.01 s": lambda sound: sound[96160:256160],
    "Ogg": lambda sound: coded(sound[:160000], 16000, "OGG", "VORBIS"),
    "FLAC of 22050 Hz": lambda sound: coded(sound[:160000], 22050, "FLAC", "PCM_16"),
    "all at once": lambda sound: coded(sound[53441:213441] * 0.3, 11025, "OGG", "VORBIS"),
}


@pytest.fixture(scope="module")
def recordings() -> list[np.ndarray]:
    return [field_recording(seed, 16.5) for seed in range(12)]


@pytest.fixture(scope="module")
def prints(recordings) -> fingerprints.SoundPrints:
    return fingerprints.sound_prints(np.stack([log_mel(sound[:160000]) for sound in recordings]))


def found_sounds(first, second, **options) -> set[tuple[int, int]]:
    found = fingerprints.alike_sounds(first, second, **options)
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("change", RECORDINGS.values(), ids=list(RECORDINGS))
def test_a_recording_is_found_under_another_name_and_nothing_else(change, recordings, prints):
    other = [*recordings[8:], change(recordings[3])]
    strangers = [field_recording(seed, 10) for seed in range(50, 53)]
    theirs = fingerprints.sound_prints(np.stack([log_mel(sound) for sound in [*strangers, other[-1]]]))
    assert found_sounds(prints, theirs) == {(3, 3)}
    assert found_sounds(theirs, prints) == {(3, 3)}


def test_many_are_compared_in_blocks(recordings, prints, monkeypatch):
    pictures = fingerprints.picture_hashes(np.stack([picture(seed) for seed in range(8)]))
    late = fingerprints.sound_prints(np.stack([log_mel(sound[53441:213441]) for sound in recordings]))
    monkeypatch.setattr(fingerprints, "_ROWS", 3)
    assert found_sounds(prints, late) == {(row, row) for row in range(12)}
    found = fingerprints.alike_pictures(pictures, pictures[::-1])
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(row, 7 - row) for row in range(8)]


def test_windows_that_hardly_overlap_are_not_found():
    # 2 s in common are too few: the same 18 s, from 0 s and from 8 s on
    prints = fingerprints.sound_prints(log_mel(field_recording(3, 18)[:160000])[None])
    late = fingerprints.sound_prints(log_mel(field_recording(3, 18)[128000:])[None])
    assert found_sounds(prints, late) == set()


def test_silence_is_like_nothing(prints):
    silent = fingerprints.sound_prints(np.full((2, 400, 64), -100, np.float32))
    assert silent.silent.all()
    assert not prints.silent.any()
    # a constant hum is silence too
    hum = np.tile(np.random.default_rng(0).normal(-40, 9, 64).astype(np.float32), (3, 400, 1))
    assert fingerprints.sound_prints(hum).silent.all()
    assert found_sounds(silent, silent) == set()
    assert found_sounds(silent, prints) == set()


def barks(seed: int) -> np.ndarray:
    """Three knocks in digital silence: other noise, other lengths, decays and pauses each time."""
    rng, sound = np.random.default_rng(seed), np.zeros(160000, np.float32)
    for onset in rng.integers(0, 150000, 3):
        length = int(rng.integers(1000, 4000))
        knock = np.cumsum(rng.normal(size=length)) if seed % 2 else rng.normal(size=length)
        sound[onset : onset + length] = 0.1 * knock * np.linspace(1, 0, length) ** rng.uniform(0.5, 4)
    return sound


def test_barks_in_silence_are_not_one_recording(monkeypatch):
    values = fingerprints.sound_prints(np.stack([log_mel(barks(seed)) for seed in range(40)]))
    assert found_sounds(values, values) == {(row, row) for row in range(40)}
    # without a rule of their own some would be
    monkeypatch.setattr(fingerprints, "_SOUNDING_S", 0)
    assert len(found_sounds(values, values)) > 40


def engine(seed: int) -> np.ndarray:
    """Noise with a beat that all engines share, each from another moment on."""
    rng, seconds = np.random.default_rng(seed), np.arange(160000) / 16000
    beat = np.clip(np.sin(2 * np.pi * 1.7 * seconds + rng.uniform(0, 6)), 0, None) ** 4
    return ((beat + 0.05) * rng.normal(size=160000) * 0.1).astype(np.float32)


def test_two_engines_of_one_beat_are_not_one_recording():
    values = fingerprints.sound_prints(np.stack([log_mel(engine(seed)) for seed in range(8)]))
    assert found_sounds(values, values, least=0.2) == {(row, row) for row in range(8)}


def test_the_coarse_comparison_is_scipys_correlation():
    rng = np.random.default_rng(5)
    first, second = rng.normal(size=(2, 3, 100, 16)).astype(np.float32)
    second[1, :80] += 2 * first[2, 20:]
    best, shift = fingerprints._coarse(first, second)
    products = signal.correlate(first[2], second[1], mode="full", method="direct")[:, 15]
    shifts = signal.correlation_lags(100, 100)
    expected = {}
    for late, product in zip(shifts, products, strict=True):
        if 100 - abs(late) >= 30:
            own, other = first[2, max(late, 0) : 100 + min(late, 0)], second[1, max(-late, 0) : 100 - max(late, 0)]
            expected[late] = product / np.sqrt((own**2).sum() * (other**2).sum())
    assert shift[2, 1] == max(expected, key=expected.get) == 20
    assert best[2, 1] == pytest.approx(expected[20], rel=1e-5)


def test_front_ends_do_not_mix(prints):
    other = fingerprints.sound_prints(np.random.default_rng(0).normal(size=(1, 1000, 128)), fingerprints.tagger_decibel)
    assert other.fine.shape == (1, 500, 64)
    with pytest.raises(ValueError, match="expected one front end"):
        fingerprints.alike_sounds(prints, other)
    with pytest.raises(ValueError, match="at least 400 frames"):
        fingerprints.sound_prints(np.zeros((1, 100, 64)))


def test_the_taggers_front_end_finds_recordings_too(recordings):
    import soxr

    from overheard.media.front_ends import tagger_mn04

    def heard(sounds):
        log_mels = [tagger_mn04(np.resize(soxr.resample(sound, 16000, 32000), 320000)) for sound in sounds]
        return fingerprints.sound_prints(np.stack(log_mels), fingerprints.tagger_decibel)

    own = heard([sound[:160000] for sound in recordings[:6]])
    late = heard([sound[53441:213441] for sound in recordings[2:5]])
    assert found_sounds(own, late) == {(2, 0), (3, 1), (4, 2)}


def test_real_recordings(shared):
    from overheard.io.decoding import clip_samples

    with (shared / "data/advance_sample/metadata.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    sounds = [clip_samples(shared / "data/advance_sample" / row["sound_file"], 0, 10, 16000) for row in rows]
    prints = fingerprints.sound_prints(np.stack([log_mel(sound) for sound in sounds]))
    pairs = {pair for pair in found_sounds(prints, prints) if pair[0] < pair[1]}
    # 21,000 pairs of other recordings: no false alarm; every window that was turned in a circle is found
    assert all(rows[row]["recording"] == rows[other]["recording"] for row, other in pairs)
    rolled = [row for row, meta in enumerate(rows) if "rolled" in meta["recording_window"]]
    assert len(rolled) > 10
    assert {(row - 1, row) for row in rolled} <= pairs
    some = np.arange(0, len(sounds), 4)
    late = fingerprints.sound_prints(
        np.stack([log_mel(coded(sounds[row][53441:] * 0.3, 22050, "OGG", "VORBIS")) for row in some])
    )
    assert len({(row, row) for row in range(len(some))} & found_sounds(prints[some], late)) >= 0.9 * len(some)
