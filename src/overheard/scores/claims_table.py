"""Verdicts on claims as CSV and Markdown: what was measured and what is printed, side by side and never mixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from overheard.scores import claims, frames, tabular
from overheard.scores.cells import DECIMALS
from overheard.scores.claims import Answer, Question
from overheard.scores.differences import OVER
from overheard.scores.metrics import METRICS
from overheard.scores.origin import Origin

_HOW = (
    "A comparison is decided only where the 95 % interval of its difference leaves out the margin and its p-value, "
    f"corrected by Holm's method within its family, is at most {claims.CHANCE}; else it is undecided.",
    "A claim of several comparisons is supported if all of them are, and contradicted if one is.",
    "Differences are in points of percent.",
)
_NATS = "Those of log loss are in nats; there the row that is above is the worse one."
_IN_NATS = [word for word, its in METRICS.items() if its.unit == "nats"]
_USUAL = ("f_score", "accuracy")
"""Metrics that a comparison need not name."""
_COVERS_PRINTED = "Printed numbers: Welch's test over the runs alone; no test location is covered."


@dataclass(frozen=True)
class Verdicts:
    """Claims judged twice.

    Attributes:
        claims: as `study.claims_file.as_settings` gives them.
        measured: answers on what was measured here.
        printed: answers on the printed numbers.
        source: what was measured.
        caveat: what must be said of the printed numbers.
    """

    claims: Sequence[Mapping[str, Any]]
    measured: Mapping[Question, Answer]
    printed: Mapping[Question, Answer]
    source: Origin
    caveat: str

    def of(self, claim: Mapping[str, Any], side: Mapping[Question, Answer]) -> str:
        """A claim's verdict on one side."""
        found = [answer.verdict for asked, answer in side.items() if asked.claim == claim["word"]]
        return claims.verdict(claim["holds"], found)


def as_frame(found: Verdicts) -> pd.DataFrame:
    """One line a comparison, and one for a claim without: both verdicts, and what they rest on."""
    lines = []
    for claim in found.claims:
        own = [asked for asked in found.measured if asked.claim == claim["word"]]
        head = {
            **{name: claim[name] for name in ("family", "holds")},
            "source": found.source.word,
            "verdict": found.of(claim, found.measured),
            "printed_verdict": found.of(claim, found.printed),
        }
        for asked in own:
            pair = {
                **{"row_a": asked.first[0], "column_a": asked.first[1], "is": "above" if asked.above else "not above"},
                **{"row_b": asked.second[0], "column_b": asked.second[1], "metric": asked.metric},
                "margin": asked.margin,
            }
            both = _numbers(found.measured[asked], "") | _numbers(found.printed[asked], "printed_")
            lines.append({"claim": claim["word"]} | head | pair | both)
        if not own:
            lines.append(
                {"claim": claim["word"], **head, "reason": claim["missing"], "printed_reason": claim["missing"]}
            )
    return pd.DataFrame(lines)


def _numbers(answer: Answer, prefix: str) -> dict[str, Any]:
    its = answer.evidence
    numbers = {"n": its.n, "difference": its.difference, "low": its.low, "high": its.high, "p": its.p}
    numbers |= {"p_holm": answer.adjusted}
    as_floats = {name: None if value is None else float(value) for name, value in numbers.items()}
    return {f"{prefix}{name}": value for name, value in as_floats.items()} | {
        f"{prefix}comparison": answer.verdict,
        f"{prefix}reason": its.said,
    }


def as_csv(found: Verdicts) -> str:
    """`verdicts.csv`."""
    frame = as_frame(found)
    counts = [name for name in ("n", "printed_n") if name in frame]
    return frames.as_csv(frame.astype(dict.fromkeys(counts, "Int64")), DECIMALS)


def markdown(found: Verdicts, title: str, said: Sequence[str], labels: Mapping[str, str]) -> str:
    """`claims.md`.

    Args:
        found: the verdicts.
        title: one line.
        said: what the measured numbers are.
        labels: what each method is called.
    """
    text, tested = tabular.markdown_text, any(answer.evidence.p is not None for answer in found.printed.values())
    printed = "Printed numbers alone, if ± is of five runs" if tested else "Printed numbers alone"
    claimed = claims_frame(found.claims)
    claimed[f"Measured: {found.source.short}"] = [found.of(claim, found.measured) for claim in found.claims]
    claimed[printed] = [found.of(claim, found.printed) for claim in found.claims]
    how = [*_HOW, *([_NATS] if any(asked.metric in _IN_NATS for asked in found.measured) else [])]
    parts = [f"## {title}", " ".join(map(text, [*said, *how])), frames.pipe(claimed, 4)]
    parts += [f"### Measured: {text(found.source.said)}", f"Intervals are {OVER}."]
    parts += _judged(found.measured, labels)
    parts += ["### The printed numbers alone", *printed_parts(found, labels)]
    return "\n\n".join(parts) + "\n"


def claims_frame(found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The claims and where they stand, as Markdown."""
    text = tabular.markdown_text
    says = [f"{text(claim['says'])} ({text(claim['where'])})" for claim in found]
    return pd.DataFrame({"Claim": [claim["word"] for claim in found], "The paper says": says})


def printed_parts(found: Verdicts, labels: Mapping[str, str]) -> list[str]:
    """What the printed numbers say, as paragraphs of Markdown: caveat, comparisons, where they are against the text."""
    text = tabular.markdown_text
    parts = [f"{text(_COVERS_PRINTED)} {text(tabular.sentence(found.caveat))}", *_judged(found.printed, labels)]
    if odd := claims.against_itself(found.printed):
        parts += ["The printed means themselves stand the other way than the text:"]
        parts += ["\n".join(f"- {asked.claim}: {text(_against(asked, found.printed[asked], labels))}" for asked in odd)]
    unasked = [claim for claim in found.claims if not claim["compare"]]
    reasons = "\n".join(f"- {claim['word']}: {text(tabular.sentence(claim['missing']))}" for claim in unasked)
    return parts + (["Nothing can be compared:", reasons] if unasked else [])


def _judged(side: Mapping[Question, Answer], labels: Mapping[str, str]) -> list[str]:
    """One line a comparison with its statistic; below, why some cannot be judged."""
    frame = pd.DataFrame(
        {
            "Claim": [asked.claim for asked in side],
            "Comparison": [tabular.markdown_text(said(asked, labels)) for asked in side],
            "Difference": [_signed(answer.evidence.difference) for answer in side.values()],
            "95 % interval": [_interval(answer) for answer in side.values()],
            "p (Holm)": [_p(answer.adjusted) for answer in side.values()],
            "Verdict": [answer.verdict for answer in side.values()],
        }
    )
    reasons: dict[str, list[str]] = {}
    for asked, answer in side.items():
        if answer.evidence.said:
            reasons.setdefault(answer.evidence.said, []).append(asked.claim)
    why = [f"- {', '.join(dict.fromkeys(of))}: {tabular.markdown_text(reason)}." for reason, of in reasons.items()]
    return [frames.pipe(frame, 2), *(["\n".join(why)] if why else [])]


def said(asked: Question, labels: Mapping[str, str]) -> str:
    """A comparison in words."""
    first, second = (f"{labels.get(method, method)} ({modality})" for method, modality in (asked.first, asked.second))
    by = f" by {asked.margin} points" if asked.margin else ""
    of = "" if asked.metric in _USUAL else f", {asked.metric.replace('_', ' ')}"
    return f"{first} {'above' if asked.above else 'not above'} {second}{by}{of}"


def _against(asked: Question, answer: Answer, labels: Mapping[str, str]) -> str:
    unit = "nats" if asked.metric in _IN_NATS else "points"
    return f"{said(asked, labels)}, but {_signed(answer.evidence.difference)} {unit}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"


def _p(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _interval(answer: Answer) -> str:
    low, high = answer.evidence.low, answer.evidence.high
    return "–" if low is None or high is None else f"{low:+.2f} to {high:+.2f}"
