"""The media stage on folders that Hypothesis makes: right by a count that is not the project's, or one of our errors.

Valid folders are changed in ways that keep their structure: cells and columns of the table, names and links, the source
section of a configuration, headers of sounds and pictures. The same examples every time; many more in the long tier.
"""

import csv
import io
import os
import re
import struct
import tempfile
import unicodedata
from collections import defaultdict
from pathlib import Path

import made_folders as folders
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.errors import OverheardError
from overheard.media.names import SIDE_ENDINGS, SIDE_FILES, SIDE_FOLDERS
from overheard.stages.split import Settings as SplitSettings
from overheard.stages.split import split
from overheard.study.checking import check
from overheard.study.transfer.experiment import Experiment
from overheard.study.transfer.job_settings import media_settings
from overheard.study.yaml_file import parsed

LONG = 12
"""So many times as many examples in the long tier."""

CLASSES = ("airport", "beach")
CLIPS = [f"{number}{place:04d}" for number in range(2) for place in range(3)]
ENDINGS = {"vision": (".jpg", ".jpeg", ".png", ".tif", ".tiff"), "sound": (".wav", ".flac", ".ogg", ".mp3")}


def fuzz(examples: int, **strategies):
    """A test of so many examples, and one of many more that is long."""

    def two(body):
        def with_settings(number):
            chosen = settings(
                derandomize=True,
                max_examples=number,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            return chosen(given(**strategies)(body))

        @pytest.mark.parametrize("times", [1, pytest.param(LONG, marks=pytest.mark.long)])
        def test(times):
            with_settings(examples * times)()

        test.__doc__ = body.__doc__
        return test

    return two


# --- a count that is not the project's


def visible(folder: Path) -> list[str]:
    """Files below a folder that are neither hidden nor side files, by the page `Your own folder`."""
    found = []
    for place, below, files in os.walk(folder, followlinks=True):
        below[:] = [name for name in below if name[0] != "." and name.lower() not in map(str.lower, SIDE_FOLDERS)]
        names = [
            name
            for name in files
            if name[0] != "."
            and name.lower() not in map(str.lower, SIDE_FILES)
            and not any(name.lower().endswith(ending) for ending in SIDE_ENDINGS)
        ]
        found += [os.path.relpath(os.path.join(place, name), folder) for name in names]
    return found


def expected_pairs(folder: Path) -> dict[str, dict[str, str]]:
    """Class, picture and sound of every clip, joined by hand."""
    halves: dict[str, dict[str, str]] = defaultdict(dict)
    for path in visible(folder):
        part, *rest = path.split("/")
        if part in ENDINGS and len(rest) == 2 and os.path.splitext(rest[1])[1].lower() in ENDINGS[part]:
            halves["/".join([rest[0], os.path.splitext(rest[1])[0]])][part] = path
    return {
        clip.split("/", 1)[1]: {"class": clip.split("/")[0], "image": its["vision"], "sound": its["sound"]}
        for clip, its in halves.items()
        if len(its) == 2
    }


def bare(text: str) -> str:
    """A cell without blanks and formatting signs around it."""
    seen = [place for place, sign in enumerate(text) if not (sign.isspace() or unicodedata.category(sign) == "Cf")]
    return text[seen[0] : seen[-1] + 1] if seen else ""


def expected_rows(content: bytes) -> dict[str, dict[str, str]]:
    """The cells of metadata.csv by id, by the csv module alone."""
    lines = [line for line in re.split("\r\n|\r|\n", content.decode("utf-8-sig")) if line.strip()]
    rows = [dict(zip(map(bare, next(csv.reader(lines))), map(bare, cells), strict=True)) for cells in csv.reader(lines)]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows[1:]}


def compare(folder: Path, out: Path, seconds: dict[str, float], **chosen) -> None:
    """Run media and split; compare classes, locations, splits and seconds heard with what is counted here."""
    try:
        index, _ = folders.run(folder, out, **chosen)
    except OverheardError:
        return
    clips, given_rows = expected_pairs(folder), {}
    if (folder / "metadata.csv").exists():
        given_rows = expected_rows((folder / "metadata.csv").read_bytes())
        assert given_rows.keys() <= clips.keys()
    located = {}
    for clip, its in clips.items():
        row = given_rows.get(clip, {})
        its["class"] = row.get("class") or its["class"]
        own = re.fullmatch(r"([0-9]{5})(_[0-9]+)?", clip)
        located[clip] = row.get("location") or (own[1] if own else clip)
    wanted = {clip for clip, its in clips.items() if its["class"] in (chosen.get("classes") or [its["class"]])}
    heard = {clip: seconds.get(clip, 3.0) for clip in wanted}
    wanted = {clip for clip in wanted if heard[clip] is None or heard[clip] >= 2}
    assert [row["id"] for row in index] == sorted(wanted)
    for row in index:
        assert {key: row[key] for key in ("class", "image", "sound")} == clips[row["id"]]
        assert row["location"] == located[row["id"]]
        if heard[row["id"]] is not None:
            assert float(row["sound_duration_s"]) == pytest.approx(min(10.0, heard[row["id"]]), abs=1e-3)
    compare_splits(out, {row["id"]: given_rows.get(row["id"], {}).get("split", "") for row in index}, located)


def compare_splits(out: Path, own: dict[str, str], located: dict[str, str]) -> None:
    try:
        split(out / "index.csv", 0, SplitSettings([0.7, 0.1, 0.2], 0, 1), out / "splits.csv")
    except OverheardError:
        return
    found = {row["id"]: row["split"] for row in folders.table(out / "splits.csv")}
    assert found.keys() == own.keys()
    assert any(own.values()) <= (found == own)
    words = defaultdict(set)
    for clip, word in found.items():
        words[located[clip]].add(word)
    assert {len(its) for its in words.values()} == {1}


class Made:
    """A folder of two classes of three clips, and a place for results; a context manager."""

    def __enter__(self) -> tuple[Path, Path]:
        self.place = tempfile.TemporaryDirectory(prefix="fuzzed-")
        root = Path(self.place.name)
        return folders.pairs(root / "d", CLASSES, 3), root / "out"

    def __exit__(self, *_: object) -> None:
        self.place.cleanup()


# --- the table

COLUMNS = ["id", "class", "location", "recording", "lat", "lon", "split", "remark"]
WORDS = ["train", "val", "test"]
VALID = [
    [clip, CLASSES[clip > "1"], f"p{clip[:1]}{clip[4:]}", "", f"{number}.5", f"-{number}", WORDS[number % 3], "a, b"]
    for number, clip in enumerate(CLIPS)
]

blanks = st.sampled_from([" ", "\t", "\u00a0", "\u200b", "\ufeff", "\u3000", "  "])
cells = st.sampled_from(
    [
        "",
        "p01",
        "P01",
        "NA",
        "nan",
        "0",
        "00000",
        "10002",
        "x" * 300,
        "é",
        "e\u0301",
        "1,5",
        "91",
        "inf",
        "1_0",
        "Train",
        '5" pipe',
        "a\nb",
        "a\r\nb",
        "a\x07b",
        "\x85",
        "\u2028",
        "val",
        "train",
        "beach",
        "Beach",
        "-0",
        "=1+1",
        "a|b",
        "\x1c",
    ]
) | st.text(max_size=3)
names_of_columns = st.sampled_from(
    [*COLUMNS, "Location", "LAT", "latitude", "spilt", "classes", "ID", "note", "", " split ", "location ", "\ufeffid"]
)
edits = st.one_of(
    st.tuples(st.just("cell"), st.integers(0, 5), st.integers(0, 7), cells),
    st.tuples(st.just("around"), st.integers(0, 6), st.integers(0, 7), blanks),
    st.tuples(st.just("column"), st.integers(0, 7), names_of_columns),
    st.tuples(st.just("without"), st.integers(0, 7)),
    st.tuples(st.just("drop"), st.integers(0, 5)),
    st.tuples(st.just("twice"), st.integers(0, 6)),
    st.tuples(st.just("swap"), st.integers(0, 5), st.integers(0, 5)),
)
bytes_of_damage = st.sampled_from(
    [b'"', b",", b"\n", b"\r", b"\0", b";", b"\xa0", b"\xff", b"\xc2\xa0", b'""', b"\t", b"#"]
)
damages = st.one_of(
    st.tuples(st.just("insert"), st.integers(0, 400), bytes_of_damage),
    st.tuples(st.just("remove"), st.integers(0, 400), st.integers(1, 4)),
    st.tuples(st.just("cut"), st.integers(0, 400)),
    st.tuples(st.just("ends"), st.sampled_from([b"\r\n", b"\r", b"\n\n", b"\r\r\n", b"\n \n"])),
    st.tuples(st.just("commas"), st.sampled_from([b";", b"\t", b", ", b" ,"])),
    st.tuples(st.just("mark")),
    st.tuples(st.just("encoding"), st.sampled_from(["utf-16", "utf-16-le", "latin-1", "utf-8-sig"])),
)


def edited(changes: list[tuple]) -> str:
    """The valid table as text, its rows and columns changed."""
    grid = [list(COLUMNS), *map(list, VALID)]
    for what, *where in changes:
        rows, width = len(grid), len(grid[0])
        if what == "cell" and rows > 1 and width:
            grid[1 + where[0] % (rows - 1)][where[1] % width] = where[2]
        elif what == "around" and width:
            row, column = where[0] % rows, where[1] % width
            grid[row][column] = where[2] + grid[row][column] + where[2]
        elif what == "column" and width:
            grid[0][where[0] % width] = where[1]
        elif what == "without" and width:
            for row in grid:
                del row[where[0] % width]
        elif what == "drop" and rows > 1:
            del grid[1 + where[0] % (rows - 1)]
        elif what == "twice":
            grid.append(list(grid[where[0] % rows]))
        elif what == "swap" and rows > 1:
            first, second = (1 + place % (rows - 1) for place in where)
            grid[first], grid[second] = grid[second], grid[first]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(grid)
    return text.getvalue()


def damaged(text: str, changes: list[tuple]) -> bytes:
    """Text as bytes that somebody's program, or disk, has changed."""
    content = text.encode("utf-8", "surrogatepass")
    for what, *where in changes:
        if what == "insert":
            place = where[0] % (len(content) + 1)
            content = content[:place] + where[1] + content[place:]
        elif what == "remove":
            place = where[0] % (len(content) + 1)
            content = content[:place] + content[place + where[1] :]
        elif what == "cut":
            content = content[: where[0]]
        elif what == "ends":
            content = content.replace(b"\n", where[0])
        elif what == "commas":
            content = content.replace(b",", where[0])
        elif what == "mark":
            content = b"\xef\xbb\xbf" + content
        elif what == "encoding":
            content = content.decode("utf-8", "replace").encode(where[0], "replace")
    return content


@fuzz(180, changes=st.lists(edits, max_size=4), damage=st.lists(damages, max_size=1))
def test_whatever_the_table_says(changes, damage):
    with Made() as (folder, out):
        (folder / "metadata.csv").write_bytes(damaged(edited(changes), damage))
        compare(folder, out, {})


# --- names and links

parts = st.sampled_from(["vision", "sound"])
words = st.sampled_from(
    [
        "beach",
        "Beach",
        "airport",
        "lake",
        "lake ",
        " lake",
        "lake.",
        "la\rke",
        "a|b",
        "caf\u00e9",
        "cafe\u0301",
        "x" * 240,
        "00000",
        "00000_1",
        "99999",
        "\udce9",
        "a\u200bb",
        "-n",
        "@eaDir",
        "lost+found",
        "\u6e56",
        "a\tb",
        ".hidden",
        "~",
    ]
) | st.text(st.characters(blacklist_characters="/\0"), min_size=1, max_size=3)
endings = st.sampled_from(
    [".jpg", ".JPG", ".wav", ".WAV", ".png", ".txt", ".jgw", ".aux.xml", "", ".jpg.part", ".asd", "."]
)
moves = st.one_of(
    st.tuples(st.just("file"), parts, words, words, endings),
    st.tuples(st.just("pair"), words, words),
    st.tuples(st.just("rename"), parts, st.integers(0, 5), words, endings),
    st.tuples(st.just("class"), words),
    st.tuples(st.just("remove"), parts, st.integers(0, 5)),
    st.tuples(st.just("link"), parts, st.integers(0, 5), st.sampled_from(["/gone", "itself", "other", ".", ".."])),
    st.tuples(st.just("top"), words, endings),
    st.tuples(st.just("deep"), parts, words, words),
)


def move(folder: Path, what: str, where: list) -> None:
    """Change one name of a folder."""
    media = {part: sorted(path for path in (folder / part).glob("*/*") if path.is_file()) for part in ENDINGS}
    if what == "pair":
        folders.pair(folder, *where)
    elif what == "class":
        for part in ENDINGS:
            (folder / part / "beach").rename(folder / part / where[0])
    elif what in ("file", "top", "deep"):
        *above, name, ending = where if what != "deep" else [*where, ".jpg"]
        path = folder.joinpath(*above, *(["below"] if what == "deep" else []), name + ending)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(folders.wav(3.0) if ending.lower() == ".wav" else folders.jpeg(3))
    elif media[where[0]]:
        path = media[where[0]][where[1] % len(media[where[0]])]
        if what == "rename":
            path.rename(path.with_name(where[2] + where[3]))
        elif what == "remove":
            path.unlink()
        else:
            target = {"itself": path.name, "other": media[where[0]][0]}.get(where[2], where[2])
            if target != path:
                path.unlink()
                path.symlink_to(target)


@fuzz(160, changes=st.lists(moves, min_size=1, max_size=3), with_table=st.booleans())
def test_whatever_names_and_links_there_are(changes, with_table):
    with Made() as (folder, out):
        if with_table:
            (folder / "metadata.csv").write_text("id,location\n" + "".join(f"{clip},{clip}\n" for clip in CLIPS))
        for what, *where in changes:
            try:
                move(folder, what, where)
            except (OSError, UnicodeEncodeError):
                # what this file system takes for no name, or has already, nobody can have there
                continue
        compare(folder, out, {})


# --- the source section

yaml_words = st.sampled_from(
    [
        "kind: directory",
        "pairs: PAIRS",
        "classes: [airport, beach]",
        "classes: [beach]",
        "classes: []",
        "classes: beach",
        "classes: [Beach]",
        "classes: [beach, beach]",
        "bands: [2, 1, 0]",
        "bands: [0]",
        "bands: null",
        "channels: mean",
        "channels: left",
        "seed: 3",
        "seed: -1",
        "seed: 010",
        "seed: 1e3",
        "classes: null",
        "kind: twin",
        "pairs:",
        "scale: 1",
        "scenes: PAIRS/vision",
        "sounds: /gone",
        "classes: [1, beach]",
        "classes: {a: b}",
        "clases: [beach]",
        "\tseed: 1",
        "- x",
    ]
)


@fuzz(
    100,
    lines=st.lists(yaml_words, max_size=4, unique_by=lambda line: line.partition(":")[0]),
    without=st.sampled_from(["", "", "", "kind", "pairs"]),
)
def test_whatever_the_source_section_says(lines, without):
    with Made() as (folder, out):
        own = {line.partition(":")[0] for line in lines} | {without}
        lines = [line for line in ("kind: directory", "pairs: PAIRS") if line.partition(":")[0] not in own] + lines
        text = "source:\n" + "".join(f"  {line}\n" for line in lines).replace("PAIRS", str(folder))
        try:
            experiment = check(Experiment, parsed(text, "x"), "x")
        except OverheardError:
            return
        if experiment.source.kind == "directory" and experiment.source.pairs == str(folder):
            compare(folder, out, {}, **media_settings(experiment, "pairs"))


# --- headers of sounds and pictures


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<L", len(content) if size is None else size) + content + b"\0" * (len(content) % 2)


sounds = st.fixed_dictionaries(
    {
        "rate": st.sampled_from([1, 100, 8000, 11025, 44100]),
        "channels": st.sampled_from([1, 2, 1, 3]),
        "bits": st.sampled_from([8, 16, 24, 32]),
        "seconds": st.sampled_from([0.0, 1.0, 1.999, 2.0, 5.0, 10.0, 12.5]),
        "before": st.lists(
            st.tuples(st.sampled_from([b"LIST", b"bext", b"JUNK", b"\xff\0ab"]), st.integers(0, 9)), max_size=2
        ),
        "after": st.lists(st.tuples(st.sampled_from([b"LIST", b"id3 ", b"JUNK"]), st.integers(0, 9)), max_size=1),
        "stated": st.sampled_from(["right", "right", "right", "more", "less", "none", "most"]),
        "cut": st.sampled_from([0, 0, 0, 1, 7, 1000]),
    }
)
flips = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=2)


def header_and_sound(rate, channels, bits, seconds, before, after, stated, cut) -> tuple[bytes, float | None]:
    """A WAV, and how long it sounds; None where readers may differ."""
    block = channels * bits // 8
    frames = round(seconds * rate)
    samples = (bytes(range(1, 252)) * (frames * block // 251 + 1))[: frames * block]
    size = {"more": 2 * len(samples) + 100, "less": frames // 2 * block, "none": 0, "most": 0xFFFFFFFF}.get(stated)
    text = b"".join(chunk(name, b"x" * length) for name, length in before)
    text += chunk(b"fmt ", struct.pack("<HHLLHH", 1, channels, rate, rate * block, block, bits))
    text += chunk(b"data", samples, size) + b"".join(chunk(name, b"y" * length) for name, length in after)
    whole = b"RIFF" + struct.pack("<L", len(text) + 4) + b"WAVE" + text
    known = stated == "right" and not cut
    return whole[: len(whole) - cut] if cut else whole, frames / rate if known else None


@fuzz(120, made=sounds, changes=st.just([]) | flips)
def test_whatever_the_header_of_a_sound_says(made, changes):
    content, seconds = header_and_sound(**made)
    for place, value in changes:
        content = content[:place] + bytes([value]) + content[place + 1 :]
    with Made() as (folder, out):
        (folder / "sound/beach/10001.wav").write_bytes(content)
        try:
            index, report = folders.run(folder, out)
        except OverheardError:
            return
        heard = {row["id"]: float(row["sound_duration_s"]) for row in index}
        if changes or seconds is None:
            # whoever reads it, no more is heard than there are bytes
            least = len(content) * 8 / (made["bits"] * made["channels"] * made["rate"])
            assert heard.get("10001", 0) <= 10
            assert changes or heard.get("10001", 0) <= least
            assert ("10001" in heard) != (report.count("- 10001: ") == 1)
        else:
            compare(folder, out, {"10001": seconds})


pictures = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 700), st.integers(0, 255)),
        st.tuples(st.just("cut"), st.integers(0, 700)),
        st.tuples(st.just("insert"), st.integers(0, 700), st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("segment"), st.sampled_from([0xE0, 0xE1, 0xE2, 0xEE, 0xFE]), st.binary(max_size=20)),
        st.tuples(st.just("size"), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)),
    ),
    min_size=1,
    max_size=3,
)


@fuzz(120, changes=pictures, ending=st.sampled_from([".jpg", ".png", ".tif"]))
def test_whatever_the_header_of_a_picture_says(changes, ending):
    content = folders.jpeg(7)
    for what, *where in changes:
        if what == "flip":
            content = content[: where[0]] + bytes([where[1]]) + content[where[0] + 1 :]
        elif what == "cut":
            content = content[: where[0]]
        elif what == "insert":
            content = content[: where[0]] + where[1] + content[where[0] :]
        elif what == "segment":
            content = (
                content[:2] + bytes([0xFF, where[0]]) + struct.pack(">H", len(where[1]) + 2) + where[1] + content[2:]
            )
        elif (place := content.find(b"\xff\xc0")) >= 0:
            content = content[: place + 5] + struct.pack(">HH", *where) + content[place + 9 :]
    with Made() as (folder, out):
        (folder / "vision/beach/10001.jpg").unlink()
        (folder / f"vision/beach/10001{ending}").write_bytes(content)
        compare(folder, out, {})
