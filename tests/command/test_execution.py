"""Several experiments at a time: which starts when, on how many cores, and what is left where some cannot be made."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from overheard.command.execution import Work, _Queue, _Running
from overheard.command.variants import possible
from overheard.errors import ConfigError


def work(label, alone=False):
    return Work(None, None, None, label, alone)


def order(works, cores):
    """Start all that may start, then let the longest running one end, until nothing is left: (label, cores) beside."""
    queue, seen = _Queue(list(works), cores), []
    while queue.waiting or queue.running:
        while (chosen := queue.next()) is not None:
            queue.running.append(_Running(chosen[0], None, chosen[1]))
        seen.append([(one.work.label, one.cores) for one in queue.running])
        queue.running.pop(0)
    return seen


def test_a_base_runs_alone_on_all_cores_and_its_variants_share_them():
    works = [work("a", alone=True), work("b", alone=True), work("1"), work("2"), work("3")]
    assert order(works, 2) == [
        [("a", 2)],
        [("b", 2)],
        [("1", 1), ("2", 1)],
        [("2", 1), ("3", 1)],
        [("3", 1)],
    ]


@pytest.mark.parametrize("cores", [1, 2, 3, 5, 8, 64])
@pytest.mark.parametrize("variants", [1, 2, 3, 7])
def test_the_cores_are_never_exceeded_and_every_work_runs_once(cores, variants):
    seen = order([work("base", alone=True), *(work(str(place)) for place in range(variants))], cores)
    assert all(sum(its for _, its in beside) <= cores for beside in seen)
    assert {label for beside in seen for label, _ in beside} == {"base", *map(str, range(variants))}
    # no core is idle while works wait
    waiting = variants
    for beside in seen[1:]:
        waiting -= len([label for label, _ in beside if int(label) >= variants - waiting])
        assert waiting == 0 or sum(its for _, its in beside) == cores


@dataclass
class Made:
    base: str
    name: str
    change: dict

    @property
    def loaded(self):
        return SimpleNamespace(name=self.name)

    @property
    def said(self):
        return ", ".join(f"{key} = {value}" for key, value in self.change.items())


def test_what_cannot_be_made_is_left_out_with_its_reason_and_its_base_takes_its_variants_along():
    made = [Made("c", "c-base", {}), Made("c", "c-1", {"a": 1}), Made("c", "c-2", {"a": 2})]
    made += [Made("r", "r-base", {}), Made("r", "r-1", {"a": 1})]
    bases, others, cannot = possible(made, {"c-1": "no\nvalidation clips", "r-base": "no scenes"})
    assert [one.name for one in (*bases, *others)] == ["c-base", "c-2"]
    assert cannot == {"c: a = 1": "no validation clips", "r: as it is": "no scenes"}
    with pytest.raises(ConfigError, match="nothing to compare could be made:\nc: as it is: gone"):
        possible(made[:3], {"c-base": "gone"})
