"""Frames beside the sound of another location: each clip gets all frames of one other of its split."""

from pathlib import Path

import pytest

from overheard.io import artifacts
from overheard.io.embedded import COLUMNS
from overheard.stages.fusion.shuffle import shuffle

CLIPS = {f"{scene}{place}": scene for scene in ("bus", "park") for place in range(6)}
WORDS = {clip: "test" if clip[-1] in "45" else "train" for clip in CLIPS}
SHORT = "bus1"


def shuffled(folder: Path, pairs: str) -> dict[str, list[str]]:
    """The clip whose rows each window gets, by clip; rows are named as their clips."""
    index = [{"id": clip, "class": scene, "location": clip} for clip, scene in CLIPS.items()]
    artifacts.write_table(folder / "index.csv", list(index[0]), index)
    splits = [{"id": clip, "split": word} for clip, word in WORDS.items()]
    artifacts.write_table(folder / "splits.csv", list(splits[0]), splits)
    lines = [
        {"id": clip, "window": window, "second": f"{window}.500", "row": f"{clip}-{window}"}
        for clip in CLIPS
        for window in range(2 if clip == SHORT else 3)
    ]
    artifacts.write_table(folder / "windows.csv", COLUMNS, lines)
    paths = [folder / f"{name}.csv" for name in ("windows", "index", "splits")]
    shuffle("fusion", *paths, 0, pairs, 0, folder / "out.csv")
    found: dict[str, list[str]] = {}
    told = artifacts.read_table(folder / "out.csv", COLUMNS)
    assert [(line["id"], line["window"], line["second"]) for line in told] == [
        (line["id"], str(line["window"]), line["second"]) for line in lines
    ]
    for line in told:
        found.setdefault(line["id"], []).append(line["row"])
    return found


@pytest.mark.parametrize("pairs", ["within_class", "across"])
def test_each_clip_gets_the_frames_of_one_other_of_its_split_in_order(tmp_path, pairs):
    found = shuffled(tmp_path, pairs)
    givers = {clip: rows[0].split("-")[0] for clip, rows in found.items()}
    assert sorted(givers.values()) == sorted(CLIPS)
    for clip, rows in found.items():
        giver = givers[clip]
        assert giver != clip
        assert WORDS[giver] == WORDS[clip]
        last = 1 if giver == SHORT else 2
        assert rows == [f"{giver}-{min(window, last)}" for window in range(len(rows))]
    same = [CLIPS[clip] == CLIPS[giver] for clip, giver in givers.items()]
    assert all(same) == (pairs == "within_class")
