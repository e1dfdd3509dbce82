"""Configurations as people write them: each is what it says, or refused in one of our errors."""

import math

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from overheard.errors import ConfigError
from overheard.study import config, experiments
from overheard.study.changes import with_changes
from overheard.study.checking import check
from overheard.study.transfer.experiment import Experiment
from overheard.study.transfer.protocol import Protocol
from overheard.study.yaml_file import as_yaml, parsed, read_yaml

TWIN = "seeds: [0]\nsource: {kind: twin}\n"


def checked(text: str) -> Experiment:
    return check(Experiment, parsed(text, "config/x.yaml"), "config/x.yaml")


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("train:\n  epochs: 5\nsource: {kind: twin}\ntrain:\n  batch_size: 8\n", "train", (1, 4)),
        ("source:\n  kind: twin\n  world: 1\n  world: 2\n", "world", (3, 4)),
        ("source: {kind: twin, 'kind': twin}\n", "kind", (1, 1)),
        ("a: [{b: 1}, {b: 2,\n b: 3}]\n", "b", (1, 2)),
        ("a: &a {x: 1}\nc:\n  <<: *a\n  <<: *a\n", "<<", (3, 4)),
        ("? k\n: 1\n? k\n: 2\n", "k", (1, 3)),
    ],
    ids=["section", "nested", "quoted", "in a list", "merge", "long form"],
)
def test_a_key_that_stands_twice_is_refused_with_both_lines(text, key, lines):
    with pytest.raises(ConfigError) as refused:
        parsed(text, "config/x.yaml")
    assert f"config/x.yaml: key {key} stands twice (lines {lines[0]} and {lines[1]})" in str(refused.value)


@pytest.mark.parametrize("part", ["studies", "protocols"])
def test_a_study_or_protocol_with_a_key_twice_is_refused(tmp_path, monkeypatch, part):
    name = {"studies": "advance", "protocols": "corrected"}[part]
    root = experiments.project_root()
    folder = tmp_path / "config" / part
    folder.mkdir(parents=True)
    text = (root / "config" / part / f"{name}.yaml").read_text(encoding="utf-8")
    first = text.splitlines().index(next(line for line in text.splitlines() if line[:1].isalpha()))
    (folder / f"{name}.yaml").write_text(f"{text}\n{text.splitlines()[first]}\n", encoding="utf-8")
    experiment = checked(TWIN)
    its = config.load_study(root, experiment.study)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=rf"{name}.yaml: key \w+ stands twice \(lines {first + 1} and"):
        config.load_study(tmp_path, "advance") if part == "studies" else config.load_protocol(tmp_path, experiment, its)


@pytest.mark.parametrize(
    ("encoding", "said"), [("latin-1", "another encoding"), ("utf-16", "UTF-16"), ("utf-32", "UTF-16")]
)
def test_another_encoding_is_refused_with_its_byte_and_line(tmp_path, encoding, said):
    path = tmp_path / "x.yaml"
    path.write_bytes(f"{TWIN}# café\n".encode(encoding))
    with pytest.raises(ConfigError, match=rf"not UTF-8 text \({said}\) at byte \d+, line \d+; save it as UTF-8"):
        read_yaml(path)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path):
    plain, other = tmp_path / "plain.yaml", tmp_path / "other.yaml"
    plain.write_text(TWIN, encoding="utf-8")
    other.write_bytes(TWIN.replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_yaml(plain) == read_yaml(other) == {"seeds": [0], "source": {"kind": "twin"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("no", "no"), ("on", "on"), ("y", "y"), ("010", "010"), ("1:30", "1:30"), ("0x1f", "0x1f")],
        *[("2024-02-30", "2024-02-30"), ("1e-5", 1e-5), ("1E5", 1e5), (".5", 0.5), ("~", None), ("", None)],
        *[("1_000", 1000), ("true", True), ("-7", -7), (".inf", math.inf), ("'7'", "7"), ("7.", 7.0)],
    ],
)
def test_plain_words_are_what_a_person_means(text, value):
    found = parsed(f"a: {text}", "x")["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "1e400", "-1", "0", "1e9", "'1e-3'", "1:30", "[1]", "true"])
@pytest.mark.parametrize("key", ["train.learning_rate", "networks.image.pretrain.learning_rate"])
def test_no_learning_rate_can_be_none(key, value):
    with pytest.raises(ConfigError, match=f"{key}: found"):
        check(Experiment, with_changes(parsed(TWIN, "x"), [f"{key}={value}"]), "x")


@pytest.mark.parametrize(
    "change",
    [
        *["train.epochs=0", "train.epochs=-1", "train.epochs=10000000000", "train.epochs=1:30", "train.epochs=010"],
        *["train.batch_size=1", "train.batch_size=1000000", "train.steps=0", "train.patience=0", "train.bf16=yes"],
        *["seeds=[]", "seeds=[-1]", "seeds=[0, 0]", "seeds=[4294967296]", "seeds=[1.0]", "seeds=[.nan]"],
        *["source.scale=.inf", "source.scale=0", "source.contrast=1e9", "source.coupling=.nan", "source.world=-1"],
        *["split.fractions=[.nan, .nan, .nan]", "split.folds=0", "control.redrawn=.nan", "source.scenes=0"],
        *["networks.sound.pretrain.weight_decay=.inf", "networks.sound.pretrain.weight_decay=-1"],
        *["networks.sound.frozen_blocks=18", "source.clips=0", "train.learning_rate="],
    ][:-1],
)
def test_a_number_out_of_its_bounds_is_refused_by_its_key(change):
    with pytest.raises(ConfigError, match=change.partition("=")[0].replace(".", r"\.")):
        check(Experiment, with_changes(parsed(TWIN, "x"), [change]), "x")


@pytest.mark.parametrize("value", [".nan", ".inf", "-1"])
@pytest.mark.parametrize("key", ["alpha", "beta", "weight_decay", "learning_rate", "flip"])
def test_no_number_of_a_protocol_can_be_none(key, value):
    content = read_yaml(experiments.project_root() / "config" / "protocols" / "corrected.yaml")
    with pytest.raises(ConfigError, match=key):
        check(Protocol, with_changes(content, [f"{key}={value}"]), "x")


def test_aliases_that_grow_without_end_are_refused():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match="more than 100000 keys and values"):
        parsed("\n".join(lines), "x")
    with pytest.raises(ConfigError, match="line 1: an alias to what it stands in"):
        parsed("a: &a [*a]", "x")


def test_a_tab_is_named():
    with pytest.raises(ConfigError, match="indent with blanks, not with tabs"):
        parsed("train:\n\tepochs: 5\n", "x")


plain_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(plain_data)
@example("1e5")
@example("010")
@example({"no": "0o7", "~": ".5e-3"})
def test_what_a_variant_writes_reads_back_to_the_same(content):
    assert parsed(as_yaml(content), "x") == content


WORDS = st.sampled_from(
    [
        *(
            "train",
            "source",
            "seeds",
            "kind",
            "twin",
            "directory",
            "pairs",
            "learning_rate",
            "epochs",
            "split",
            "folds",
        ),
        *(
            "networks",
            "image",
            "name",
            "small",
            "mn04",
            "study",
            "protocol",
            "advance",
            "corrected",
            "classes",
            "control",
        ),
        *(
            "1e-5",
            ".nan",
            ".inf",
            "-1",
            "010",
            "1:30",
            "no",
            "~",
            "null",
            "2024-13-45",
            "0x1F",
            "'",
            '"',
            "|",
            ">",
            "é",
        ),
        *("&a", "*a", "<<", "!!int", "!!binary", "!!python/object:os.system", "!!timestamp", "!", "%YAML 9.9", "---"),
        *(
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "- ",
            "? ",
            "\n",
            "\n  ",
            "\t",
            "\r\n",
            "#",
            "\x00",
            "\ufeff",
            "9" * 5000,
            "...",
        ),
    ]
)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=14).map(lambda words: " ".join(words)))
def test_whatever_text_is_a_configuration_or_one_of_our_errors(text):
    try:
        experiment = checked(text)
    except ConfigError:
        return
    assert checked(as_yaml(experiment.model_dump(mode="json"))) == experiment


keys = st.sampled_from(
    [
        *("seeds", "study", "source", "source.kind", "source.scale", "source.world", "source.clips", "source.pairs"),
        *(
            "source.classes",
            "source.bands",
            "source.range",
            "split.fractions",
            "split.folds",
            "control.prior",
            "control.redrawn",
            "control.teacher",
            "control.test_image",
        ),
        *(
            "networks.image.name",
            "networks.sound.frozen_blocks",
            "networks.image.pretrain.epochs",
            "train.learning_rate",
        ),
        *(
            "train.learning_rate",
            "train.epochs",
            "train.steps",
            "train.patience",
            "train.selection",
            "train.bf16",
            "train",
        ),
    ]
)
values = st.sampled_from(
    [None, True, 0, 1, -1, 5, 2**40, 0.5, 1e-5, 1e30, math.inf, -math.inf, math.nan, "", "small", "last", "advance"]
) | st.lists(st.integers(-2, 9) | st.floats() | st.text(max_size=3), max_size=4)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.lists(st.tuples(keys, values), max_size=4))
def test_whatever_value_a_key_has_the_numbers_of_what_is_accepted_are_finite(changes):
    content = parsed(TWIN, "x")
    try:
        for key, value in changes:
            text = yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("\n...\n")
            content = with_changes(content, [f"{key}={text.strip()}"])
        experiment = check(Experiment, content, "x")
    except ConfigError:
        return
    numbers, waiting = [], [experiment.model_dump()]
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
        numbers += [part] if isinstance(part, int | float) else []
    assert all(math.isfinite(number) and 0 <= number < 2**32 for number in numbers)
