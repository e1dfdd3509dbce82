"""The event atlas on a made-up study: chosen events, examples of training clips alone, and what the figure draws."""

import json

import numpy as np
import pytest
from made_rows import CLASSES, make_rows
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle
from origins import TWIN

from overheard.io import artifacts
from overheard.scores.plots import atlas as plot
from overheard.scores.plots import style
from overheard.scores.plots.given import File, NotDrawnError, Settings
from overheard.stages import atlas

NAMES = artifacts.event_names()
WRITES = {"telling": "atlas.csv", "examples": "atlas.examples.csv", "basis": "atlas.json", "markdown": "atlas.md"}


@pytest.fixture
def folder(tmp_path):
    """Event k is loud in scene k, at some clips more; event 3 everywhere; event 4 is unknown to the teacher."""
    folder = make_rows(tmp_path / "mini", rows=[], seeds=[0])
    index = artifacts.read_table(folder / "media/index.csv")
    for line in index:
        name = f"{line['class']}/{line['id']}"
        line |= {"sound": f"sound/{name}.wav", "image": f"vision/{name}.jpg", "sound_start_s": "0.0"}
    artifacts.write_table(folder / "media/index.csv", list(index[0]), index)
    scene = np.array([CLASSES.index(line["class"]) for line in index])
    # the loudest of all are test clips
    loud = np.array([float(line["id"].split("-")[1]) * 0.1 + (line["id"].split("-")[1] in "05") * 9 for line in index])
    logits = np.full((len(index), len(NAMES)), -4.0)
    logits[np.arange(len(index)), scene] = loud
    logits[:, 3] = 2.0
    logits[:, 4] = np.where(scene == 0, 3.0, -4.0)
    teacher = folder / "teacher"
    teacher.mkdir()
    artifacts.write_array(teacher / "logits.npy", logits.astype(np.float32))
    artifacts.write_ids(teacher / "logits.ids.csv", [line["id"] for line in index])
    known = [{"index": k, "event": name, "trained": int(k < 4)} for k, name in enumerate(NAMES)]
    artifacts.write_table(teacher / "events.csv", ["index", "event", "trained"], known)
    rows = np.full((len(CLASSES), len(NAMES)), 0.1)
    rows[np.arange(3), np.arange(3)] = [0.9, 0.8, 0.7]
    rows[:, 3], rows[0, 4] = 0.88, 0.95
    artifacts.write_event_matrix(teacher / "prior.csv", CLASSES, rows)
    artifacts.write_event_matrix(teacher / "relevance.csv", CLASSES, -rows)
    return folder


def make(folder, **settings):
    teacher = folder / "teacher"
    atlas.atlas(
        logits=teacher / "logits.npy",
        logit_ids=teacher / "logits.ids.csv",
        teacher_events=teacher / "events.csv",
        index=folder / "media/index.csv",
        splits=folder / "media/fold-0/splits.csv",
        prior=teacher / "prior.csv",
        relevance=teacher / "relevance.csv",
        settings=atlas.Settings("mini", TWIN._asdict(), "results/mini/draw/pairs", **settings),
        **{flag: folder / name for flag, name in WRITES.items()},
    )
    return artifacts.read_table(folder / "atlas.csv"), artifacts.read_table(folder / "atlas.examples.csv")


def test_it_names_the_events_that_tell_a_scene_with_their_numbers(folder):
    telling, _ = make(folder)
    assert {(line["scene"], line["event"]) for line in telling if line["rank"]} == set(
        zip(CLASSES, NAMES, strict=False)
    )
    first = telling[0]
    # by hand: 0.9 over the mean of 0.9, 0.1 and 0.1
    assert (first["scene"], first["index"], first["rank"]) == ("beach", "0", "1")
    assert float(first["lift"]) == pytest.approx(0.9 / (1.1 / 3), abs=1e-4)
    assert float(first["relevance"]) == pytest.approx(-0.9, abs=1e-6)
    assert len(telling) == 9


def test_examples_are_the_surest_training_clips_one_a_location(folder):
    _, examples = make(folder, examples=3)
    split = {line["id"]: line["split"] for line in artifacts.read_table(folder / "media/fold-0/splits.csv")}
    assert {split[line["id"]] for line in examples} == {"train"}
    assert [line["location"] for line in examples if line["scene"] == "lake"] == ["lake-9", "lake-8", "lake-7"]
    first = examples[0]
    assert float(first["probability"]) == pytest.approx(1 / (1 + np.exp(-0.9)), abs=1e-5)
    assert first["sound"] == f"sound/beach/{first['id']}.wav"


def test_the_page_leads_to_the_clips_and_says_of_which_clips_it_is(folder):
    make(folder, prior_clips="all", rows="permuted")
    page = (folder / "atlas.md").read_text()
    assert "(<../../../results/mini/draw/pairs/sound/lake/lake-9-0.wav>)" in page
    assert "all clips, as the paper says: TEST CLIPS ARE AMONG THEM" in page
    assert "CONTROL: each scene has the next one's row" in page
    assert json.loads((folder / "atlas.json").read_text())["clips"] == dict.fromkeys(CLASSES, 16)


def drawn(folder, *flags):
    names = flags or ("telling", "examples", "basis")
    read = {".csv": artifacts.read_table, ".json": artifacts.read_json}
    files = {flag: [File(flag, read[(folder / WRITES[flag]).suffix](folder / WRITES[flag]))] for flag in names}
    with style.styled():
        return plot.draw(Settings("mini", TWIN._asdict(), {"title": "Atlas", "caption": "Here."}), files)


def test_the_figure_draws_both_matrices_frames_and_bars(folder):
    telling, _ = make(folder)
    heat, bars = drawn(folder)
    maps = [next(m for m in ax.collections if isinstance(m, QuadMesh)) for ax in heat.axes[:2]]
    prior = np.array([float(line["probability"]) for line in telling]).reshape(3, 3)
    np.testing.assert_allclose(maps[0].get_array().reshape(3, 3), prior)
    assert maps[1].get_array().min() == pytest.approx(-0.9)
    assert maps[1].norm.vmin == pytest.approx(-0.9)
    frames = [p.get_xy() for p in heat.axes[0].patches if isinstance(p, Rectangle)]
    assert frames == [(0, 0), (1, 1), (2, 2)]
    lifts = [float(line["lift"]) for line in telling if line["rank"]]
    assert [patch.get_width() for patch in bars.axes[0].patches] == lifts
    assert any("beach-9-0" in text.get_text() for text in bars.axes[0].texts)


def test_where_nothing_tells_a_scene_or_no_teacher_is_there_the_figure_says_why(folder):
    make(folder, least=0.99)
    assert "Without a telling event: beach, forest, lake" in (folder / "atlas.md").read_text()
    with pytest.raises(NotDrawnError, match=r"no event is both probable enough .* is 0.99"):
        drawn(folder)
    with pytest.raises(NotDrawnError, match="no row of this experiment has a teacher"), style.styled():
        plot.draw(Settings("mini", TWIN._asdict(), {"title": "Atlas", "caption": "Here."}), {})
