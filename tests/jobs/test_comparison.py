"""What two jobs differ in: one difference of each kind, and no others."""

import pytest

from overheard.jobs.comparison import as_plan, differences, flat, other_inputs, paths


def record(**changed):
    return {
        "stage": "split",
        "settings": {"seed": 0, "settings": {"rate": 0.1, "remarks": ["one"]}},
        "code": {"digest": "c1", "definitions": {"m:f": "d1", "m:g": "d2"}},
        "environment": {"numpy": "2.0"},
        "reads": {"index": [{"path": "results/a/media/index.csv", "sha256": "1" * 64, "record": None}], "more": []},
        "writes": {"splits": [{"path": "results/a/media/fold-0/splits.csv", "sha256": "2" * 64}]},
    } | changed


def plan(**changed):
    return {
        **as_plan(record()),
        "reads": {"index": ["results/a/media/index.csv"]},
        "writes": {"splits": ("results/a/media/fold-0/splits.csv",)},
        "outside": {"results/a/media/index.csv": "1" * 64, "other": "9" * 64},
    } | changed


def test_the_same_job_has_no_difference():
    assert list(differences(record(), plan())) == []


def test_what_a_plan_does_not_say_is_not_compared():
    assert list(differences(record(), {})) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"stage": "media"}, ("stage", "stage", "split", "media")),
        ({"settings": {"seed": 0, "settings": {"rate": 0.2, "remarks": ["one"]}}}, ("setting", "rate", "0.1", "0.2")),
        # as JSON has it: 0 and 0.0 are two settings
        ({"settings": {"seed": 0.0, "settings": {"rate": 0.1, "remarks": ["one"]}}}, ("setting", "seed", "0", "0.0")),
        (
            {"settings": {"seed": 0, "settings": {"rate": 0.1, "remarks": ["one", "two"]}}},
            ("setting", "remarks[1]", None, '"two"'),
        ),
        ({"code": "c2", "definitions": {"m:f": "d1"}}, ("definition", "m:g", "d2", None)),
        ({"environment": {"numpy": "2.1"}}, ("package", "numpy", "2.0", "2.1")),
        ({"reads": {}}, ("reads", "index", ["results/a/media/index.csv"], None)),
        ({"writes": {"splits": ["b"]}}, ("writes", "splits", ["results/a/media/fold-0/splits.csv"], ["b"])),
        (
            {"outside": {"results/a/media/index.csv": "3" * 64}},
            ("input", "results/a/media/index.csv", "1" * 64, "3" * 64),
        ),
    ],
    ids=["stage", "setting", "kind of number", "list", "definition", "package", "reads", "writes", "input"],
)
def test_each_kind_of_difference_is_told(changed, expected):
    assert list(differences(record(), plan(**changed))) == [expected]


def test_code_without_definitions_is_told_by_its_digest():
    assert list(differences(record(), {"code": "c2"})) == [("code", "split", "c1", "c2")]


def test_settings_of_the_same_dotted_keys_still_differ():
    (one,) = differences(record(settings={"a.b": 1}), {"settings": {"a": {"b": 1}}})
    assert one.kind == "setting"


def test_a_stages_own_setting_is_not_taken_for_a_plain_argument():
    (one,) = differences(record(settings={"seed": 0, "settings": {"seed": 1}}), {"settings": {"seed": 0}})
    assert one == ("setting", "seed", "1", None)


def test_inputs_are_compared_by_place_whatever_their_paths():
    def reading(*digests):
        return record(reads={"students": [{"path": f"{place}-{d}", "sha256": d} for place, d in enumerate(digests)]})

    assert other_inputs(reading("a", "b"), reading("a", "b")) == []
    assert other_inputs(reading("a", "b"), reading("a", "c", "d")) == [
        ({"path": "1-b", "sha256": "b"}, {"path": "1-c", "sha256": "c"}),
        (None, {"path": "2-d", "sha256": "d"}),
    ]


def test_paths_are_by_flag_and_settings_by_dotted_key():
    assert paths(record(), "reads") == {"index": ["results/a/media/index.csv"]}
    assert flat(record()["settings"]) == {"seed": 0, "settings.rate": 0.1, "settings.remarks": ["one"]}
