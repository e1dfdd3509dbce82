"""A table of the clips themselves: the paper's own Table 1 from the record's list of locations."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from origins import TWIN

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts
from overheard.scores.counted import counted, lay_out
from overheard.scores.origin import Origin
from overheard.scores.published import printed_values
from overheard.stages.counts import Settings, counts
from overheard.study import config

PUBLISHED = Path(__file__).parents[2] / "config" / "published"
SHOWS = ["files", "locations", "duration_min"]
SPEC = {"published": "Table 1", "title": "Clips", "caption": "All.", "shows": SHOWS}


def lines_of(name):
    with (PUBLISHED / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def record():
    """A line for each listed clip of the published record, of ten seconds each."""
    return [
        {
            "id": f"{line['location']}-{k}",
            "class": line["scene"],
            "location": line["location"],
            "sound_duration_s": "10.0",
        }
        for line in lines_of("tau_locations.csv")
        for k in range(int(line["files"]))
    ]


def test_the_records_locations_give_the_papers_table(tmp_path):
    found = counted(record(), SHOWS)
    printed = printed_values(lines_of("tau_avsc.csv"), "Table 1")
    for (scene, word, _), its in printed.items():
        # one bus clip of ten seconds is listed in neither fold
        lacking = {"files": 1, "locations": 0, "duration_min": 1 / 6}[word] if scene in ("bus", "total") else 0
        assert found[scene][word] + lacking == pytest.approx(its.mean, abs=0.051)
    assert len(printed) == 33
    text = lay_out("table1", "x", Origin("tau", "the record"), SPEC, found, printed)
    assert text.body.loc[0].tolist() == ["airport", "978", "978", "29", "29", "163.0", "163.0"]
    assert "paper" not in "".join(lay_out("table1", "x", TWIN, SPEC, found, printed).body.columns)


def test_minutes_are_summed_of_clips_of_any_length_and_pandas_agrees(tmp_path):
    lines = [
        {"id": f"{k}", "class": "ab"[k % 2], "location": f"{k // 3}", "sound_duration_s": f"{3.5 + k}"}
        for k in range(11)
    ]
    frame = pd.DataFrame(lines).astype({"sound_duration_s": float})
    found = counted(lines, SHOWS)
    for scene, own in frame.groupby("class"):
        assert found[scene]["duration_min"] == pytest.approx(own["sound_duration_s"].sum() / 60)
        assert found[scene]["locations"] == own["location"].nunique()
    assert found["total"]["files"] == 11


def test_no_clip_no_duration_and_a_scene_called_total_are_refused():
    line = {"id": "1", "class": "a", "location": "1", "sound_duration_s": ""}
    with pytest.raises(MediaError, match="no clip"):
        counted([], SHOWS)
    with pytest.raises(MediaError, match="sound_duration_s"):
        counted([line], SHOWS)
    with pytest.raises(MediaError, match="a scene is called total"):
        counted([line | {"class": "total"}], ["files"])


def test_the_stage_writes_markdown_csv_and_latex(tmp_path):
    index = tmp_path / "index.csv"
    artifacts.write_table(index, ["id", "class", "location", "sound_duration_s"], record()[:500])
    made = {flag: tmp_path / f"t.{flag}" for flag in ("csv", "markdown", "latex")}
    counts(index, PUBLISHED / "tau_avsc.csv", "table1", Settings("mini", TWIN._asdict(), SPEC), **made)
    text = made["markdown"].read_text()
    assert "SIMULATED TWIN" in text
    assert "not shown" in text
    assert made["csv"].read_text().splitlines()[0] == "class,files,locations,duration_min"
    assert r"\begin{tabular}{lrrr}" in made["latex"].read_text()


def test_what_cannot_be_counted_is_refused_by_name():
    study = config.load_study(Path(__file__).parents[2], "tau").model_dump(exclude_defaults=True)
    wrong = study["counts"]["table1"] | {"shows": ["files", "seconds"]}
    with pytest.raises(ConfigError, match="found seconds; allowed: files, locations, duration_min"):
        config.check_study(study | {"counts": {"table1": wrong}}, "s.yaml")
    with pytest.raises(ConfigError, match="counts: table2 is a table or a figure too"):
        config.check_study(study | {"counts": {"table2": study["counts"]["table1"]}}, "s.yaml")
