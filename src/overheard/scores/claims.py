"""Claims of a paper judged: supported, contradicted, undecided, or cannot be judged; never forced.

A comparison says that one row is above another by more than a margin, or that it is not. It is decided only where the
95 % interval of the difference leaves out the margin **and** the p-value, corrected by Holm's method over the
comparisons of its family, is at most 0.05. What decides against it contradicts it. "Not above" is thus shown by an
upper end below the margin, never by a difference that was not found.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from overheard.scores import in_scenes
from overheard.scores.differences import Differences
from overheard.scores.over_seeds import Row
from overheard.scores.power import holm

SUPPORTED, CONTRADICTED, UNDECIDED, UNKNOWN = "supported", "contradicted", "undecided", "cannot be judged"

CHANCE = 0.05
"""Of one wrong decision in a family."""


class Question(NamedTuple):
    """One comparison of a claim: whether `first` is above `second` by more than `margin` points, or is not."""

    claim: str
    family: str
    first: Row
    second: Row
    metric: str
    above: bool
    margin: float


class Evidence(NamedTuple):
    """What is known of a question, in points of percent, first less second.

    Attributes:
        difference: of the means; None where there is none.
        low: end of its 95 % interval; None where it cannot be said.
        high: the other.
        p: two-sided, of the difference being the margin; None where it cannot be said.
        n: runs.
        missing: why there is no p.
        note: what else a reader must know.
    """

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    n: int | None = None
    missing: str = ""
    note: str = ""

    @property
    def said(self) -> str:
        """Both in one line."""
        return "; ".join(text for text in (self.missing, self.note) if text)


class Answer(NamedTuple):
    """A question judged."""

    question: Question
    evidence: Evidence
    adjusted: float | None  # p, Holm's over the family
    verdict: str


def questions(claims: Sequence[Mapping[str, Any]]) -> list[Question]:
    """Every comparison of the claims, in their order.

    Args:
        claims: as `study.claims_file.as_settings` gives them.
    """
    return [
        Question(
            claim["word"],
            claim["family"],
            (pair["first"][0], pair["first"][1]),
            (pair["second"][0], pair["second"][1]),
            claim["metric"],
            pair["above"],
            pair["margin"],
        )
        for claim in claims
        for pair in claim["compare"]
    ]


def measured(asked: Question, found: Differences) -> Evidence:
    """What the stage `statistics` found of a question."""
    between = found.get((asked.first, asked.second, asked.metric))
    if between is None:
        if scene := in_scenes.scene_of(asked.metric):
            return Evidence(missing=f"not compared in {scene}: not every fold tests clips of such a scene")
        return Evidence(missing="not compared: the rows stand together in no table")
    p = between.p(asked.margin)
    if p is None:
        return Evidence(between.value, n=between.n, missing=between.covers or "no interval: it needs two seeds")
    return Evidence(between.value, between.low, between.high, p, between.n)


def answers(found: Mapping[Question, Evidence]) -> dict[Question, Answer]:
    """Each question judged, corrected within its family; what has no p takes no part in the correction."""
    families: dict[str, list[Question]] = {}
    for asked, evidence in found.items():
        if evidence.p is not None:
            families.setdefault(asked.family, []).append(asked)
    adjusted: dict[Question, float] = {}
    for members in families.values():
        adjusted |= zip(members, holm([found[asked].p or 0.0 for asked in members]), strict=True)
    return {
        asked: Answer(asked, evidence, adjusted.get(asked), _verdict(asked, evidence, adjusted.get(asked)))
        for asked, evidence in found.items()
    }


def _verdict(asked: Question, evidence: Evidence, adjusted: float | None) -> str:
    if adjusted is None or evidence.difference is None or evidence.low is None or evidence.high is None:
        return UNKNOWN
    if adjusted > CHANCE or evidence.low <= asked.margin <= evidence.high:
        return UNDECIDED
    return SUPPORTED if (evidence.difference > asked.margin) == asked.above else CONTRADICTED


def verdict(holds: str, verdicts: Sequence[str]) -> str:
    """A claim's verdict from those of its comparisons.

    Args:
        holds: `all` of them, or `any`.
        verdicts: theirs; none where nothing can be compared.
    """
    enough, each = (CONTRADICTED, SUPPORTED) if holds == "all" else (SUPPORTED, CONTRADICTED)
    if enough in verdicts:
        return enough
    if verdicts and set(verdicts) == {each}:
        return each
    return UNDECIDED if UNDECIDED in verdicts else UNKNOWN


def against_itself(found: Mapping[Question, Answer]) -> list[Question]:
    """Questions of "above" whose means alone stand the other way, whatever their error."""
    differences = {asked: answer.evidence.difference for asked, answer in found.items() if asked.above}
    return [asked for asked, difference in differences.items() if difference is not None and difference < 0]
