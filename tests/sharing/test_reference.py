"""The reference run: what it keeps, what it refuses, that its tables can be made from it, and the check against it."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from origins import TWIN

from overheard.errors import ConfigError, LineageError
from overheard.io import whole
from overheard.jobs import records
from overheard.jobs.circumstance import circumstance_path, sealed
from overheard.lineage.audit import audit
from overheard.lineage.diff import check
from overheard.lineage.trace import trace_cell
from overheard.media import leak_lines
from overheard.sharing import reference
from overheard.sharing.reference import recompute_reference, write_reference
from overheard.stages import claims, figures, reliability, statistics


@pytest.fixture
def mini(build_study, tmp_path, monkeypatch):
    """`results/mini` as a real run leaves it: its clips tested as its predictions have them, a figure really drawn."""
    names = build_study.__globals__
    monkeypatch.chdir(tmp_path)

    def all_tested(builder):
        lines = ["id,split,fold", *(f"{clip},test,0" for clip, _ in names["_clips"]())]
        splits = builder.put("media/fold-0/splits.csv", "\n".join(lines) + "\n")
        index = builder.path("media/index.csv")
        builder.job(
            "media/fold-0/split", "split", {"settings": {"seed": 0, "folds": 1}}, {"index": index}, {"splits": splits}
        )

    recorded = names["Builder"].job

    def drawn(self, name, stage, settings, reads, writes, **said):
        if stage == "figures":
            spec = {"title": "Pairs per class", "caption": "Counts."}
            settings = {"figure": "figure3", "draws": "class_statistics"}
            settings["settings"] = {"experiment": "mini", "source": TWIN._asdict(), "spec": spec}
            made = figures.Settings(**settings["settings"])
            paths = {flag: Path(path) for flag, path in writes.items()}
            figures.figures(
                "figure3",
                "class_statistics",
                made,
                paths["png"],
                paths["pdf"],
                statistics=[Path(reads["statistics"])],
            )
        return recorded(self, name, stage, settings, reads, writes, **said)

    put = names["Builder"].put

    def counted(self, name, content):
        if name == "media/statistics.csv":
            content = "class,pairs,locations,recordings\nforest,4,4,4\nharbour,4,4,4\nlake,4,4,4\n"
        return put(self, name, content)

    monkeypatch.setitem(names, "_split", all_tested)
    monkeypatch.setattr(names["Builder"], "job", drawn)
    monkeypatch.setattr(names["Builder"], "put", counted)
    # the arrays are stand-ins, which no leak report can be made of
    reported(monkeypatch, leak_lines.Line("clip", "test", 0, 12))
    return build_study(tmp_path)


def reported(monkeypatch, *lines):
    """The leak report has these lines."""
    report = leak_lines.report("mini", lines)
    monkeypatch.setattr("overheard.lineage.leak_report.leak_report", lambda *given, **named: report)


def test_it_keeps_the_bytes_of_the_light_files_and_no_others(mini):
    said = write_reference("mini")
    kept = {path.relative_to("reference/mini"): path for path in Path("reference/mini").rglob("*") if path.is_file()}
    for name, path in kept.items():
        assert path.read_bytes() == (Path("results/mini") / name).read_bytes()
    names = {name.name for name in kept}
    assert {"predictions.npz", "scores.json", "table2.md", "cells.csv", "statistics.csv", "splits.csv"} <= names
    assert not names & {"student.pt", "events.npz", "images.npy", "logits.npy", "image.pt", "00000.jpg"}
    assert len(records.record_paths(Path("reference/mini"))) == len(records.record_paths(Path("results/mini")))
    assert f"{len(kept)} files" in said


def test_it_can_be_audited_traced_and_counted_again(mini):
    write_reference("mini")
    (Path("results/mini")).rename("gone")
    audited = audit(Path("reference/mini"), leaks=False)
    assert audited.holds
    assert audited.counts["cells"] == 6
    assert trace_cell(Path("reference/mini"), "table2", "scene", "image", "f_score").runs[0].score > 0
    text, code = recompute_reference("mini")
    assert code == 0
    assert "6 cells computed again" in text
    for name in (
        "tables/cells.csv",
        "tables/table2.tex",
        "tables/metrics.json",
        "evaluate/scene/image/seed-1/scores.json",
    ):
        assert (Path("results/mini-reference") / name).read_bytes() == (Path("reference/mini") / name).read_bytes()
    for name in ("figures/figure3.png", "figures/figure3.pdf"):
        assert (Path("results/mini-reference") / name).read_bytes() == (Path("gone") / name).read_bytes()
    assert not list(Path("results/mini-reference").glob(".part-*"))
    assert recompute_reference("mini", Path("elsewhere"))[1] == 0
    (Path("reference/mini/evaluate/scene/image/seed-0/predictions.npz")).unlink()
    assert {one.kind for one in audit(Path("reference/mini"), leaks=False).findings} >= {"missing"}
    with pytest.raises(LineageError, match=r"predictions.npz.*git checkout -- reference/mini"):
        recompute_reference("mini")


def test_a_figure_with_other_bytes_is_named_and_no_cell_is_blamed(mini, monkeypatch):
    write_reference("mini")
    drawn = records.read_record(Path("reference/mini/figures/figure3.record.json"))
    monkeypatch.setattr(reference, "code", SimpleNamespace(entries=dict, stage_code=lambda *given: now))
    now = SimpleNamespace(digest=drawn["code"]["digest"])
    monkeypatch.setattr(reference.versions, "environment", lambda closure: drawn["environment"])
    monkeypatch.setattr("overheard.stages.figures.style.png", lambda pages: b"other")
    text, code = recompute_reference("mini")
    assert code == 1
    assert "1 figures have other bytes: results/mini/figures/figure3.png" in text
    assert "6 cells computed again from the predictions in reference/mini: all are equal to it" in text


def compared(mini):
    """The statistics of `results/mini`, with their record."""
    scores = sorted(Path("results/mini/evaluate").rglob("scores.json"))
    reads = {"index": mini.path("media/index.csv"), "splits": [mini.path("media/fold-0/splits.csv")]}
    reads |= {"scores": [path.as_posix() for path in scores]}
    reads |= {"predictions": [path.with_name("predictions.npz").as_posix() for path in scores]}
    blocks = [{"rows": ["scene", "scene+event"], "columns": ["image"]}]
    settings = {"experiment": "mini", "source": TWIN._asdict(), "left_out": {}}
    settings |= {"tables": {"table2": {"blocks": blocks, "metrics": ["f_score"]}}}
    writes = {
        "comparisons": mini.path("statistics/table2.comparisons.csv"),
        "report": mini.path("statistics/table2.md"),
    }
    Path("results/mini/statistics").mkdir()
    lists = {flag: [Path(path) for path in paths] for flag, paths in reads.items() if isinstance(paths, list)}
    statistics.statistics(
        index=Path(reads["index"]),
        settings=statistics.Settings(**settings),
        **lists,
        **{flag: Path(path) for flag, path in writes.items()},
    )
    mini.job("statistics/table2", "statistics", {"settings": settings}, reads, writes)
    return Path(writes["comparisons"])


def test_statistics_are_counted_again_and_an_edited_number_is_found(mini):
    path = compared(mini)
    write_reference("mini")
    text, code = recompute_reference("mini")
    assert (code, "results/mini-reference/statistics/: 1 comparisons computed again" in text) == (
        0,
        True,
    )
    again = Path("results/mini-reference/statistics")
    assert (again / "table2.comparisons.csv").read_bytes() == path.read_bytes()
    assert (again / "table2.md").read_bytes() == path.with_name("table2.md").read_bytes()
    # edited alone it is not what its record says
    content = path.read_text()
    difference = content.splitlines()[1].split(",")[9]
    path.write_text(content.replace(difference, "9.9999", 1))
    assert {one.kind for one in audit(Path("results/mini"), leaks=False).findings} == {"changed"}
    # and with a record made to fit, not what follows from the predictions
    record = Path("results/mini/statistics/table2.record.json")
    said = json.loads(record.read_text())
    said["writes"]["comparisons"][0] = mini.entry(path.as_posix())
    records.write_record(record, records.sealed({key: said[key] for key in said if key not in ("digest", "identity")}))
    mini.circumstance(record.as_posix(), records.read_record(record))
    (found,) = [one for one in audit(Path("results/mini"), leaks=False).findings if one.kind == "number"]
    assert (found.path, "difference 9.9999" in found.found) == (path.as_posix(), True)


def judged(mini, comparisons):
    """The claims of `results/mini`, with their record."""
    pair = {"first": ["scene+event", "image"], "second": ["scene", "image"], "above": True, "margin": 0.0}
    claim = {"word": "helps", "says": "It helps", "where": "Table 2", "family": "f", "holds": "all"}
    settings = {
        "experiment": "mini",
        "source": TWIN._asdict(),
        "protocol": "corrected",
        "seeds": [0, 1],
        "paper": "A paper",
    }
    settings |= {"caveat": "None", "labels": {}, "remarks": []}
    settings |= {"claims": [claim | {"metric": "f_score", "compare": [pair]}]}
    writes = {"verdicts": mini.path("claims/verdicts.csv"), "markdown": mini.path("claims/claims.md")}
    Path("results/mini/claims").mkdir()
    places = {flag: Path(path) for flag, path in writes.items()}
    claims.claims([comparisons], Path("config/published.csv"), claims.Settings(**settings), **places)
    reads = {"comparisons": [comparisons.as_posix()], "published": "config/published.csv"}
    mini.job("claims/claims", "claims", {"settings": settings}, reads, writes)
    return places["verdicts"]


def resealed(mini, stage, path=None, flag="verdicts", **settings):
    """A record made to fit an edited file, or with other settings."""
    record = Path(f"results/mini/{stage}/{stage}.record.json")
    said = json.loads(record.read_text())
    said["settings"]["settings"] |= settings
    if path:
        said["writes"][flag][0] = mini.entry(path.as_posix())
    records.write_record(record, records.sealed({key: said[key] for key in said if key not in ("digest", "identity")}))
    mini.circumstance(record.as_posix(), records.read_record(record))


def test_verdicts_are_judged_again_and_an_edited_one_is_found(mini):
    path = judged(mini, compared(mini))
    write_reference("mini")
    text, code = recompute_reference("mini")
    assert code == 0
    assert "results/mini-reference/claims/: 1 claims judged again: 1 undecided; overheard show mini claims" in text
    assert Path("results/mini-reference/claims/verdicts.csv").read_bytes() == path.read_bytes()
    path.write_text(path.read_text().replace("undecided", "supported"))
    resealed(mini, "claims", path)
    (found,) = [one for one in audit(Path("results/mini"), leaks=False).findings if one.kind == "number"]
    assert (found.path, found.found) == (path.as_posix(), "2 lines of numbers differ")


@pytest.mark.parametrize("forged", [{"claims": [{"word": "helps"}]}, {"claims": "all"}, {"seeds": None}])
def test_claims_of_a_forged_record_are_not_judged_and_said(mini, forged):
    judged(mini, compared(mini))
    resealed(mini, "claims", **forged)
    (found,) = [one for one in audit(Path("results/mini"), leaks=False).findings if one.kind == "number"]
    assert "no settings" in found.found


def test_calibration_is_counted_again_and_an_edited_error_is_found(mini):
    reads = {"scores": [path.as_posix() for path in sorted(Path("results/mini/evaluate").rglob("scores.json"))]}
    reads["predictions"] = [path.replace("scores.json", "predictions.npz") for path in reads["scores"]]
    flags = {"bins": "reliability/reliability.bins.csv", "calibration": "reliability/reliability.csv"}
    writes = {flag: mini.path(path) for flag, path in flags.items()}
    Path("results/mini/reliability").mkdir()
    places = [
        {flag: [Path(one) for one in its] for flag, its in reads.items()},
        {f: Path(p) for f, p in writes.items()},
    ]
    reliability.reliability(reliability.Settings(bins=4), **places[0], **places[1])
    mini.job("reliability/reliability", "reliability", {"settings": {"bins": 4}}, reads, writes)
    # a figure rests on it
    pictures = {suffix: mini.path(f"figures/reliability.{suffix}") for suffix in ("png", "pdf")}
    mini.job("figures/reliability", "figures", {}, writes | {"statistics": mini.path("media/statistics.csv")}, pictures)
    write_reference("mini")
    assert recompute_reference("mini")[1] == 0
    for path in flags.values():
        again = Path("results/mini-reference") / path
        assert again.read_bytes() == (Path("reference/mini") / path).read_bytes()
    path = places[1]["calibration"]
    path.write_text(path.read_text().replace(path.read_text().splitlines()[1].split(",")[-1], "0.001", 1))
    resealed(mini, "reliability", path, flag="calibration")
    (found,) = [one for one in audit(Path("results/mini"), leaks=False).findings if one.kind == "number"]
    assert (found.path, found.found) == (path.as_posix(), "2 lines of numbers differ")


def test_it_never_writes_where_an_experiment_is(mini):
    write_reference("mini")
    with pytest.raises(ConfigError, match="holds an experiment"):
        recompute_reference("mini", Path("results/mini"))
    with pytest.raises(ConfigError, match="reference/none: no such reference run"):
        recompute_reference("none")


def test_a_failing_audit_is_refused(mini):
    path = Path("results/mini/teacher/fold-0/prior.csv")
    path.write_text("changed")
    with pytest.raises(LineageError, match=r"teacher/fold-0/prior.csv: changed(?s:.)*no reference is written"):
        write_reference("mini")
    assert not Path("reference").exists()


def test_a_study_with_a_leak_is_refused(mini, monkeypatch):
    reported(monkeypatch, leak_lines.Line("location", "test", 3, 12))
    with pytest.raises(LineageError, match=r"results/mini/media: leak(?s:.)*no reference is written"):
        write_reference("mini")
    assert not Path("reference").exists()


def test_an_interrupted_writing_loses_neither_the_old_nor_the_new(mini, monkeypatch):
    write_reference("mini")
    before = {path: path.read_bytes() for path in Path("reference").rglob("*") if path.is_file()}

    def cut_off(part, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(whole, "replace", cut_off)
        with pytest.raises(KeyboardInterrupt):
            write_reference("mini")
    kept = {path.read_bytes() for path in Path("reference/.old-mini").rglob("*") if path.is_file()}
    assert kept == set(before.values())
    write_reference("mini")
    assert {path: path.read_bytes() for path in Path("reference").rglob("*") if path.is_file()} == before


def test_an_incomplete_or_dirty_study_is_refused(mini):
    place = circumstance_path(Path("results/mini/pretrain/image.record.json"))
    said = json.loads(place.read_text())
    of, git = said.pop("of"), said["git"] | {"dirty": ["src"]}
    said.pop("digest")
    place.write_text(records.as_text(sealed(said | {"git": git}, of)), encoding="utf-8")
    with pytest.raises(LineageError, match="pretrain/image.record.json: src was not as committed"):
        write_reference("mini")
    assert "jobs" in write_reference("mini", allow_dirty=True)
    Path("results/mini/tables/cells.record.json").unlink()
    with pytest.raises(LineageError, match="not complete"):
        write_reference("mini", allow_dirty=True)
    with pytest.raises(ConfigError, match="results/none: no such results"):
        write_reference("none")


def test_it_refuses_to_grow_large(mini, monkeypatch):
    monkeypatch.setattr("overheard.sharing.reference.LIMIT_BYTES", 1000)
    with pytest.raises(LineageError, match="its reference would take"):
        write_reference("mini")


def test_check_says_same_bytes_seed_noise_or_not(mini, build_study, tmp_path, monkeypatch):
    write_reference("mini")
    text, code = check("mini", all_cells=True)
    assert code == 0
    assert "same bytes: 6" in text
    assert "| table2 | scene | image | f_score |" in text

    # fresh runs of scene+event: every clip right, then every clip wrong
    Path("results/mini").rename("first")
    again(build_study, tmp_path, monkeypatch, wrong=False)
    text, code = check("mini")
    assert code == 0
    assert "same bytes: 3" in text
    assert "within seed noise: 3" in text  # two seeds with some spread against two without

    write_reference("mini")
    Path("results/mini").rename("second")
    again(build_study, tmp_path, monkeypatch, wrong=True)
    text, code = check("mini")
    assert code == 1
    assert "not: 3" in text
    assert text.count("scene+event | image") == 3
    assert "100.00 ± 0.00 (n = 2) | 0.00 ± 0.00 (n = 2) | -100.00" in text
    assert "`overheard diff reference/mini results/mini` shows the cause" in text
    with pytest.raises(ConfigError, match="results/other: no such results to check"):
        check("other")
    Path("results/other").mkdir()
    with pytest.raises(ConfigError, match="reference/other: no such reference run"):
        check("other")


def again(build_study, tmp_path, monkeypatch, wrong):
    """The experiment once more, with certain predictions of scene+event."""
    names = build_study.__globals__
    predict = names["_predict"]

    class Certain:
        def normal(self, size):
            return 10 * wrong * np.eye(3)[(np.repeat(np.arange(3), 4) + 1) % 3]

    def certain(folder, method, seed):
        with monkeypatch.context() as patch:
            if method != "scene":
                patch.setattr(np.random, "default_rng", lambda given: Certain())
            predict(folder, method, seed)

    with monkeypatch.context() as patch:
        patch.setitem(names, "_predict", certain)
        build_study(tmp_path)
