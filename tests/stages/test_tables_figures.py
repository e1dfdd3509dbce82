"""The stages tables, cells and figures on real files, as the runner calls them."""

import csv
import json

import numpy as np
import pytest
import shown
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from origins import DIRECTORY, RECORD, TWIN

from overheard.errors import ConfigError, PairingError
from overheard.io import progress
from overheard.jobs import runner
from overheard.stages import cells as cells_stage
from overheard.stages import figures as figures_stage
from overheard.stages import tables as tables_stage

SPEC = {
    "published": "Table 2",
    "title": "One modality",
    "caption": "Alone.",
    "blocks": [{"rows": ["scratch", "scene"], "columns": ["sound", "image"]}],
    "metrics": ["precision", "recall", "f_score"],
}
ASKED = {
    "experiment": "trial",
    "source": TWIN._asdict(),
    "protocol": "corrected",
    "spec": SPEC,
    "labels": {"scratch": "L_s, random start", "scene": "L_s"},
    "columns": shown.COLUMNS,
    "seeds": [0, 1, 2],
    "partial": False,
    "left_out": {},
    "remarks": [],
}
METRICS = {"metrics": shown.of(*SPEC["metrics"])}
PRINTED = (
    "table,row,column,metric,mean,std,n,source\n"
    "Table 2,scene,image,f_score,72.85,,5,the std is lost\n"
    "Table 2,scene,sound,f_score,28.99,0.51,5,\n"
    "Table 3,scene,sound,f_score,11.11,0.11,5,\n"
)


@pytest.fixture
def scores(tmp_path):
    rng = np.random.default_rng(3)
    paths = []
    for method in SPEC["blocks"][0]["rows"]:
        for modality in SPEC["blocks"][0]["columns"]:
            for seed in ASKED["seeds"]:
                path = tmp_path / f"evaluate/{method}/{modality}/seed-{seed}/scores.json"
                path.parent.mkdir(parents=True)
                run = {"method": method, "modality": modality, "seed": seed, "fold": seed, "n": 231}
                run |= {"classes": ["beach", "lake"], "confusion": rng.integers(1, 50, (2, 2)).tolist()}
                path.write_text(json.dumps(run | {metric: rng.random() for metric in SPEC["metrics"]}))
                paths.append(path)
    return paths


@pytest.fixture
def published(tmp_path):
    (tmp_path / "published.csv").write_text(PRINTED)
    return tmp_path / "published.csv"


def make_table(folder, scores, published, comparisons=None, **changed):
    folder.mkdir(exist_ok=True)
    outputs = {name: folder / f"table2.{name}" for name in ("cells", "csv", "markdown", "latex")}
    asked = tables_stage.Settings(**ASKED | METRICS | changed)
    given = {"scores": scores, "comparisons": comparisons}
    tables_stage.tables(published=published, table="table2", settings=asked, **given, **outputs)
    return {name: path.read_bytes() for name, path in outputs.items()}


def test_a_table_of_the_twin(tmp_path, scores, published):
    made = make_table(tmp_path / "out", scores, published)
    lines = list(csv.DictReader(made["cells"].decode().splitlines()))
    assert len(lines) == 12
    values = [100 * json.loads(p.read_text())["recall"] for p in scores if p.parts[-4:-2] == ("scene", "image")]
    line = next(r for r in lines if (r["row"], r["column"], r["metric"]) == ("scene", "image", "recall"))
    assert float(line["mean"]) == pytest.approx(np.mean(values), abs=5e-5)
    assert float(line["std"]) == pytest.approx(np.std(values, ddof=1), abs=5e-5)
    assert {r["comparable"] for r in lines} == {"no: simulated twin"}
    assert {r["published_mean"] + r["published_std"] for r in lines} == {""}
    for name in ("csv", "markdown", "latex"):
        assert b"72.85" not in made[name]
    assert f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}" in made["markdown"].decode()
    assert b"SIMULATED TWIN" in made["markdown"]
    assert b"SIMULATED TWIN" in made["latex"]


def test_bold_follows_the_comparisons_and_is_explained(tmp_path, scores, published):
    """On the picture 0 lies within the interval, so both are bold; on the sound only the higher one is."""
    means = {}
    for path in scores:
        run = json.loads(path.read_text())
        means.setdefault((run["method"], run["modality"]), []).append(100 * run["recall"])
    lines = []
    for column, half in (("image", 1e3), ("sound", 1e-3)):
        gap = float(np.mean(means["scene", column]) - np.mean(means["scratch", column]))
        interval = f"{gap},1,{half / 3},{gap - half},{gap + half}"
        lines.append(f"scratch,{column},scene,{column},recall,3,{interval},both")
    head = (
        "row_a,column_a,row_b,column_b,metric,n,difference,seed_error,location_error,location_low,location_high,covers"
    )
    (tmp_path / "comparisons.csv").write_text("\n".join([head, *lines]) + "\n")
    spec = SPEC | {"metrics": ["recall"]}
    made = make_table(
        tmp_path / "out", scores, published, tmp_path / "comparisons.csv", spec=spec, metrics=shown.of("recall")
    )
    rows = [line for line in made["markdown"].decode().splitlines() if line.startswith(("| Sound", "| Image"))]
    higher = max(means["scene", "sound"], means["scratch", "sound"], key=np.mean)
    assert ["**" in row for row in rows] == [higher is means[row, "sound"] for row in ("scratch", "scene")] + [True] * 2
    assert made["latex"].decode().count(r"\textbf") == 3
    assert "Bold: not distinguishable from the best" in made["markdown"].decode()
    plain = make_table(tmp_path / "plain", scores, published, spec=spec, metrics=shown.of("recall"))
    assert "No bold:" in plain["markdown"].decode()
    assert plain["cells"] == made["cells"]


def test_a_table_of_the_published_record(tmp_path, scores, published):
    made = make_table(tmp_path / "out", scores, published, source=RECORD._asdict())
    assert "72.85 (std not found)" in made["markdown"].decode()
    assert "28.99 ± 0.51" in made["markdown"].decode()
    assert "11.11" not in made["markdown"].decode()
    rows = list(csv.DictReader(made["csv"].decode().splitlines()))
    assert [row["f_score_published_mean"] for row in rows] == ["", "28.99", "", "72.85"]


def test_equal_scores_give_equal_bytes(tmp_path, scores, published):
    first, second = (make_table(tmp_path / name, scores, published) for name in ("one", "two"))
    assert first == second


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_scores_files_changes_no_byte(tmp_path, scores, published, data):
    permuted = data.draw(st.permutations(scores))
    assert make_table(tmp_path / "b", permuted, published) == make_table(tmp_path / "a", scores, published)


def test_missing_seeds_and_rows_left_out(tmp_path, scores, published):
    with pytest.raises(PairingError, match=r"missing runs \(1\): scratch/sound/seed-0"):
        make_table(tmp_path / "out", scores[1:], published)
    made = make_table(tmp_path / "out", scores[1:], published, partial=True)
    assert "(2 of 3)" in made["markdown"].decode()
    made = make_table(tmp_path / "out", scores[3:], published, left_out={"scratch|sound": "no sounds"})
    assert "Left out, because no sounds: L_s, random start (sound)." in made["markdown"].decode()
    everything = {f"{m}|{v}": "nothing to train on" for m in ("scratch", "scene") for v in ("sound", "image")}
    made = make_table(tmp_path / "out", None, published, left_out=everything)
    assert made["cells"].decode().count("left out: nothing to train on") == 12


def test_a_repeated_run_ends_the_command_with_one_message(tmp_path, scores, published, capsys):
    arguments = {name: tmp_path / f"out/{name}" for name in ("cells", "csv", "markdown", "latex")}
    arguments |= {"published": published, "table": "table2", "settings": tables_stage.Settings(**ASKED | METRICS)}
    code = runner.run_stage(tables_stage.tables, arguments | {"scores": [*scores, scores[0]]}, None, ["overheard"])
    assert code == 2
    assert "scratch/sound/seed-0 is given twice" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


def test_cells_of_all_tables_in_the_order_given(tmp_path, scores, published):
    make_table(tmp_path / "out", scores, published)
    first = tmp_path / "out/table2.cells"
    second = tmp_path / "other.csv"
    second.write_text(first.read_text().replace("table2,", "figure6,"))
    cells_stage.cells([second, first], tmp_path / "cells.csv", tmp_path / "metrics.json")
    lines = list(csv.DictReader((tmp_path / "cells.csv").read_text().splitlines()))
    assert [line["table"] for line in lines] == ["figure6"] * 12 + ["table2"] * 12
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["table2"]["scene"]["image"]["recall"] == {
        key: float(next(x[key] for x in lines if (x["row"], x["column"], x["metric"]) == ("scene", "image", "recall")))
        for key in ("mean", "std", "pooled")
    }
    with pytest.raises(PairingError, match="given twice"):
        cells_stage.cells([first, first], tmp_path / "cells.csv", tmp_path / "metrics.json")


def make_figure(folder, figure, asked=None, **inputs):
    folder.mkdir(exist_ok=True)
    outputs = {"png": folder / f"{figure}.png", "pdf": folder / f"{figure}.pdf"}
    draws = {"figure3": "class_statistics", "figure6": "f_score_by_method"}.get(figure, figure)
    settings = figures_stage.Settings(**asked or ASKED)
    figures_stage.figures(figure=figure, draws=draws, settings=settings, **outputs, **inputs)
    return [path.read_bytes() for path in outputs.values()]


def test_figures_are_written_with_equal_bytes_and_no_date(tmp_path, scores):
    statistics = tmp_path / "statistics.csv"
    statistics.write_text("class,pairs,locations,recordings\nlake,357,90,80\nforest,862,862,862\n")
    for figure, inputs in (("figure3", {"statistics": [statistics]}), ("figure6", {"scores": scores})):
        first, second = (make_figure(tmp_path / name, figure, **inputs) for name in ("one", "two"))
        assert first == second
        png, pdf = first
        assert png.startswith(b"\x89PNG")
        assert pdf.startswith(b"%PDF")
        assert b"CreationDate" not in pdf
        assert b"tEXtSoftware" not in png
    assert make_figure(tmp_path / "three", "figure6", scores=scores[::-1]) == second_of(tmp_path, "figure6")


def second_of(folder, figure):
    return [(folder / f"two/{figure}.{suffix}").read_bytes() for suffix in ("png", "pdf")]


def test_figure3_needs_experiment_and_source_only(tmp_path):
    statistics = tmp_path / "statistics.csv"
    statistics.write_text("class,pairs,locations,recordings\nlake,357,90,80\n")
    make_figure(
        tmp_path / "out",
        "figure3",
        {"experiment": "trial", "source": DIRECTORY._asdict(), "spec": {"title": "Pairs"}},
        statistics=[statistics],
    )


def test_impossible_figures_are_refused(tmp_path, scores):
    with pytest.raises(ConfigError, match="found 'figure7', expected activations, atlas"):
        make_figure(tmp_path / "out", "figure7")
    with pytest.raises(ConfigError, match="give them with --statistics"):
        make_figure(tmp_path / "out", "figure3")
    with pytest.raises(ConfigError, match="missing settings: labels, seeds"):
        make_figure(
            tmp_path / "out",
            "figure6",
            {"experiment": "t", "source": TWIN._asdict(), "protocol": "p", "spec": SPEC},
            scores=scores,
        )
    with pytest.raises(PairingError, match=r"figure6: missing runs \(1\)"):
        make_figure(tmp_path / "out", "figure6", scores=scores[1:])
    assert progress._job is None
