"""The code digest: what reaches a job's bytes changes it, and nothing else does."""

import ast
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import protocols
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import overheard
from overheard.errors import ConfigError
from overheard.jobs.code import closure as code
from overheard.jobs.code import modules
from overheard.jobs.code.closure import Closure, closure, entries, stage_code
from overheard.jobs.code.versions import environment
from overheard.study.flow import STAGES

PACKAGE = Path(overheard.__file__).parent
METHODS = [
    *("random_head", "scratch", "scene", "smoothed"),
    *("scene+sq_sound", "scene+kl_sound", "scene+sq_av", "scene+kl_av"),
    *("scene+event", "event1", "event1+event2", "kl_av", "sq_av"),
]

APP = {
    "app/__init__.py": '"""An app."""\n',
    "app/main.py": (
        "import math\n"
        "from dataclasses import dataclass\n"
        "from app import shapes\n"
        "from app.deep import area as measured\n"
        "\n"
        "WIDTH: float = 2.0\n"
        "HIGH, LOW = 3, 1\n"
        "\n"
        "@dataclass\n"
        "class Box:\n"
        '    """A box."""\n'
        "    side: float = 1.5\n"
        "\n"
        "def plain(function):\n"
        "    return function\n"
        "\n"
        "def start(width=WIDTH):\n"
        "    return width\n"
        "\n"
        "@plain\n"
        "def run(box: Box) -> float:\n"
        '    """Run."""\n'
        "    local = start() + math.sin(box.side)\n"
        "    return measured(shapes.Square(local)) + HIGH\n"
        "\n"
        "def unused():\n"
        "    return 7\n"
    ),
    "app/shapes.py": (
        "class Shape:\n"
        "    sides = 4\n"
        "\n"
        "class Square(Shape):\n"
        "    def __init__(self, side):\n"
        '        """One side."""\n'
        "        self.side = side\n"
        "\n"
        "class Circle(Shape):\n"
        "    pass\n"
    ),
    "app/deep/__init__.py": "from .measure import area\n",
    "app/deep/measure.py": (
        "from ..shapes import Shape\n"
        "\n"
        "def _power(value):\n"
        "    return value**2\n"
        "\n"
        "def area(shape: Shape):\n"
        "    from . import late\n"
        "    return _power(shape.side) * late.FACTOR\n"
    ),
    "app/deep/late.py": "FACTOR = 1\nOTHER = 2\n",
}
RUN = {
    *("app.main:WIDTH", "app.main:HIGH", "app.main:Box", "app.main:plain", "app.main:start", "app.main:run"),
    *("app.shapes:Shape", "app.shapes:Square", "app.deep.measure:_power", "app.deep.measure:area"),
    "app.deep.late:FACTOR",
}
"""What `app.main:run` reaches, by hand."""


TWICE = {"app.deep.late:FACTOR", "app.deep.late:<executed>"}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.parent != folder:
            (path.parent / "__init__.py").touch()
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path}: {old!r} is there {text.count(old)} times"
    path.write_text(text.replace(old, new))


def reached(folder: Path, root: str = "app.main:run", rows: dict[str, str] | None = None) -> Closure:
    return closure([root], rows or {}, places=[folder])


def changed(before: Closure, after: Closure) -> set[str]:
    names = before.definitions.keys() | after.definitions.keys()
    return {name for name in names if before.definitions.get(name) != after.definitions.get(name)}


@pytest.fixture
def app(tmp_path):
    return written(tmp_path, APP)


def test_closure_is_what_the_function_reaches(app):
    assert set(reached(app).definitions) == RUN
    assert list(reached(app).definitions) == sorted(RUN)
    assert reached(app).packages == ()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("app/main.py", '    """Run."""\n', ""),
        ("app/main.py", '"""A box."""', '"""Another box."""'),
        ("app/main.py", "    return width\n", "    return width  # a comment\n\n\n"),
        (
            "app/main.py",
            "measured(shapes.Square(local)) + HIGH",
            "(\n        measured(shapes.Square(local),) + (HIGH)\n    )",
        ),
        ("app/main.py", "\ndef unused():\n    return 7\n", ""),
        ("app/main.py", "    return 7\n", "    return 8\n"),
        ("app/main.py", "import math\n", "# type: ignore\n\n\nimport math\nimport json\n"),
        ("app/shapes.py", "class Circle(Shape):\n    pass\n", ""),
        ("app/deep/late.py", "OTHER = 2", "OTHER = 3"),
        ("app/deep/late.py", "FACTOR = 1\n", 'FACTOR = 1\n"""How much."""\n'),
    ],
)
def test_what_does_not_reach_it_changes_nothing(app, file, old, new):
    before = reached(app)
    edit(app / file, old, new)
    assert reached(app) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("app/main.py", "WIDTH: float = 2.0", "WIDTH: float = 2.5", {"app.main:WIDTH"}),
        ("app/main.py", "HIGH, LOW = 3, 1", "HIGH, LOW = 4, 1", {"app.main:HIGH"}),
        ("app/main.py", "side: float = 1.5", "side: float = 1.25", {"app.main:Box"}),
        ("app/main.py", "width=WIDTH", "width=1.0", {"app.main:WIDTH", "app.main:start"}),
        ("app/main.py", "    return function\n", "    return lambda box: 2 * function(box)\n", {"app.main:plain"}),
        ("app/main.py", "math.sin", "math.cos", {"app.main:run"}),
        ("app/main.py", "import math\n", "import cmath as math\n", {"app.main:run"}),
        ("app/main.py", "@plain\n", "", {"app.main:plain", "app.main:run"}),
        ("app/shapes.py", "sides = 4", "sides = 5", {"app.shapes:Shape"}),
        ("app/shapes.py", "self.side = side", "self.side = 'side'", {"app.shapes:Square"}),
        ("app/deep/measure.py", "value**2", "value**3", {"app.deep.measure:_power"}),
        ("app/deep/late.py", "FACTOR = 1", "FACTOR = 1.0", {"app.deep.late:FACTOR"}),
        ("app/deep/late.py", "FACTOR = 1\n", "FACTOR = 1\nFACTOR += 1\n", TWICE),
    ],
)  # fmt: skip
def test_what_reaches_it_changes_its_own_entry(app, file, old, new, expected):
    before = reached(app)
    edit(app / file, old, new)
    after = reached(app)
    assert changed(before, after) == expected
    assert after.digest != before.digest


def test_exchanged_imports_are_seen_though_the_same_things_are_reached(tmp_path):
    written(tmp_path, {"app/two.py": "def a():\n    return 1\ndef b():\n    return 2\n"})
    written(tmp_path, {"app/main.py": "from app.two import a as p, b as q\ndef run():\n    return p() - q()\n"})
    before = reached(tmp_path)
    written(tmp_path, {"app/main.py": "from app.two import b as p, a as q\ndef run():\n    return p() - q()\n"})
    assert changed(before, reached(tmp_path)) == {"app.main:run"}


WAYS = {
    "module alias": "import app.x as z\ndef run():\n    return z.f()\n",
    "dotted": "import app.x\ndef run():\n    return app.x.f()\n",
    "from package": "from app import x\ndef run():\n    return x.f()\n",
    "relative": "from . import x\ndef run():\n    return x.f()\n",
    "relative name": "from .x import f as g\ndef run():\n    return g()\n",
    "in a function": "def run():\n    from app.x import f\n    return f()\n",
    "in a nested function": "def run():\n    import app.x as y\n    return [lambda: y.f() for _ in range(2)]\n",
    "re-exported": "from app.again import h\ndef run():\n    return h()\n",
    "type checking": "import typing\nif typing.TYPE_CHECKING:\n    from app.x import f\ndef run(a: 'f'):\n    pass\n",
    "guarded": "try:\n    from app.x import f\nexcept ImportError:\n    f = None\ndef run():\n    return f()\n",
    "guarded by with": "with open('/dev/null'):\n    from app.x import f\ndef run():\n    return f()\n",
    "decorator": "from app import x\n@x.f\ndef run():\n    pass\n",
    "default": "from app import x\ndef run(*, a=x.f()):\n    pass\n",
    "base class": "from app import x\nclass C(x.f):\n    pass\ndef run():\n    return C()\n",
    "metaclass": "from app import x\nclass C(metaclass=x.f):\n    pass\ndef run():\n    return C()\n",
    "import in a class": "class C:\n    from app.x import f\n    g = f()\ndef run():\n    return C()\n",
    "table": "from app import x\nTABLE = {'f': x.f}\ndef run(name):\n    return TABLE[name]()\n",
    "assigned": "from app import x\nf = x.f\ndef run():\n    return f()\n",
    "comprehension of the same name": "from app.x import f\ndef run():\n    return [f for f in f()]\n",
    "walrus": "from app import x\ndef run():\n    return [y for z in (1, 2) if (y := x.f(z))]\n",
    "match": "from app import x\ndef run(a):\n    match a:\n        case x.f():\n            return 1\n",
    "f-string": "from app import x\ndef run(a):\n    return f'{x.f():>{a}}'\n",
    "at import": "from app import patched\ndef run():\n    return patched.nothing()\n",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_function_is_followed(tmp_path, way):
    others = {
        "app/__init__.py": "",
        "app/x.py": "def f(*a):\n    return helper()\ndef helper():\n    return 1\n",
        "app/again/__init__.py": "from .names import g as h\n",
        "app/again/names.py": "from ..x import f\ng = f\n",
        "app/patched.py": "from app import x\ndef nothing():\n    pass\nnothing.f = x.f\n",
    }
    written(tmp_path, others | {"app/main.py": WAYS[way]})
    before = reached(tmp_path)
    assert "app.x:f" in before.definitions
    edit(tmp_path / "app/x.py", "return 1", "return 2")
    assert changed(before, reached(tmp_path)) == {"app.x:helper"}


@pytest.mark.parametrize(
    "source",
    [
        "def run(f):\n    return f()\n",
        "def run():\n    f = len\n    return f('')\n",
        "def run():\n    for f in 'ab':\n        print(f)\n",
        "def run():\n    return [f for f in 'ab']\n",
        "def run():\n    def f():\n        return 1\n    return f()\n",
        "def run():\n    with open('x') as f:\n        return f\n",
        "def run():\n    try:\n        pass\n    except OSError as f:\n        return f\n",
        "def run(a):\n    match a:\n        case [*f]:\n            return f\n",
        "def run():\n    f = 1\n    return lambda: f\n",
        "def run(a):\n    return a.f\n",
        "class C:\n    f: int = 1\ndef run():\n    return C\n",
        'def run():\n    """Not f."""\n',
    ],
)
def test_a_local_name_is_not_the_modules(tmp_path, source):
    written(tmp_path, {"app/main.py": "from app.x import f\n" + source, "app/x.py": "def f():\n    return 1\n"})
    assert "app.x:f" not in reached(tmp_path).definitions


def test_what_a_package_does_when_it_is_imported_counts_for_what_lies_in_it(app):
    before = reached(app)
    edit(app / "app/deep/__init__.py", "from .measure import area\n", "from .measure import area\nprint(area)\n")
    once = reached(app)
    assert changed(before, once) == {"app.deep:<executed>"}
    edit(app / "app/deep/__init__.py", "print(area)\n", "print(area, 2)\n")
    assert changed(once, reached(app)) == {"app.deep:<executed>"}
    edit(app / "app/deep/__init__.py", "print(area, 2)\n", "if __name__ == '__main__':\n    print(area)\n")
    assert reached(app) == before


def test_a_module_needs_the_packages_above_it(app):
    before = reached(app, "app.deep.late:FACTOR")
    edit(app / "app/__init__.py", '"""An app."""\n', "print(1)\n")
    assert changed(before, reached(app, "app.deep.late:FACTOR")) == {"app:<executed>"}


def test_the_order_of_what_is_executed_counts(tmp_path):
    lines = ["X = [1]\n", "X.append(2)\n", "Y = list(X)\n"]
    written(tmp_path, {"app/main.py": "".join(lines) + "def run():\n    return Y\n"})
    before = reached(tmp_path)
    written(tmp_path, {"app/main.py": "".join([lines[0], lines[2], lines[1]]) + "def run():\n    return Y\n"})
    assert changed(before, reached(tmp_path)) == {"app.main:<executed>"}


def test_of_a_table_only_the_asked_row_counts(tmp_path):
    rows = "TABLE = {\n    'a': f,\n    'b': (g, 1),\n}\n"
    text = f"def f():\n    pass\ndef g():\n    pass\n{rows}def run(name):\n    return TABLE[name]\n"
    written(tmp_path, {"app/main.py": text})
    a, b = (reached(tmp_path, rows={"app.main:TABLE": key}) for key in "ab")
    assert set(a.definitions) == {"app.main:TABLE[a]", "app.main:f", "app.main:run"}
    assert set(b.definitions) == {"app.main:TABLE[b]", "app.main:g", "app.main:run"}
    edit(tmp_path / "app/main.py", "    'b': (g, 1),\n", "    'b': (g, 2),\n    'c': f,\n")
    assert reached(tmp_path, rows={"app.main:TABLE": "a"}) == a
    assert changed(b, reached(tmp_path, rows={"app.main:TABLE": "b"})) == {"app.main:TABLE[b]"}
    with pytest.raises(ConfigError, match=r"main\.py: TABLE has no entry 'd'"):
        reached(tmp_path, rows={"app.main:TABLE": "d"})


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("import importlib\ndef run(name):\n    return importlib.import_module(name)\n", 3, "importlib.import_module"),
        (
            "from importlib import import_module as m\ndef run(name):\n    return m(name)\n",
            3,
            "importlib.import_module",
        ),
        ("def run(name):\n    import importlib as i\n    return getattr(i, name)\n", 3, "importlib cannot"),
        ("from importlib import util\ndef run(n):\n    return util.find_spec(n)\n", 3, "importlib.util"),
        ("def run(name):\n\n    return __import__(name)\n", 3, "__import__"),
        ("def run(text):\n    exec(text)\n", 2, "exec"),
        ("def run(text):\n    return [eval(part) for part in text]\n", 2, "eval"),
        ("import sys\ndef run(name):\n    return sys.modules[name]\n", 3, "sys.modules"),
        ("import runpy\ndef run(name):\n    runpy.run_path(name)\n", 3, "runpy"),
        ("import app.other as o\ndef run():\n    return o.g()\n", 3, "app.other .* has no 'g'"),
        ("from app.other import g\ndef run():\n    return g()\n", 3, "app.other .* has no 'g'"),
        ("def run():\n    from app.nowhere import g\n    return g()\n", 2, "there is no module 'app.nowhere'"),
        ("from app.broken import g\ndef run():\n    return g()\n", 2, "not Python"),
        ("from app.other import *\ndef run():\n    return f()\n", 1, "from app.other import \\*"),
        ("from math import *\ndef run():\n    return sin(1)\n", 1, "from math import \\*"),
        ("from app import stars\ndef run():\n    return stars.f()\n", 1, "from app.other import \\*"),
        ("def run():\n    global f\n    from app.other import f\n    return f()\n", 2, "global"),
        ("def run(name):\n    return globals()[name]()\n", 2, "globals"),
        ("import builtins\ndef run(name):\n    return builtins.globals()[name]()\n", 3, "builtins.globals"),
        ("import sys\ndef run(a):\n    return vars(sys.modules[__name__])[a]()\n", 3, "sys.modules"),
        ("from app import other\ndef run(a):\n    return getattr(other, a)()\n", 3, "app.other, passed on as a whole"),
        ("from app import other\nALL = (other,)\ndef run():\n    return ALL[0].f()\n", 2, "app.other, passed on"),
        ("import app.other\ndef run(a):\n    return getattr(app, a).f()\n", 3, "app, passed on as a whole"),
        ("from app import lazy\ndef run():\n    return lazy.anything()\n", 3, "app.lazy .* has no 'anything'"),
        ("from importlib.resources import files\ndef run(n):\n    return files('app') / n\n", 3, "package data"),
        ("from pathlib import Path\ndef run(n):\n    return Path(__file__).with_name(n)\n", 3, "package data"),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path, source, line, what):
    others = {"app/__init__.py": "", "app/other.py": "def f():\n    pass\n", "app/broken.py": "x = 1\nif :\n"}
    others |= {"app/stars.py": "from app.other import *\n", "app/lazy.py": "def __getattr__(name):\n    return 1\n"}
    written(tmp_path, others | {"app/main.py": source, "app/data.csv": "1\n"})
    with pytest.raises(ConfigError, match=rf"\.py, line {line}: .*{what}"):
        reached(tmp_path)


def test_what_is_not_reached_is_not_refused(tmp_path):
    written(tmp_path, {"app/main.py": "def other(text):\n    exec(text)\ndef run(model):\n    return model.eval()\n"})
    assert set(reached(tmp_path).definitions) == {"app.main:run"}


@pytest.mark.parametrize("root", ["app.main:nothing", "app.nowhere:run", "app.main", "nowhere:run"])
def test_a_root_that_is_not_there_is_refused(app, root):
    with pytest.raises(ConfigError, match="expected package.module:function"):
        reached(app, root)


def test_package_data_counts_where_it_is_named(tmp_path):
    text = (
        "from importlib.resources import files\n"
        "NAME = 'land.csv'\n"
        "def run():\n    return files('app').joinpath('data/events.csv'), files('app') / 'data' / 'b.txt'\n"
        "def other():\n    return files('app').joinpath('data', NAME, 'land.csv')\n"
    )
    data = {"app/data/events.csv": "1\n", "app/data/b.txt": "2\n", "app/data/land.csv": "3\n"}
    written(tmp_path, data | {"app/__init__.py": "", "app/main.py": text})
    before = reached(tmp_path)
    assert {name for name in before.definitions if "data:" in name} == {
        "data:app/data/events.csv",
        "data:app/data/b.txt",
    }
    (tmp_path / "app/data/land.csv").write_text("4\n")
    assert reached(tmp_path) == before
    (tmp_path / "app/data/events.csv").write_text("4\n")
    assert changed(before, reached(tmp_path)) == {"data:app/data/events.csv"}


def test_users_own_code_in_the_working_folder_is_followed(tmp_path, monkeypatch):
    written(
        tmp_path,
        {"mine/losses.py": "from . import parts\nimport besides\ndef my_loss():\n    return parts.p(), besides.q()\n"},
    )
    written(
        tmp_path,
        {"mine/__init__.py": "", "mine/parts.py": "from overheard.learning.losses import kl\np = kl\n"},
    )
    written(
        tmp_path,
        {"besides.py": "import numpy\ndef q():\n    return numpy.pi\n", "single.py": "def one():\n    return 1\n"},
    )
    monkeypatch.chdir(tmp_path)
    found = closure(["overheard.stages.split:split", "mine.losses:my_loss", "single:one"])
    own = {"mine.losses:my_loss", "mine.parts:p", "besides:q", "single:one"}
    assert own | {"overheard.learning.losses:kl", "overheard.stages.split:split"} <= set(found.definitions)
    assert found.packages == ("networkx", "numpy", "torch")
    edit(tmp_path / "besides.py", "numpy.pi", "numpy.e")
    again = closure(["overheard.stages.split:split", "mine.losses:my_loss", "single:one"])
    assert changed(found, again) == {"besides:q"}


# the real package


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("original"))


def copied(folder: Path) -> Path:
    shutil.copytree(PACKAGE, folder / "overheard", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def code_of(place: Path, stage: str, method: str | None = None) -> Closure:
    rows = dict(protocols.entries(method)) if method else {}
    return closure([f"overheard.stages.{stage}:{stage}"], rows, [place])


def all_code(place: Path) -> dict[str, Closure]:
    """Of every stage, and of training every method."""
    return {stage: code_of(place, stage) for stage in STAGES} | {
        f"train {method}": code_of(place, "train", method) for method in METHODS
    }


def test_every_stage_and_method_can_be_followed():
    from overheard.learning.methods import METHODS as listed  # noqa: N811

    assert list(listed) == METHODS
    for stage in STAGES:
        assert f"overheard.stages.{stage}:{stage}" in stage_code(stage).definitions
    for stage in ("train", "evaluate"):
        for method in METHODS:
            assert (
                f"overheard.learning.methods:METHODS[{method}]"
                in stage_code(stage, protocols.entries(method)).definitions
            )


def test_a_copy_elsewhere_has_the_same_code(original):
    assert all_code(original) == all_code(PACKAGE.parent)
    assert code_of(original, "train", "scene") == stage_code("train", protocols.entries("scene"))


@pytest.mark.parametrize(
    ("file", "old", "new", "methods"),
    [
        (
            "learning/losses.py",
            "return not_heard + teacher_logits.sigmoid()",
            "return not_heard * 1.5 + teacher_logits.sigmoid()",
            {"scene+kl_sound", "scene+kl_av", "kl_av", "scene+event", "event1", "event1+event2"},
        ),
        ("learning/losses.py", ".sum(dim=-1) / 8", ".sum(dim=-1) / 4", {"scene+sq_sound", "scene+sq_av", "sq_av"}),
        ("learning/losses.py", "return 1 - cosine", "return 2 - cosine", {"scene+event", "event1+event2"}),
        ("learning/methods.py", '{"event1": ', '{"E1": ', {"scene+event", "event1", "event1+event2"}),
        # forms that the protocol does not choose
        ("learning/losses.py", "return -logsigmoid(-student", "return 2 * -logsigmoid(-student", set()),
        ("learning/losses.py", "return cosine_similarity(", "return 2 * cosine_similarity(", set()),
        ("learning/schedules.py", "_FALLS_BY = 0.1", "_FALLS_BY = 0.2", set()),
        ("learning/start.py", "start_linear(head, generator)", "start_linear(head, generator), 1", set()),
        # Student.said of every method names event_log_odds, which uses it
        ("learning/losses.py", "_RAREST = 1e-30", "_RAREST = 1e-20", set(METHODS)),
        (
            "learning/methods.py",
            'return {"kl": event',
            'return {"KL": event',
            {"scene+kl_sound", "scene+kl_av", "kl_av"},
        ),
        ("learning/methods.py", '"event1": Method(False', '"event1": Method(True', {"event1"}),
        ("learning/augment.py", "_LUMA = (", "_LUMA = (0.1 +", set(METHODS)),
        ("learning/loop.py", "step: int = 0", "step: int = -1", set(METHODS)),
    ],
)
def test_an_edit_reaches_exactly_the_methods_that_use_it(original, tmp_path, file, old, new, methods):
    place = copied(tmp_path)
    text = (place / "overheard" / file).read_text()
    if text.count(old) != 1:
        pytest.fail(f"{file}: {old!r} is there {text.count(old)} times; name another line in this test")
    edit(place / "overheard" / file, old, new)
    found = {method for method in METHODS if code_of(place, "train", method) != code_of(original, "train", method)}
    assert found == methods


@pytest.mark.parametrize(
    ("old", "new", "methods"),
    [
        ("_TREES = 500", "_TREES = 50", {"hand_features", "late_fusion"}),
        ("_QUIET = 10 ", "_QUIET = 20 ", {"background", "late_fusion"}),
        ("return softmax(p @", "return softmax(2 * p @", {"nearest_prior"}),
        ("np.mean(known.runs", "np.median(known.runs", {"fused_runs"}),
    ],
)
def test_an_edit_reaches_exactly_the_baselines_that_use_it(original, tmp_path, old, new, methods):
    from overheard.learning.baselines import BASELINES

    place = copied(tmp_path)
    edit(place / "overheard/learning/baselines.py", old, new)

    def code(folder, method):
        return closure(["overheard.stages.baselines:baselines"], dict(entries({"method": method})), [folder])

    assert {method for method in BASELINES if code(place, method) != code(original, method)} == methods


def test_a_plots_code_reaches_figures_alone(original, tmp_path):
    place = copied(tmp_path)
    for path in (place / "overheard" / "scores" / "plots").glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                node.body.insert(1, ast.parse("print('drawn')").body[0])
        path.write_text(ast.unparse(tree))
    before, after = all_code(original), all_code(place)
    assert {name for name in before if before[name] != after[name]} == {"figures"}


def test_comments_docstrings_and_layout_of_the_whole_package_change_nothing(original, tmp_path):
    place = copied(tmp_path)
    for path in (place / "overheard").rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                node.body[0].value.value = "Something else."
        path.write_text("# rewritten\n\n\n" + ast.unparse(tree).replace("\n", "\n\n# a line\n", 1) + "\n")
    assert all_code(place) == all_code(original)


def test_an_unused_function_changes_nothing(original, tmp_path):
    place = copied(tmp_path)
    for path in (place / "overheard").rglob("*.py"):
        path.write_text(path.read_text() + "\n\ndef nobody_calls_this(x):\n    return nobody_calls_this(x) + 1\n")
    assert all_code(place) == all_code(original)


def test_every_file_of_package_data_is_in_some_stages_code():
    listed = {
        f"data:overheard/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    found = {name for stage in STAGES for name in stage_code(stage).definitions if name.startswith("data:")}
    assert listed == found


@pytest.mark.parametrize("method", METHODS)
def test_a_methods_code_is_what_its_loss_executes(method):
    import torch

    from overheard.learning import losses
    from overheard.learning.models.student import Said

    ran, row = set(), protocols.row(method)

    def note(frame, event, argument):
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module == "overheard.learning.losses":
            ran.add(f"{module}:{frame.f_code.co_qualname.partition('.')[0]}")

    events, clips, scenes = torch.full((3, 4), 0.2), torch.zeros(2, 4), torch.zeros(2, 3)
    known = {"logits": clips, "prior": events, "relevance": events} | protocols.chosen(method)
    known = {name: known[name] for name in row.uses}
    said = Said(scenes, clips if row.event_head else None, torch.zeros(2, 8))
    sys.setprofile(note)
    try:
        row.terms(said, torch.zeros(2, dtype=torch.int64), **known)
    finally:
        sys.setprofile(None)
    reached = stage_code("train", protocols.entries(method)).definitions
    functions = {name for name, value in vars(losses).items() if callable(value) and hasattr(value, "__code__")}
    named = {name for name in reached if name.startswith("overheard.learning.losses:")}
    named = {name for name in named if name.partition(":")[2] in functions}
    # named for every method, in Method.terms and in Student, and executed for some
    always = {"overheard.learning.losses:scene_loss", "overheard.learning.losses:event_log_odds"}
    assert named - always == ran - always


def test_nothing_of_the_process_or_the_place_enters(original):
    asked = (
        "from pathlib import Path; from overheard.jobs.code.closure import *;"
        f"copy = closure(['overheard.stages.draw:draw'], {{}}, [Path({str(original)!r})]);"
        f"print(stage_code('train', {protocols.entries('scene')!r}).digest, copy.digest)"
    )
    outputs = set()
    for seed, folder in (("1", original), ("2", Path("/"))):
        environ = os.environ | {"PYTHONHASHSEED": seed, "LC_ALL": "C"}
        done = subprocess.run([sys.executable, "-c", asked], cwd=folder, env=environ, capture_output=True, check=True)
        outputs.add(done.stdout.decode().strip())
    assert outputs == {f"{stage_code('train', protocols.entries('scene')).digest} {stage_code('draw').digest}"}


# versions


def test_environment_of_training_is_torch_and_what_it_rests_on():
    from importlib.metadata import version

    found = environment(stage_code("train", protocols.entries("scene")))
    assert found["torch"] == version("torch")
    assert found["python"] == ".".join(map(str, sys.version_info[:2]))
    assert set(found) == {"python", "torch", "torchvision", "numpy", "pillow"}


def test_environment_names_distributions_not_modules():
    found = environment(Closure({}, ("PIL", "matplotlib", "sklearn", "yaml")))
    assert set(found) == {"python", "matplotlib", "numpy", "packaging", "pillow", "scikit-learn", "scipy", "PyYAML"}


def test_environment_names_no_package_that_a_stage_does_not_reach():
    assert set(environment(stage_code("relevance"))) == {"python", "numpy"}


def test_a_package_that_is_absent_says_so_and_one_without_a_version_is_refused(tmp_path, monkeypatch):
    assert environment(Closure({}, ("surely_not_installed",)))["surely_not_installed"] == "absent"
    (tmp_path / "no_version_at_all.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="no_version_at_all .* has no version"):
        environment(Closure({}, ("no_version_at_all",)))


# what is remembered in a process


def test_files_are_parsed_once_and_again_when_they_change(app, monkeypatch):
    parsed = []
    real = modules.parse
    monkeypatch.setattr(modules, "parse", lambda name, *rest: parsed.append(name) or real(name, *rest))
    time.sleep(0.15)
    before = reached(app)
    assert sorted(parsed) == ["app", "app.deep", "app.deep.late", "app.deep.measure", "app.main", "app.shapes"]
    assert reached(app) is before
    closure(["app.main:start"], {}, [app])
    assert len(parsed) == 6
    times = os.stat(app / "app/deep/late.py")
    edit(app / "app/deep/late.py", "FACTOR = 1", "FACTOR = 5")
    os.utime(app / "app/deep/late.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert changed(before, reached(app)) == {"app.deep.late:FACTOR"}
    assert parsed[6:] == ["app.deep.late"]


def test_a_file_changed_twice_within_the_clocks_step_is_read_twice(app, monkeypatch):
    step, real = 80_000_000, modules._stamp

    def coarse(path):
        stamp = real(path)
        return stamp and (stamp[0] // step * step, stamp[1] // step * step, *stamp[2:])

    monkeypatch.setattr(modules, "_stamp", coarse)
    found = set()
    for factor in range(2, 10):
        (app / "app/deep/late.py").write_text(f"FACTOR = {factor}\n")
        found.add(reached(app).definitions["app.deep.late:FACTOR"])
    assert len(found) == 8


def test_a_new_file_that_shadows_another_is_noticed(app):
    time.sleep(0.15)
    before = reached(app)
    written(app, {"app/shapes/__init__.py": APP["app/shapes.py"].replace("sides = 4", "sides = 6")})
    assert changed(before, reached(app)) == {"app.shapes:Shape"}


@st.composite
def programs(draw):
    """Modules of functions that call each other, and who calls whom."""
    functions = [(f"m{draw(st.integers(0, 2))}", f"f{index}") for index in range(draw(st.integers(2, 7)))]
    calls = {one: draw(st.sets(st.sampled_from(functions), max_size=3)) for one in functions}
    return functions, calls, draw(st.sampled_from(functions)), draw(st.sampled_from(functions))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs())
def test_closure_is_reachability_and_an_edit_changes_one_entry(tmp_path_factory, program):
    functions, calls, root, edited = program

    def sources_of(values):
        text = {f"p/m{number}.py": "" for number in range(3)} | {"p/__init__.py": ""}
        for module, name in functions:
            lines = [
                f"    from p.{m} import {n}\n    {n}()\n" if m == module else f"    p.{m}.{n}()\n"
                for m, n in sorted(calls[module, name])
            ]
            text[f"p/{module}.py"] += (
                f"import p.m0, p.m1, p.m2\ndef {name}():\n{''.join(lines)}    return {values[module, name]}\n"
            )
        return text

    want, waiting = set(), [root]
    while waiting:
        if (one := waiting.pop()) not in want:
            want.add(one)
            waiting += calls[one]
    folder = written(tmp_path_factory.mktemp("program"), sources_of(dict.fromkeys(functions, 0)))
    before = reached(folder, f"p.{root[0]}:{root[1]}")
    assert set(before.definitions) == {f"p.{module}:{name}" for module, name in want}
    written(folder, sources_of(dict.fromkeys(functions, 0) | {edited: 1}))
    after = reached(folder, f"p.{root[0]}:{root[1]}")
    assert changed(before, after) == ({f"p.{edited[0]}:{edited[1]}"} if edited in want else set())


def test_the_module_itself_needs_nothing_but_the_standard_library():
    asked = (
        "import sys; import overheard.jobs.code.closure;"
        "print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", asked], capture_output=True, check=True, text=True)
    assert {name for name in done.stdout.split() if not name.startswith("_")} <= {"overheard", "sitecustomize"}
    assert code.__doc__.startswith("What code decides")


def says(folder: Path, asked: str) -> str:
    """What a fresh Python that keeps bytecode, as it does unless told otherwise, prints of the modules in a folder."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-c", asked]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=True, text=True).stdout.strip()


def edit_with_its_old_date(path: Path, old: str, new: str) -> None:
    """An edit that keeps size and time, as where all files of an archive have one date."""
    before = path.stat()
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


ASKS = "import app.shapes; print(app.shapes.Shape.sides)"


def test_bytecode_of_an_older_text_is_removed(app):
    assert says(app, ASKS) == "4"
    edit_with_its_old_date(app / "app/shapes.py", "sides = 4", "sides = 7")
    # this is what Python does, and what a digest of the source would not tell
    assert says(app, ASKS) == "4"
    assert modules.forget_stale_bytecode(app / "app") == [app / "app/shapes.py"]
    assert says(app, ASKS) == "7"
    assert modules.forget_stale_bytecode(app / "app") == []


def test_bytecode_by_unchecked_hash_is_compared_with_its_source(app):
    path = app / "app/shapes.py"
    for mode in ("UNCHECKED_HASH", "CHECKED_HASH"):
        says(app, f"import py_compile as p; p.compile({str(path)!r}, invalidation_mode=p.PycInvalidationMode.{mode})")
        assert modules.forget_stale_bytecode(app / "app") == []
    # the second of them Python compares itself
    edit(path, "sides = 4", "sides = 7")
    assert modules.forget_stale_bytecode(app / "app") == []
    assert says(app, ASKS) == "7"
    says(
        app, f"import py_compile as p; p.compile({str(path)!r}, invalidation_mode=p.PycInvalidationMode.UNCHECKED_HASH)"
    )
    edit(path, "sides = 7", "sides = 5")
    assert says(app, ASKS) == "7"
    assert modules.forget_stale_bytecode(app / "app") == [path]
    assert says(app, ASKS) == "5"


def test_right_bytecode_stays_and_is_compared_once(tmp_path, monkeypatch):
    folder = copied(tmp_path)
    says(folder, "import compileall; compileall.compile_dir('overheard', quiet=1)")
    kept = {path: path.read_bytes() for path in folder.rglob("*.pyc")}
    assert len(kept) == len(list(folder.rglob("*.py"))) > 80
    compared, runs = [], modules._runs_as_written
    monkeypatch.setattr(modules, "_runs_as_written", lambda *given: compared.append(1) or runs(*given))
    # as if all was written at once after its source, however long a busy machine took: so not clearly of it
    monkeypatch.setattr(modules, "_YOUNGER_NS", 3600 * 10**9)
    assert modules.forget_stale_bytecode(folder / "overheard") == []
    assert len(compared) == len(kept)
    monkeypatch.setattr(modules, "_YOUNGER_NS", 0)
    assert modules.forget_stale_bytecode(folder / "overheard") == []
    assert len(compared) == len(kept)
    assert {path: path.read_bytes() for path in folder.rglob("*.pyc")} == kept


@pytest.mark.parametrize("broken", ["def run(:\n", None])
def test_damaged_bytecode_and_a_damaged_source_count_as_another_text(app, broken):
    says(app, ASKS)
    path = app / "app/shapes.py"
    if broken:
        edit_with_its_old_date(path, path.read_text(), broken.ljust(path.stat().st_size, "#"))
    else:
        (bytecode,) = (app / "app/__pycache__").glob("shapes.*.pyc")
        bytecode.write_bytes(bytecode.read_bytes()[:40])
    assert modules.forget_stale_bytecode(app / "app") == [path]


def test_bytecode_that_cannot_be_removed_is_named(app, monkeypatch):
    says(app, ASKS)
    edit_with_its_old_date(app / "app/shapes.py", "sides = 4", "sides = 7")

    def unable(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "unlink", unable)
    with pytest.raises(
        ConfigError, match=r"shapes\.cpython-\d+\.pyc: is of an older text of .*shapes\.py.*; remove it"
    ):
        modules.forget_stale_bytecode(app / "app")


def test_what_is_left_out_of_every_digest_says_things_and_gives_nothing_back():
    tree = ast.parse(Path(overheard.__file__).with_name("io").joinpath("progress.py").read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    given_back = {node.name: ast.unparse(node.returns) for node in public}
    assert given_back.pop("job") == "Iterator[None]"
    assert set(given_back.values()) == {"None"}
    written = {ast.unparse(call.func) for node in functions for call in ast.walk(node) if isinstance(call, ast.Call)}
    assert not {name for name in written if name.endswith(("open", "write_text", "write_bytes", "seed"))}
