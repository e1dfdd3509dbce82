"""A user's folder: its table, names, links and side files; what is read, warned of or refused, and in which words."""

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import made_folders as folders
import pytest

from overheard.command import doctor
from overheard.command.folders import check_folders
from overheard.errors import ConfigError, MediaError, OverheardError, PairingError
from overheard.io import media_folder, user_tables
from overheard.media import names
from overheard.media.split_draws import Draw
from overheard.media.splits import check_splittable
from overheard.scheduling.dry_run import Planned
from overheard.scheduling.reruns import Plan
from overheard.stages.split import Settings as SplitSettings
from overheard.stages.split import split
from overheard.study import experiments

IDS = [f"{number}{place:04d}" for number in range(2) for place in range(5)]


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes of five clips, each a location of its own."""
    return folders.pairs(tmp_path / "d")


def metadata(columns: str = "id,location", cells: str = "{id},p{number}", start: int = 0) -> str:
    rows = [cells.format(id=name, number=number) for number, name in enumerate(IDS[start:], start=start)]
    return "\n".join([columns, *rows]) + "\n"


def refused(folder: Path, out: Path, error: type[OverheardError] = MediaError) -> str:
    with pytest.raises(error) as caught:
        folders.run(folder, out)
    return str(caught.value)


def locations(folder: Path, out: Path) -> dict[str, str]:
    return {row["id"]: row["location"] for row in folders.run(folder, out)[0]}


# --- the table as a file


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "metadata.csv: an empty file; expected a first line with the column id, or remove the file"),
        (b" \n\r\n", "metadata.csv: an empty file"),
        (b"\xef\xbb\xbf", "metadata.csv: an empty file"),
        (b"id,class\n", "metadata.csv: a first line and no other"),
        (b"id;location\n00000;p\n", "line 1: semicolons between the columns; expected commas"),
        (b"id\tlocation\n00000\tp\n", "line 1: tabs between the columns; expected commas"),
        (b"sep=,\nid,location\n00000,p\n", "line 1: sep=, is for spreadsheets alone; remove this line"),
        (b"sep=;\nid;location\n00000;p\n", "line 1: sep=; is for spreadsheets alone; remove this line"),
        (b"id|location\n00000|p\n", "line 1: bars between the columns; expected commas"),
        (b'id,location\n00000,"p\n00001,p\n', r'line 2: a quote (") that is not closed on its line'),
        (b'id,location,x\n00000,p,"note\n00001,p,"note\n', r'line 2: a quote (") that is not closed on its line'),
        (b'id,location\n00000,"p"q\n', "line 2: text after a closing quote"),
        (b"id,location\n00000,p\n00001\n", "line 3: expected 2 fields, as its first line has, found 1"),
        (b"id,location\n00000,p\n\n00001,p,q\n", "line 4: expected 2 fields, as its first line has, found 3"),
        (b"id,location\r00000,p\r00001,p,q\r", "line 3: expected 2 fields"),
        (b"id,location\n00000,p\n00001,\0p\n", "line 3: a zero byte, so it is damaged or UTF-16"),
        ("id,location\n00000,p\n".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        ("id,location\n00000,p\n".encode("utf-16-le"), "line 1: a zero byte"),
        ("id,location\n00000,ö\n".encode("latin-1"), "line 2: not UTF-8 text (byte 18)"),
        (b"PK\x03\x04\x14\0", "a workbook, not CSV"),
        (b"id,location\n00000," + b"p" * 200_000 + b"\n", "line 2: a field of more than 131072 signs"),
        (b"id,location,\n00000,p,q\n", "line 1: column 3 has cells and no name"),
        (b"id,location,location\n00000,p,q\n", "line 1: column location twice"),
        (b"id,location, location \n00000,p,q\n", "line 1: column location twice"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(folder, tmp_path, content, said):
    (folder / "metadata.csv").write_bytes(content)
    message = refused(folder, tmp_path)
    assert said in message
    assert len(message.splitlines()) == 1


def test_a_table_beyond_all_measure_is_refused_in_one_line(folder, tmp_path, monkeypatch):
    (folder / "metadata.csv").write_bytes(b"id,location\n" + b"00000,p\n" * 1_000_000)
    assert "metadata.csv: 1000001 lines, at most 1000000" in refused(folder, tmp_path)
    monkeypatch.setattr(user_tables, "LARGEST_MB", 1)
    assert "metadata.csv: over 1 MB" in refused(folder, tmp_path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\r\r\n"])
@pytest.mark.parametrize("form", ["{}", "\ufeff{}", "{}\n\n"])
def test_line_ends_marks_and_empty_lines_change_nothing(folder, tmp_path, end, form):
    text = form.format(metadata(cells='{id},"p, ""{number}"" ä"')).replace("\n", end)
    (folder / "metadata.csv").write_bytes(text.encode())
    assert locations(folder, tmp_path) == {name: f'p, "{number}" ä' for number, name in enumerate(IDS)}


def test_words_that_mean_nothing_elsewhere_are_names_here(tmp_path):
    words = ["NA", "nan", "None", "null", "True", "1e5", "0x1F", "007", "-", "2026-01-01", "#1", "=A1"]
    for word in words:
        folders.pair(tmp_path / "d", "NA", word)
    text = "id,location\n" + "".join(f"{word},{word}{word}\n" for word in words)
    (tmp_path / "d/metadata.csv").write_text(text)
    index, _ = folders.run(tmp_path / "d", tmp_path)
    assert {row["id"]: (row["class"], row["location"]) for row in index} == {w: ("NA", w + w) for w in words}


@pytest.mark.parametrize(
    "name",
    [
        *("Metadata.csv", "METADATA.CSV", "metadata.CSV", "metadata.tsv", "metadata.xlsx", "metadata.txt", "metadata"),
        *("meta.csv", "metadata (1).csv", "metadata_v2.csv", "metadata.csv.txt", "metdata.csv", "meta_data.csv"),
    ],
)
def test_a_table_of_a_near_name_is_refused_with_the_right_one(folder, tmp_path, name):
    (folder / name).write_text(metadata())
    assert f"{name}: not read under this name; save it as metadata.csv" in refused(folder, tmp_path)


def test_beside_the_table_a_workbook_may_lie_and_no_other_case(folder, tmp_path):
    (folder / "metadata.csv").write_text(metadata())
    (folder / "metadata.xlsx").write_bytes(b"PK")
    (folder / "recorders.csv").write_text("id\n")
    assert "- in the folder, not read: metadata.xlsx, recorders.csv\n" in folders.run(folder, tmp_path)[1]
    (folder / "Metadata.csv").write_text(metadata())
    assert "Metadata.csv: not read under this name" in refused(folder, tmp_path)


def test_a_table_that_is_a_folder_or_elsewhere(folder, tmp_path):
    (folder / "metadata.csv").mkdir()
    (folder / "metadata.csv/x").write_text("")
    assert "metadata.csv: a folder; expected a file" in refused(folder, tmp_path)


# --- columns


@pytest.mark.parametrize(
    ("column", "right"),
    [
        *((name, "location") for name in ("Location", "LOCATION", "lcoation", "locaton", "locations", "location_id")),
        *((name, "split") for name in ("Split", "spilt", "splits", "SPLIT")),
        *((name, "lat") for name in ("Lat", "latitude", "Latitude", "lattitude")),
        *((name, "lon") for name in ("Lon", "longitude", "long", "lng", "longtitude")),
        *((name, "class") for name in ("Class", "classes", "calss")),
        *((name, "recording") for name in ("Recording", "recordings", "recording_id", "recoding")),
    ],
)
def test_a_column_of_a_near_name_is_refused_with_the_right_one(folder, tmp_path, column, right):
    (folder / "metadata.csv").write_text(metadata(f"id,remark,{column}", "{id},x,1"))
    assert f"metadata.csv: column {column}; write {right}, or give it another name" in refused(folder, tmp_path)


def test_both_cases_of_a_column_are_refused_and_a_longer_name_beside_it_is_not(folder, tmp_path):
    (folder / "metadata.csv").write_text(metadata("id,location,Location", "{id},p{number},q"))
    assert "column Location; write location" in refused(folder, tmp_path)
    (folder / "metadata.csv").write_text(metadata("id,location,location_name", "{id},p{number},q"))
    assert "- columns of metadata.csv, not read: location_name\n" in folders.run(folder, tmp_path)[1]


@pytest.mark.parametrize("column", ["Id", "ID", "ids", "name"])
def test_without_the_column_id_the_columns_are_named(folder, tmp_path, column):
    (folder / "metadata.csv").write_text(metadata(f"{column},location"))
    assert f"metadata.csv: no column id; found {column}, location" in refused(folder, tmp_path)


def test_blanks_around_a_columns_name_do_not_count_and_far_ones_are_named(folder, tmp_path):
    far = "weather, region, duration, elevation, station, date, licence, recorder, scene"
    text = metadata(f" id ,\u00a0location\u200b, {far},", "{id},p{number},rain" + ",x" * 8 + ",")
    (folder / "metadata.csv").write_text(text, encoding="utf-8")
    index, report = folders.run(folder, tmp_path)
    assert [row["location"] for row in index] == [f"p{number}" for number in range(10)]
    assert f"- columns of metadata.csv, not read: {far}\n" in report


# --- cells


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060", " \u200e"])
def test_blanks_around_a_cell_do_not_count(folder, tmp_path, blank):
    rows = [f"{blank}{name},{blank * (number % 2)}p{number // 2}{blank}" for number, name in enumerate(IDS)]
    (folder / "metadata.csv").write_text("\n".join(["id,location", *rows]), encoding="utf-8")
    with pytest.raises(MediaError, match=r"location p2 stands in 2 classes: airport \(00004\), beach \(10000\)"):
        folders.run(folder, tmp_path)
    (folder / "metadata.csv").write_text("\n".join(["id,location", *rows[:4], *rows[5:]]), encoding="utf-8")
    found = locations(folder, tmp_path)
    assert found["00000"] == found["00001"] == "p0"
    assert found["10000"] == "p2"


@pytest.mark.parametrize(
    ("columns", "cells", "said"),
    [
        ("id,lat,lon", '{id},"48,5",11', "lat '48,5' has a decimal comma; write 48.5"),
        ("id,lat,lon", "{id},48.5,1_1", "lon '1_1' is not a number; give degrees"),
        ("id,lat,lon", "{id},48°08',11", "is not a number"),
        ("id,lat,lon", "{id},٣,11", "lat '٣' is not a number"),
        ("id,lat,lon", "{id},inf,11", "lat 'inf' is not a number"),
        ("id,lat,lon", "{id},1e999,11", "lat 1e999 is outside -90 to 90 degrees"),
        ("id,lat,lon", "{id},90.01,11", "lat 90.01 is outside -90 to 90 degrees"),
        ("id,lat,lon", "{id},4,-180.5", "lon -180.5 is outside -180 to 180 degrees"),
        ("id,lat,lon", "{id},4,", "lon is empty and the other is not"),
        ("id,lat", "{id},4", "one of the columns lat and lon without the other"),
        ("id,split", "{id},Train", "split Train; write train"),
        ("id,split", "{id},dev", "split dev; expected train, val, test"),
        ("id,location", "{id},a\tb", r"location 'a\tb': the name has an invisible sign in it, U+0009 (tab)"),
        ("id,location", "{id},a\u200bb", "U+200B (zero width space)"),
        ("id,class", "{id}," + "x" * 300, "the name has more than 255 signs"),
        ("id,location", ",p", "line 2: no id; give it, or remove the line"),
        ("id,location", "00000,p{number}", "line 3: id 00000 a second time (line 2); keep one line"),
        ("id,location", "{id}.jpg,p", "line 2: id 00000.jpg has no file of this name; write 00000"),
        ("id,location", "sound/airport/{id}.wav,p", "has no file of this name; write 00000"),
        ("id,location", "0{id},p", "line 2: id 000000 has no file of this name; write 00000"),
        ("id,location", "x{id},p", "line 2: id x00000 has no file of this name; correct or remove the line"),
    ],
)
def test_a_cell_that_cannot_be_used_is_refused_with_its_line(folder, tmp_path, columns, cells, said):
    (folder / "metadata.csv").write_text(metadata(columns, cells), encoding="utf-8")
    message = refused(folder, tmp_path)
    assert said in message
    assert "metadata.csv" in message
    assert len(message.splitlines()) <= 22


def test_zeros_that_a_spreadsheet_took_are_said(folder, tmp_path):
    (folder / "metadata.csv").write_text("id,location\n0,p\n1,q\n10000,r\n")
    message = refused(folder, tmp_path)
    assert "line 2: id 0 has no file of this name; write 00000" in message
    assert "line 3: id 1 has no file of this name; write 00001" in message


def test_clips_without_a_line_or_a_cell_are_counted_and_named(folder, tmp_path, capsys):
    (folder / "metadata.csv").write_text(metadata(start=7))
    report = folders.run(folder, tmp_path)[1]
    said = "7 of 10 clips have no line in metadata.csv (00000, 00001, 00002, 00003, 00004, …)"
    assert f"- {said}" in report
    assert f"warning: {said}" in capsys.readouterr().err
    (folder / "metadata.csv").write_text(metadata().replace("p3", "").replace("p4", " "))
    report = folders.run(folder, tmp_path)[1]
    assert "- 2 clips have no location in metadata.csv (00003, 00004): it is taken from their name" in report


def test_locations_that_differ_in_case_alone_are_warned_of(folder, tmp_path):
    (folder / "metadata.csv").write_text(metadata().replace("p3", "Pier 1").replace("p4", "pier\u00a01"))
    said = "locations Pier 1 and pier\u00a01 differ in case, blanks or width alone and count as two"
    assert said in folders.run(folder, tmp_path)[1]


def test_the_users_split_is_obeyed_or_refused_before_anything_is_decoded(folder, tmp_path):
    words = ["train", "train", "val", "test", "test"]
    rows = [f"{name},p{number},{words[number % 5]}" for number, name in enumerate(IDS)]
    (folder / "metadata.csv").write_text("\n".join(["id,location,split", *rows]))
    folders.run(folder, tmp_path)
    split(tmp_path / "index.csv", 0, SplitSettings([0.7, 0.1, 0.2], 0, 5), tmp_path / "splits.csv")
    found = {row["id"]: row["split"] for row in folders.table(tmp_path / "splits.csv")}
    assert found == {name: words[number % 5] for number, name in enumerate(IDS)}
    for text, said in (
        ("\n".join(["id,location,split", *rows[1:]]), "1 of 10 clips have no usable split: 00000 (empty)"),
        ("\n".join(["id,location,split", *rows]).replace("p3", "p4").replace("p2", "p4"), "location p4: test (00003)"),
        (
            "\n".join(["id,location,split", *rows]).replace("val", "test"),
            "airport has none in val; beach has none in val",
        ),
    ):
        (folder / "metadata.csv").write_text(text)
        with pytest.raises(MediaError, match=re.escape(said)):
            check_splittable(media_folder.index(folder, "pairs").rows, Draw([0.7, 0.1, 0.2], 0, 5), [0])


# --- tags.csv


@pytest.mark.parametrize(
    ("text", "said", "error"),
    [
        ("id,Events\na,1\n", "tags.csv: column Events; write events", MediaError),
        ("id,labels\na,1\n", "tags.csv: no column events; found id, labels", MediaError),
        ("id;events\na;1\n", "tags.csv, line 1: semicolons between the columns", MediaError),
        ("", "tags.csv: an empty file", MediaError),
        ("id,events\na,1\na,2\n", "tags.csv, line 3: id a a second time (line 2)", MediaError),
        ("id,events\na,527\n", "line 2: id a: event '527'; expected AudioSet indices, 0 to 526", MediaError),
        ("id,events\na,²\n", "line 2: id a: event '²'", MediaError),
        ("id,events\nb,1\n", "line 2: id b: no sound/b.* with it", PairingError),
    ],
)
def test_tags_are_read_as_strictly(tmp_path, text, said, error):
    (tmp_path / "d/sound").mkdir(parents=True)
    (tmp_path / "d/sound/a.wav").write_bytes(folders.wav(3.0))
    (tmp_path / "d/tags.csv").write_text(text, encoding="utf-8")
    with pytest.raises(error, match=re.escape(said)):
        folders.run(tmp_path / "d", tmp_path, "sounds")
    (tmp_path / "d/tags.csv").write_text("id , events,note\n a\u00a0, 0  137 ,x\n", encoding="utf-8")
    index, report = folders.run(tmp_path / "d", tmp_path, "sounds")
    assert [(row["id"], row["events"]) for row in index] == [("a", "0 137")]
    assert "- columns of tags.csv, not read: note\n" in report
    (tmp_path / "d/tags.csv").rename(tmp_path / "d/Tags.csv")
    with pytest.raises(MediaError, match="Tags.csv: not read under this name; save it as tags.csv"):
        folders.run(tmp_path / "d", tmp_path, "sounds")


# --- names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lake\r", r"'vision/lake\r': the name has an invisible sign in it, U+000D (carriage return); rename it"),
        ("la\nke", r"'vision/la\nke': the name has an invisible sign in it, U+000A (line feed)"),
        ("la\x7fke", "U+007F (a control sign)"),
        ("la\u202eke", "U+202E (right-to-left override)"),
        ("la\u200bke", "U+200B (zero width space)"),
        ("la\u2028ke", "U+2028 (line separator)"),
        (" lake", "vision/ lake: the name has a blank at its start or end"),
        ("lake ", "vision/lake : the name has a blank at its start or end"),
        ("lake\u00a0", "the name has a blank at its start or end"),
    ],
)
@pytest.mark.parametrize("kind", ["class", "id"])
def test_names_with_signs_that_nobody_sees_are_refused_once(folder, tmp_path, name, said, kind):
    for clip in ("x1", "x2"):
        folders.pair(
            folder, name if kind == "class" else "lake", clip if kind == "class" else name[:2] + clip + name[2:]
        )
    message = refused(folder, tmp_path)
    if kind == "class":
        assert "2 names or cells that cannot be used" in message
        assert said in message
    else:
        assert "4 names or cells that cannot be used" in message


def test_names_that_are_not_utf8_are_all_named(folder, tmp_path):
    for number in (1, 2):
        os.close(os.open(os.fsencode(folder) + b"/vision/beach/caf\xe9%d.jpg" % number, os.O_CREAT))
    message = refused(folder, tmp_path)
    assert "2 names in it lead to no file that can be read" in message
    assert r"caf\udce91.jpg': its name is not UTF-8 text; rename it" in message


@pytest.mark.parametrize("where", ["class", "id", "metadata", "halves"])
def test_two_unicode_forms_of_a_name_are_refused_with_their_bytes(tmp_path, where):
    root = folders.pairs(tmp_path / "d")
    composed, taken_apart = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    if where == "class":
        folders.pair(root, f"caf{composed}", "x1")
        folders.pair(root, f"caf{taken_apart}", "x2")
    elif where == "id":
        folders.pair(root, "beach", f"caf{composed}")
        folders.pair(root, "beach", f"caf{taken_apart}")
    elif where == "metadata":
        folders.pair(root, "beach", f"caf{taken_apart}")
        (root / "metadata.csv").write_text(f"id,location\ncaf{composed},p\n", encoding="utf-8")
    else:
        folders.pair(root, "beach", f"caf{composed}")
        (root / f"sound/beach/caf{composed}.wav").rename(root / f"sound/beach/caf{taken_apart}.wav")
    with pytest.raises(OverheardError) as caught:
        folders.run(root, tmp_path)
    forms = f"caf{taken_apart} (NFD, 63 61 66 65 cc 81) and caf{composed} (NFC, 63 61 66 c3 a9)"
    assert f"{forms}: the same letters in two Unicode forms; rename one" in str(caught.value)


@pytest.mark.parametrize("other", ["Beach", "BEACH", "ｂeach"])
def test_classes_that_look_alike_are_refused(folder, tmp_path, other):
    folders.pair(folder, other, "x1")
    said = "and ".join(f"{name} " for name in sorted([other, "beach"]))
    assert f"classes {said.strip()}: they differ in case, blanks or width alone" in refused(folder, tmp_path)


def test_halves_in_folders_of_two_cases_say_so(folder, tmp_path):
    (folder / "sound/beach").rename(folder / "sound/Beach")
    assert "classes Beach and beach: they differ in case" in refused(folder, tmp_path)


def test_ids_may_differ_in_case_alone(folder, tmp_path):
    for clip in ("dQw4w9", "dqw4w9"):
        folders.pair(folder, "beach", clip)
    assert len(folders.run(folder, tmp_path)[0]) == 12


def test_odd_but_whole_names_go_through_report_and_split(tmp_path):
    odd = ["a|b", "lake.", "-n", "x" * 200, "50% {e} $x", "湖", "می‌خواهم", "a'b\"c,d", "~", "C:\\x"]
    for number, name in enumerate(odd):
        for place in range(3):
            folders.pair(tmp_path / "d", name, f"{name[:100]}{place}", look=10 * number + place)
    index, report = folders.run(tmp_path / "d", tmp_path)
    assert sorted({row["class"] for row in index}) == sorted(odd)
    assert "| a\\|b | 3 | 3 | 3 |\n" in report
    body = [line for line in report.partition("## Ranges")[0].splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in body} == {5}
    split(tmp_path / "index.csv", 0, SplitSettings([0.7, 0.1, 0.2], 0, 1), tmp_path / "splits.csv")
    assert len(folders.table(tmp_path / "splits.csv")) == 3 * len(odd)


# --- links


def test_links_that_lead_nowhere_or_in_a_circle_are_all_named(folder, tmp_path):
    (folder / "vision/beach/10000.jpg").unlink()
    (folder / "vision/beach/10000.jpg").symlink_to("/annex/10000.jpg")
    said = "10000.jpg: a link to /annex/10000.jpg, which is not there; fix or remove it"
    assert refused(folder, tmp_path).endswith(said)
    (folder / "vision/beach/again").symlink_to(folder / "vision")
    (folder / "sound/beach/self").symlink_to("self")
    os.mkfifo(folder / "sound/beach/pipe.wav")
    message = refused(folder, tmp_path)
    assert "4 names in it lead to no file that can be read; fix or remove each:" in message
    assert "vision/beach/again: a link that leads back into a folder it lies in" in message
    assert "sound/beach/self: cannot be read (Too many levels of symbolic links)" in message
    assert "pipe.wav: neither a file nor a folder but a named pipe" in message


def test_links_to_files_and_folders_are_read(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (folder / "vision/beach").rename(elsewhere)
    (folder / "vision/beach").symlink_to(elsewhere)
    (folder / "sound/beach/10000.wav").rename(tmp_path / "kept.wav")
    (folder / "sound/beach/10000.wav").symlink_to(tmp_path / "kept.wav")
    assert len(folders.run(folder, tmp_path / "out")[0]) == 10


def test_a_folder_that_cannot_be_read_is_named(folder, tmp_path, monkeypatch):
    scandir = os.scandir

    def closed(place):
        if str(place).endswith("sound/beach"):
            raise PermissionError(13, "Permission denied", place)
        return scandir(place)

    monkeypatch.setattr(os, "scandir", closed)
    assert refused(folder, tmp_path).endswith("sound/beach: cannot be read (Permission denied); fix or remove it")


# --- side files


def test_side_files_are_passed_over_and_named(folder, tmp_path):
    clean = folders.run(folder, tmp_path)[0]
    made = [f"vision/beach/{name}" for name in names.SIDE_FILES]
    made += [f"vision/beach/10000{ending}" for ending in names.SIDE_ENDINGS]
    made += [f"sound/beach/10000.wav{ending.upper()}" for ending in names.SIDE_ENDINGS]
    made += [f"sound/{name}/10000.wav" for name in names.SIDE_FOLDERS]
    made += [f"{name}/vision/beach/x.jpg" for name in names.SIDE_FOLDERS]
    for name in made:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (folder / "vision/beach/._10000.jpg").write_bytes(b"x")
    index, report = folders.run(folder, tmp_path)
    assert index == clean
    assert f"- side files of other programs, passed over: {len(made)} (" in report


@pytest.mark.parametrize("name", ["notes.txt", "10000.jpg.part", "10000.bmp", "Thumbs.db.jpg.crdownload", "x.json"])
def test_other_files_among_the_media_are_refused(folder, tmp_path, name):
    (folder / "vision/beach" / name).write_bytes(b"x")
    assert f"vision/beach/{name}" in refused(folder, tmp_path)


def test_the_page_names_every_side_file():
    page = (Path(__file__).parents[2] / "docs/your-own-folder.md").read_text(encoding="utf-8")
    listed = [*names.SIDE_FILES, *names.SIDE_ENDINGS, *names.SIDE_FOLDERS]
    assert [name for name in listed if f"`{name.strip()}`" not in page] == []


# --- degenerate studies


def test_one_class_is_refused_by_name(tmp_path):
    folders.pairs(tmp_path / "d", ("airport",))
    folders.run(tmp_path / "d", tmp_path)
    with pytest.raises(MediaError, match=r"one class \(airport\), so there is nothing to tell apart"):
        split(tmp_path / "index.csv", 0, SplitSettings([0.7, 0.1, 0.2], 0, 5), tmp_path / "splits.csv")


def test_a_class_of_short_sounds_does_not_vanish(folder, tmp_path):
    for path in (folder / "sound/beach").iterdir():
        path.write_bytes(folders.wav(1.5))
    assert "every sound of beach is shorter than 2 s" in refused(folder, tmp_path)


def test_a_class_that_is_not_there_is_named_with_those_that_are(folder, tmp_path):
    with pytest.raises(ConfigError, match="source.classes: Beach not in .*; found airport, beach"):
        folders.run(folder, tmp_path, classes=["airport", "Beach"])
    with pytest.raises(ConfigError, match="source.classes: an empty list"):
        folders.run(folder, tmp_path, classes=[])


def test_scenes_of_one_class_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "d/lake").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"d/lake/{name}.jpg").write_bytes(folders.jpeg(3))
    with pytest.raises(MediaError, match=r"scenes of one class \(lake\)"):
        folders.run(tmp_path / "d", tmp_path, "scenes")


def test_a_folder_of_another_case_is_named(folder, tmp_path):
    (folder / "vision").rename(folder / "Vision")
    assert refused(folder, tmp_path).endswith(
        "no folder vision/ in it; expected vision/<class>/<id>.jpg and sound/<class>/<id>.wav; found Vision, sound"
    )


# --- before a run starts


def test_a_run_says_in_one_line_what_its_folder_lacks_and_decodes_nothing(tmp_path):
    root = folders.pairs(tmp_path / "d", locations=3)
    (root / "vision/beach/x.jpg").symlink_to("/annex/x.jpg")

    def overheard(*words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "overheard", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert overheard("init", "mine", "--from", str(root)).returncode == 0
    ended = overheard("run", "mine")
    said = f"error: {root}/vision/beach/x.jpg: a link to /annex/x.jpg, which is not there; fix or remove it\n"
    assert (ended.returncode, ended.stderr) == (2, said)
    (root / "vision/beach/x.jpg").unlink()
    ended = overheard("run", "mine")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: classes with fewer than 5 locations")
    assert "airport: 3 (00000, 00001, 00002); beach: 3 (10000, 10001, 10002); add locations" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "results/mine/media").exists()


def test_a_run_that_splits_nothing_asks_for_no_locations(tmp_path, monkeypatch):
    root = folders.pairs(tmp_path / "d", locations=1)
    (tmp_path / "config").mkdir()
    source = f"source: {{kind: directory, pairs: '{root}', classes: [beach]}}\n"
    (tmp_path / "config/mine.yaml").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    loaded = experiments.load("mine")

    def job(stage: str, **settings) -> Planned:
        return Planned(stage, stage, settings, {"folder": [str(root)]}, {}, [], {}, "log", "missing")

    media = job("media", collection="pairs", settings={"classes": ["beach"]})
    split_settings = {"fractions": [0.7, 0.1, 0.2], "seed": 0, "folds": 1}
    check_folders(loaded, Plan({}, [media], {}))
    with pytest.raises(MediaError, match=r"one class \(beach\)"):
        check_folders(loaded, Plan({}, [media, job("split", settings=split_settings)], {}))
    with pytest.raises(ConfigError, match="source.classes: lake not in"):
        check_folders(loaded, Plan({}, [job("media", collection="pairs", settings={"classes": ["lake"]})], {}))


# --- the doctor finds the same


@pytest.mark.parametrize("trouble", ["column", "name", "link", "one class", "locations"])
def test_the_doctor_says_what_a_run_would(tmp_path, monkeypatch, trouble):
    monkeypatch.setattr(doctor, "_LOOKS", ())
    classes = ("airport",) if trouble == "one class" else ("airport", "beach")
    root = folders.pairs(tmp_path / "d", classes, 2 if trouble == "locations" else 5)
    said = {
        "column": "metadata.csv: column Location; write location",
        "name": "the name has a blank at its start or end",
        "link": "a link to /gone, which is not there",
        "one class": "one class (airport)",
        "locations": "classes with fewer than 5 locations",
    }[trouble]
    if trouble == "column":
        (root / "metadata.csv").write_text(metadata("id,Location"))
    elif trouble == "name":
        folders.pair(root, "lake ", "x")
    elif trouble == "link":
        (root / "vision/airport/x.jpg").symlink_to("/gone")
    # nothing is decoded where names say that it is in vain
    monkeypatch.setattr("overheard.io.decoding.read_picture", None)
    text, code = doctor.examine(root)
    assert (code, said in text) == (2, True), text
