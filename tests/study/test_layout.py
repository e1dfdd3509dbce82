"""The layout: which job makes a file, and what a job is called."""

import pytest

from overheard.study import flow, layout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("train/scene+event/image/seed-0/student", "train scene+event image seed-0"),
        ("evaluate/scene/image+sound/evaluate", "evaluate scene image+sound"),
        ("media/media", "media"),
        ("media/scenes/media", "media scenes"),
        ("media/fold-0/split", "split fold-0"),
        ("features/sounds/paper", "features sounds paper"),
        ("features/fold-12/normaliser", "normaliser fold-12"),
        ("frozen/image", "frozen image"),
        ("teacher/teacher", "teacher"),
        ("teacher/fold-3/prior", "prior fold-3"),
        ("tables/table2", "tables table2"),
        ("tables/cells", "cells"),
        ("draw/pairs", "draw pairs"),
    ],
)
def test_a_job_in_words(name, said):
    assert layout.words(f"results/mini/{name}.record.json") == said


@pytest.mark.parametrize(
    ("stage", "values", "lists", "path"),
    [
        ("draw", {"collection": "pairs"}, {}, "results/mini/draw/pairs"),
        ("features", {"part": "scenes/", "front_end": "images"}, {}, "results/mini/features/scenes/images.pooled.npy"),
        (
            "evaluate",
            {"method": "scene", "modality": "image+sound"},
            {"seed": [0, 11]},
            "results/mini/evaluate/scene/image+sound/seed-11/scores.json",
        ),
    ],
)
def test_a_file_leads_back_to_the_job_that_writes_it(stage, values, lists, path):
    files = [each for paths in layout.written("mini", stage, values, lists).values() for each in paths]
    assert path in files
    assert {layout.record_of(each) for each in files} == {layout.record_path("mini", stage, values)}


def test_no_two_stages_write_one_file():
    patterns = [pattern for its in flow.STAGES.values() for pattern in its.writes.values()]
    assert len(patterns) == len(set(patterns))
    assert layout.record_of("results/mini/tables/cells.csv") == "results/mini/tables/cells.record.json"
    assert layout.record_of("results/mini/tables/table2.cells.csv") == "results/mini/tables/table2.record.json"


def test_flags_of_git_and_of_the_reference_run_are_flags_that_are_written():
    for its in flow.STAGES.values():
        assert {*its.git, *its.reference} <= set(its.writes)
