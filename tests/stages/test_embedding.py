"""The map of event distributions on made-up runs: what is embedded, what is measured, what the figure draws."""

import numpy as np
import pytest
import shown
from made_rows import CLASSES, files_of, make_rows
from origins import TWIN
from sklearn.metrics import silhouette_score

from overheard.errors import PairingError
from overheard.io import artifacts
from overheard.scores.plots import event_map, style
from overheard.scores.plots.given import File, NotDrawnError, Settings
from overheard.stages import embedding

ROWS = [("scene", "image+sound"), ("scene+kl_av", "image+sound")]
NAMES = artifacts.event_names()
ASKED = {
    "experiment": "mini",
    "source": TWIN._asdict(),
    "protocol": "corrected",
    "columns": shown.COLUMNS,
    "labels": {"scene": "L_s", "scene+kl_av": "L_s + L_KL on N_v+a"},
    "seeds": [0, 1],
    "partial": False,
    "left_out": {},
    "remarks": [],
    "spec": {
        "title": "Events",
        "caption": "Here.",
        "blocks": [{"rows": ["scene", "scene+kl_av"], "columns": ["image+sound"]}],
    },
}


@pytest.fixture
def folder(tmp_path):
    folder = make_rows(tmp_path / "mini", ROWS, seeds=[0, 1])
    ids = [line["id"] for line in artifacts.read_table(folder / "media/index.csv")]
    rng = np.random.default_rng(3)
    (folder / "teacher").mkdir()
    artifacts.write_array(folder / "teacher/logits.npy", rng.normal(size=(len(ids), 527)).astype(np.float32))
    artifacts.write_ids(folder / "teacher/logits.ids.csv", ids)
    known = [{"index": k, "event": name, "trained": int(k < 5)} for k, name in enumerate(NAMES)]
    artifacts.write_table(folder / "teacher/events.csv", ["index", "event", "trained"], known)
    for fold in (0, 1):
        rows = rng.uniform(0.1, 0.9, size=(len(CLASSES), 527))
        artifacts.write_event_matrix(folder / f"teacher/prior-{fold}.csv", CLASSES, rows)
    for path in folder.glob("evaluate/*/*/*/predictions.npz"):
        clips = artifacts.read_arrays(path)["id"]
        width = 527 if "kl" in str(path) else 0
        logits = rng.normal(size=(len(clips), width)).astype(np.float32)
        artifacts.write_arrays(path.with_name("events.npz"), id=clips, event_logits=logits)
    return folder


def make(folder, **changed):
    its = files_of(folder)
    its |= {"events": [path.with_name("events.npz") for path in its["predictions"]]} | changed
    teacher = folder / "teacher"
    embedding.embedding(
        logits=teacher / "logits.npy",
        logit_ids=teacher / "logits.ids.csv",
        teacher_events=teacher / "events.csv",
        prior=sorted(teacher.glob("prior-*.csv")),
        settings=embedding.Settings(neighbours=3),
        points=folder / "points.csv",
        separation=folder / "separation.csv",
        **its,
    )
    return artifacts.read_table(folder / "points.csv"), artifacts.read_table(folder / "separation.csv")


def test_every_run_is_measured_and_the_first_seeds_clips_are_mapped(folder):
    points, separation = make(folder)
    said = [(line["kind"], line["method"], line["seed"], line["fold"]) for line in separation]
    assert said == [
        ("teacher", "", "", "0"),
        ("teacher", "", "", "1"),
        ("mixture", "scene", "0", "0"),
        ("mixture", "scene", "1", "1"),
        ("events", "scene+kl_av", "0", "0"),
        ("events", "scene+kl_av", "1", "1"),
    ]
    assert {line["fold"] for line in points} == {"0"}
    assert {line["seed"] for line in points} == {"", "0"}
    assert len(points) == 3 * 12


def expected(folder, method, seed):
    run = folder / f"evaluate/{method}/image+sound/seed-{seed}"
    said, own = (artifacts.read_arrays(run / name) for name in ("predictions.npz", "events.npz"))
    events = 1 / (1 + np.exp(-own["event_logits"].astype(float)))
    if not events.shape[1]:
        shares = np.exp(said["scene_logits"].astype(float))
        prior = artifacts.read_event_matrix(folder / f"teacher/prior-{seed}.csv", CLASSES)
        events = shares / shares.sum(1, keepdims=True) @ prior
    # the first five events are those that the teacher knows
    return silhouette_score(events[:, :5], said["label"])


@pytest.mark.parametrize(("method", "seed"), [("scene", 1), ("scene+kl_av", 0)])
def test_silhouettes_are_of_known_events_alone_or_of_the_mixture_of_the_runs_fold(folder, method, seed):
    _, separation = make(folder)
    (line,) = [line for line in separation if (line["method"], line["seed"]) == (method, str(seed))]
    assert float(line["silhouette"]) == pytest.approx(expected(folder, method, seed), abs=1e-4)


def test_the_teachers_silhouette_is_of_known_events_alone(folder):
    _, separation = make(folder)
    said = artifacts.read_arrays(folder / "evaluate/scene/image+sound/seed-0/predictions.npz")
    names = [line["id"] for line in artifacts.read_table(folder / "teacher/logits.ids.csv")]
    logits = np.load(folder / "teacher/logits.npy")[[names.index(clip) for clip in said["id"]], :5]
    found = silhouette_score(1 / (1 + np.exp(-logits.astype(float))), said["label"])
    assert float(separation[0]["silhouette"]) == pytest.approx(found, abs=1e-4)


def test_events_of_other_clips_are_refused(folder):
    path = folder / "evaluate/scene+kl_av/image+sound/seed-0/events.npz"
    arrays = artifacts.read_arrays(path)
    artifacts.write_arrays(path, id=arrays["id"][::-1], event_logits=arrays["event_logits"])
    with pytest.raises(PairingError, match=r"events.npz: other clips than .*predictions.npz"):
        make(folder)


def drawn(folder, **changed):
    files = {flag: [File(flag, artifacts.read_table(folder / f"{flag}.csv"))] for flag in ("points", "separation")}
    with style.styled():
        return event_map.draw(Settings(**ASKED | changed), files)


def test_the_figure_has_a_panel_for_the_teacher_and_each_method(folder):
    points, separation = make(folder)
    figure = drawn(folder)
    titles = [ax.get_title(loc="left").split("\n") for ax in figure.axes if ax.axison]
    assert titles[0][0] == "Teacher (baseline)"
    assert "$L_{s}$ through p(e|s)" in [title[0] for title in titles]
    teacher = [float(line["silhouette"]) for line in separation if line["kind"] == "teacher"]
    assert titles[0][1] == f"silhouette {np.mean(teacher):.2f} ± {np.std(teacher, ddof=1):.2f}"
    offsets = figure.axes[0].collections[0].get_offsets()
    assert sorted(map(tuple, offsets.round(3).tolist())) == sorted(
        (float(line["x"]), float(line["y"])) for line in points if line["kind"] == "teacher"
    )
    assert len(figure.legends[0].get_texts()) == len(CLASSES)


def test_rows_without_runs_are_named(folder):
    make(folder)
    blocks = [{"rows": ["scene", "scene+kl_av", "scene+event"], "columns": ["image+sound"]}]
    figure = drawn(folder, spec=ASKED["spec"] | {"blocks": blocks}, left_out={"scene+event|image+sound": "no tagger"})
    (conditions,) = [text.get_text() for text in figure.texts if text.get_gid() == "conditions"]
    assert "because no tagger: scene+event (image+sound)" in conditions.replace("\n", " ")


def test_without_a_run_or_a_teacher_nothing_is_drawn(folder):
    make(folder, scores=None, predictions=None, events=None)
    with pytest.raises(NotDrawnError, match="no run of its rows"):
        drawn(folder)
    with pytest.raises(NotDrawnError, match="has a teacher"), style.styled():
        event_map.draw(Settings(**ASKED), {})
