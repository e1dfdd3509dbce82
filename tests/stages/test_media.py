"""The media stage on small real files, and on the developers' real folder."""

import csv
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from overheard.errors import ConfigError, MediaError
from overheard.io import picture_files
from overheard.stages.media import Settings, media
from overheard.stages.split import Settings as SplitSettings
from overheard.stages.split import split

SETTINGS = Settings(seed=0, classes=None, bands=None, channels=None)


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (32, 24), seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], bands), dtype=np.uint8)
    Image.fromarray(values.squeeze(), mode=None).save(path)
    return path


def sound(path: Path, seconds: float = 3.0, rate: int = 8000, channels: int = 1, seed: int = 0, **how) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * rate), channels)).astype(np.float32)
    soundfile.write(path, samples, rate, **how)
    return path


def folder(root: Path, classes: tuple[str, ...] = ("lake", "sparse shrub land"), locations: int = 3) -> Path:
    """Pairs with a base clip and an offset copy for each location."""
    for number, name in enumerate(classes):
        for place in range(locations):
            for suffix in ("", "_1"):
                seed = 100 * number + 10 * place + len(suffix)
                picture(root / f"vision/{name}/{number}{place:04d}{suffix}.jpg", seed=seed)
                sound(root / f"sound/{name}/{number}{place:04d}{suffix}.wav", seed=seed)
    return root


def run(root: Path, out: Path, collection: str = "pairs", settings: Settings = SETTINGS, workers: int = 1) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / name for name in ("index.csv", "manifest.csv", "statistics.csv", "report.md")]
    media(root, collection, settings, *paths, workers)
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_index_manifest_and_statistics(tmp_path):
    root = folder(tmp_path / "in")
    out = run(root, tmp_path / "out")
    index = rows(out / "index.csv")
    assert [row["id"] for row in index] == sorted(
        f"{n}{p:04d}{s}" for n in range(2) for p in range(3) for s in ("", "_1")
    )
    assert index[0] == {
        "id": "00000",
        "class": "lake",
        "location": "00000",
        "recording": "00000",
        "lat": "",
        "lon": "",
        "image": "vision/lake/00000.jpg",
        "sound": "sound/lake/00000.wav",
        "sound_start_s": "0.0",
        "sound_duration_s": "3.0",
        "split": "",
        "bands": "",
    }
    manifest = rows(out / "manifest.csv")
    assert len(manifest) == 24
    for line in manifest:
        content = (root / line["path"]).read_bytes()
        assert (line["sha256"], int(line["bytes"])) == (hashlib.sha256(content).hexdigest(), len(content))
    assert rows(out / "statistics.csv")[1] == {
        "class": "sparse shrub land",
        "pairs": "6",
        "locations": "3",
        "recordings": "3",
    }


def test_workers_and_the_folder_s_name_change_no_byte(tmp_path):
    first = run(folder(tmp_path / "in"), tmp_path / "one")
    second = run(folder(tmp_path / "élsewhere {0} 100% 'x'"), tmp_path / "two", workers=2)
    for name in ("index.csv", "manifest.csv", "statistics.csv", "report.md"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_names_with_spaces_quotes_braces_percent_and_other_scripts(tmp_path):
    name = "a b'c\"d {e} 50% ä 湖 $x,y"
    for suffix in ("1", "2"):
        picture(tmp_path / f"in/vision/{name}/{name}{suffix}.png", seed=int(suffix))
        sound(tmp_path / f"in/sound/{name}/{name}{suffix}.flac", seed=int(suffix))
    index = rows(run(tmp_path / "in", tmp_path / "out") / "index.csv")
    assert [(row["id"], row["class"]) for row in index] == [(f"{name}1", name), (f"{name}2", name)]


def test_hidden_files_masks_and_truth_are_left_alone(tmp_path):
    root = folder(tmp_path / "in")
    (root / "vision/lake/.DS_Store").write_bytes(b"x")
    picture(root / "mask/lake/00000.png")
    (root / "truth").mkdir()
    (root / "truth/latents.csv").write_text("id\n")
    (root / "LICENSE.txt").write_text("x")
    out = run(root, tmp_path / "out")
    assert len(rows(out / "index.csv")) == 12
    assert "not read: LICENSE.txt\n" in (out / "report.md").read_text()


def test_short_long_and_in_between(tmp_path):
    for number, seconds in enumerate((1.999, 2.0, 10.0, 25.0)):
        picture(tmp_path / f"in/vision/lake/0000{number}.png", seed=number)
        sound(tmp_path / f"in/sound/lake/0000{number}.wav", seconds, seed=number)
    out = run(tmp_path / "in", tmp_path / "out")
    windows = {row["id"]: (row["sound_start_s"], row["sound_duration_s"]) for row in rows(out / "index.csv")}
    assert windows["00001"] == ("0.0", "2.0")
    assert windows["00002"] == ("0.0", "10.0")
    start, duration = map(float, windows["00003"])
    assert duration == 10
    assert 0 < start < 15
    assert "00000" not in windows
    assert "- 00000: 1.999 s" in (out / "report.md").read_text()
    other = run(tmp_path / "in", tmp_path / "other", settings=Settings(1, None, None, None))
    assert rows(other / "index.csv")[2]["sound_start_s"] != windows["00003"][0]


def test_a_window_does_not_depend_on_the_other_files(tmp_path):
    root = folder(tmp_path / "in")
    sound(root / "sound/lake/00001.wav", 15)
    before = rows(run(root, tmp_path / "one") / "index.csv")
    (root / "sound/lake/00000.wav").unlink()
    (root / "vision/lake/00000.jpg").unlink()
    after = rows(run(root, tmp_path / "two") / "index.csv")
    assert after == [row for row in before if row["id"] != "00000"]


def test_a_silent_clip_and_a_repeated_one_are_warnings(tmp_path, capsys):
    root = folder(tmp_path / "in")
    soundfile.write(root / "sound/lake/00000.wav", np.zeros(30000), 8000)
    (root / "sound/lake/00002.wav").write_bytes((root / "sound/lake/00001.wav").read_bytes())
    report = (run(root, tmp_path / "out") / "report.md").read_text()
    assert "1 clips silent or nearly so, under -70 dBFS: 00000 (-inf dBFS)" in report
    assert "sound/lake/00001.wav = sound/lake/00002.wav" in report
    assert "warning: 1 clips silent" in capsys.readouterr().err


def test_metadata_is_read_and_in_the_manifest(tmp_path):
    root = folder(tmp_path / "in", ("lake", "beach"))
    lines = ["\ufeffid,class,location,lat,lon,split"]
    for number, name in enumerate(("lake", "beach")):
        for place, word in enumerate(("train", "val", "test")):
            row = f"{name},{name}{place},{number}.5,{place},{word}"
            lines += [f"{number}000{place}{suffix},{row}" for suffix in ("", "_1")]
    (root / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = run(root, tmp_path / "out")
    assert "metadata.csv" in [line["path"] for line in rows(out / "manifest.csv")]
    for fold in range(5):
        split(out / "index.csv", fold, SplitSettings([0.7, 0.1, 0.2], 0, 5), out / f"splits-{fold}.csv")
    found = rows(out / "splits-0.csv")
    assert {line["id"]: line["split"] for line in found}["00001_1"] == "val"
    # the user's own split is no fold: the same in each
    assert {line["fold"] for line in found} == {""}
    assert len({(out / f"splits-{fold}.csv").read_bytes() for fold in range(5)}) == 1


def test_scenes(tmp_path):
    for name in ("Pond", "Beach"):
        picture(tmp_path / f"in/{name}/1.jpg")
    out = run(tmp_path / "in", tmp_path / "out", "scenes", Settings(0, ["lake"], None, None))
    assert [tuple(row.values()) for row in rows(out / "index.csv")] == [
        ("Beach/1", "Beach", "Beach/1.jpg", ""),
        ("Pond/1", "Pond", "Pond/1.jpg", ""),
    ]


def test_tagged_sounds(tmp_path):
    sound(tmp_path / "in/sound/a.wav", 4)
    (tmp_path / "in/tags.csv").write_text("id,events\na,0 137\n")
    out = run(tmp_path / "in", tmp_path / "out", "sounds")
    assert rows(out / "index.csv") == [
        {"id": "a", "sound": "sound/a.wav", "events": "0 137", "sound_start_s": "0.0", "sound_duration_s": "4.0"}
    ]
    # 0 is Speech and 137 Music in AudioSet's order
    assert [row["class"] for row in rows(out / "statistics.csv")] == ["Music", "Speech"]


# pictures: what each form of file becomes


def test_grey_alpha_palette_and_sixteen_bits(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    grey = values[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    alpha = np.dstack([values, np.zeros((8, 8), np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "grey16.png")
    Image.fromarray(values).quantize(256, dither=Image.Dither.NONE).save(tmp_path / "palette.png")

    def read(name):
        return np.asarray(picture_files.read_picture(tmp_path / name))

    repeated = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(read("grey.png"), repeated)
    np.testing.assert_array_equal(read("grey16.png"), repeated)
    # colours under full transparency are kept: alpha is dropped, not blended
    np.testing.assert_array_equal(read("alpha.png"), values)
    assert read("palette.png").shape == (8, 8, 3)


def tiff(path: Path, values: np.ndarray, tiled: bool = False, planar: bool = False, deflate: bool = False) -> Path:
    """Write (height, width, bands) as a grey-with-extra-bands TIFF, by the letters of the TIFF 6.0 specification."""
    import zlib

    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, bands = values.shape
    pieces = [values[..., band : band + 1] for band in range(bands)] if planar else [values]
    if tiled:
        size = 16
        padded = np.pad(values, ((0, -height % size), (0, -width % size), (0, 0)))
        pieces = [
            padded[top : top + size, left : left + size]
            for top in range(0, padded.shape[0], size)
            for left in range(0, padded.shape[1], size)
        ]
    if deflate:  # with horizontal differences, as GDAL writes it
        pieces = [np.diff(piece, axis=1, prepend=np.zeros_like(piece[:, :1])) for piece in pieces]
    data = [piece.astype(values.dtype.newbyteorder("<")).tobytes() for piece in pieces]
    data = [zlib.compress(piece) for piece in data] if deflate else data
    offsets = np.cumsum([8, *map(len, data)]).tolist()
    tags = {256: width, 257: height, 258: [8 * values.itemsize] * bands, 259: 8 if deflate else 1, 262: 1, 277: bands}
    tags |= {284: 2 if planar else 1, 317: 2 if deflate else 1, 338: [0] * (bands - 1), 339: [1] * bands}
    where, sizes = (324, 325) if tiled else (273, 279)
    tags |= {where: offsets[:-1], sizes: [len(piece) for piece in data]}
    tags |= {322: 16, 323: 16} if tiled else {278: height}
    position = offsets[-1] + offsets[-1] % 2
    entries, extra, after = b"", b"", position + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        numbers = value if isinstance(value, list) else [value]
        packed = struct.pack(f"<{len(numbers)}L", *numbers)
        if len(numbers) > 1:
            extra, packed = extra + packed, struct.pack("<L", after + len(extra))
        entries += struct.pack("<HHL", tag, 4, len(numbers)) + packed
    body = b"".join(data) + b"\0" * (offsets[-1] % 2)
    head = b"II*\0" + struct.pack("<L", position)
    path.write_bytes(head + body + struct.pack("<H", len(tags)) + entries + struct.pack("<L", 0) + extra)
    return path


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize(("tiled", "planar"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_three_of_six_bands(tmp_path, dtype, tiled, planar, deflate):
    top = np.iinfo(dtype).max
    values = np.random.default_rng(0).integers(0, top + 1, (20, 37, 6), dtype=dtype)
    path = tiff(tmp_path / "six.tif", values, tiled, planar, deflate)
    expected = np.round(values[..., [4, 0, 2]] * (255 / top))
    np.testing.assert_array_equal(np.asarray(picture_files.read_picture(path, [4, 0, 2])), expected)


def test_more_bands_need_a_choice_which_is_kept_in_the_index(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (20, 30, 5), dtype=np.uint8)
    tiff(tmp_path / "in/vision/lake/00001.tif", values)
    sound(tmp_path / "in/sound/lake/00001.wav")
    with pytest.raises(
        MediaError, match=r"vision/lake/00001.tif: 5 bands; say which three .*source.bands: \[2, 1, 0\]"
    ):
        run(tmp_path / "in", tmp_path / "out")
    out = run(tmp_path / "in", tmp_path / "out", settings=Settings(0, None, [3, 1, 0], None))
    assert rows(out / "index.csv")[0]["bands"] == "3 1 0"
    with pytest.raises(MediaError, match="5 bands found, bands \\[5, 1, 0\\] asked for"):
        run(tmp_path / "in", tmp_path / "out", settings=Settings(0, None, [5, 1, 0], None))


def test_sixteen_bit_colour_png_is_within_one_level(tmp_path):
    # Pillow itself keeps the high byte of such a file
    import zlib

    values = np.random.default_rng(0).integers(0, 65536, (4, 4, 3), dtype=np.uint16)
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)

    def chunk(kind, content):
        return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))

    header = struct.pack(">LLBBBBB", 4, 4, 16, 2, 0, 0, 0)
    path = tmp_path / "x.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    )
    read = np.asarray(picture_files.read_picture(path)).astype(int)
    assert np.abs(read - np.round(values / 257)).max() <= 1


# real files of the developers


def test_the_real_sample(shared, tmp_path):
    out = run(shared / "data/advance_sample", tmp_path, workers=2)
    index = rows(out / "index.csv")
    assert len(index) == 208
    given = {row["id"]: row["split"] for row in rows(shared / "data/advance_sample/metadata.csv")}
    split(out / "index.csv", 0, SplitSettings([0.7, 0.1, 0.2], 0, 5), out / "splits.csv")
    assert {row["id"]: row["split"] for row in rows(out / "splits.csv")} == given
    # named as near-silent in the folder's own README
    assert "91211" in (out / "report.md").read_text()
    sums = dict(
        line.split()[::-1]
        for line in (shared / "data/advance_sample/SHA256SUMS").read_text().splitlines()
        if len(line.split()) == 2
    )
    ours = {row["path"]: row["sha256"] for row in rows(out / "manifest.csv")}
    same = [path for path in ours if sums.get(path.removeprefix("./"), sums.get("./" + path)) == ours[path]]
    assert len(same) > 300


def test_real_files_in_other_formats(shared, tmp_path):
    robust = shared / "data/robust"
    pictures = ["aid_bridge_1_150px.jpg", "ucmerced_airplane00.tif", "naip_4band_rgbn_palm_springs_2020_57.tif"]
    pictures += ["deepforest_SOAP_031.png", "ucmerced_airplane04_grey.png", "ucmerced_airplane04_rgba.png"]
    sounds = ["esc10_1-100032-A_5s_44100_mono.ogg", "wind_44100_stereo.ogg", "wind_44100_stereo_pcm16_10s.wav"]
    sounds += [
        "wind_44100_stereo_pcm16_2.5s.wav",
        "metro_station-paris_44100_mono_pcm24.wav",
        "dog-barking_24000_stereo.mp3",
    ]
    for number, (one, other) in enumerate(zip(pictures, sounds, strict=True)):
        for kind, name in (("vision", one), ("sound", other)):
            path = tmp_path / f"in/{kind}/lake/0000{number}{Path(name).suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((robust / name).read_bytes())
    out = run(tmp_path / "in", tmp_path / "out")
    durations = [float(row["sound_duration_s"]) for row in rows(out / "index.csv")]
    assert durations == pytest.approx([5, 10, 10, 2.5, 10, 10], abs=0.01)
    report = (out / "report.md").read_text()
    assert "1 clips with a picture of more than three bands" in report
    # its first three bands are what Pillow shows, its fourth is near infrared
    path = robust / pictures[2]
    with Image.open(path) as shown:
        np.testing.assert_array_equal(np.asarray(picture_files.read_picture(path)), np.asarray(shown.convert("RGB")))
    infrared = np.asarray(picture_files.read_picture(path, [3, 0, 1]))
    with Image.open(path) as shown:
        np.testing.assert_array_equal(infrared[..., 1:], np.asarray(shown.convert("RGB"))[..., :2])
    assert not np.array_equal(infrared[..., 0], infrared[..., 1])


def test_a_class_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"source.classes: sea not in .*found lake, sparse shrub land"):
        run(folder(tmp_path / "in"), tmp_path / "out", settings=Settings(0, ["lake", "sea"], None, None))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(0, None, [1, 2], None), r"source.bands: found \[1, 2\]"),
        (Settings(0, None, None, "first"), "source.channels: found 'first'; allowed: mean"),
    ],
)
def test_impossible_settings(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        run(folder(tmp_path / "in", ("lake",)), tmp_path / "out", settings=settings)
