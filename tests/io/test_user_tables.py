"""Tables with tabs, as TAU's record has them; tables with commas: tests/field/test_folders.py."""

import re

import pytest

from overheard.errors import MediaError
from overheard.io.user_tables import read_user_table

HEAD = "filename_audio\tfilename_video\tscene_label\n"


def test_tabs_stand_between_the_columns(tmp_path):
    path = tmp_path / "fold1_train.csv"
    path.write_text(f"{HEAD}audio/a, b.wav\tvideo/a, b.mp4\tpark\n\naudio/c.wav\t\tbus\n")
    assert read_user_table(path, "\t") == {
        2: {"filename_audio": "audio/a, b.wav", "filename_video": "video/a, b.mp4", "scene_label": "park"},
        4: {"filename_audio": "audio/c.wav", "filename_video": "", "scene_label": "bus"},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "line 1: commas between the columns; expected tabs: save it as CSV with tabs (spreadsheets"),
        (f"{HEAD}a\tb\n", "line 2: expected 3 fields, as its first line has, found 2; tabs stand between the columns"),
    ],
)
def test_another_separator_is_refused(tmp_path, text, message):
    path = tmp_path / "meta.csv"
    path.write_text(text)
    with pytest.raises(MediaError, match=re.escape(message)):
        read_user_table(path, "\t")


def test_a_comma_within_quotes_is_no_separator(tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_text('"a,b"\n1\n')
    assert read_user_table(path) == {2: {"a,b": "1"}}
