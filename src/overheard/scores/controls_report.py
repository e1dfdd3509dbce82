"""The report of controls as Markdown: a table of verdicts, a table of degraded tests, and what every number is."""

from collections.abc import Sequence

import pandas as pd

from overheard.scores.controls import Line, Worse, csv_line, degraded_line


def markdown(title: str, said: Sequence[str], lines: Sequence[Line], tested: Sequence[Worse]) -> str:
    """Both tables.

    Args:
        title: one line.
        said: what every number is; the source first.
        lines: the controls.
        tested: rows on degraded clips; without them there is one table.
    """
    parts = [f"# {title}", "", " ".join(said), "", _table([_verdict(line) for line in lines])]
    if tested:
        parts += ["", "## Missing and degraded modality", "", f"{said[0]} {DEGRADED}", ""]
        parts += [_table([_degraded(one) for one in tested])]
    return "\n".join(parts) + "\n"


DEGRADED = (
    "The same students, trained on intact clips, tested on clips of which the picture or the sound is worse: weighted "
    "F in percent, mean ± deviation over seeds; the difference is paired by seed, its 95 % interval over trainings on "
    "these folds. zeroed: zeros, the training mean; mispaired: of another location; dark: a quarter as bright; "
    "rotated: by 90°; noisy: noise of one standard deviation of the training clips."
)


def sentences(source: str, seeds: int, needed: int, margin: float, deviation: float, power: float) -> list[str]:
    """What every number is.

    Args:
        source: in words.
        seeds: of each experiment.
        needed: how many the power asks for.
        margin: of equivalence, in points.
        deviation: that was assumed, in points.
        power: at a difference of 0.
    """
    planned = (
        f"{needed} seeds find a difference of 0 to vanish within {margin:g} points with a power of {power:.0%}, if "
        f"differences over the seeds of a fold have a deviation of {deviation:g}"
    )
    fewer = "" if seeds >= needed else f"; these are {seeds}, FEWER than that"
    return [
        f"Source: {source}.",
        f"Weighted F in percent, {seeds} seeds, paired by seed.",
        f"{planned}{fewer}.",
        "Intervals are over trainings on these folds of these clips (95 % where a row has to help, else 90 %: two "
        "one-sided tests at 5 %), each by itself; other splits: 95 % over folds, which share training clips "
        "(Nadeau, Bengio). Neither says anything of other worlds.",
    ]


def _table(rows: Sequence[dict[str, str]]) -> str:
    return str(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


def _verdict(line: Line) -> dict[str, str]:
    its = csv_line(line)
    bound = {"vanishes": "within ±{:g}", "at most 0": "below {:g}", "reaches": "above -{:g}"}.get(line.expected, "")
    return {
        "Control": line.control,
        "Change": line.said,
        "Row less row": f"{line.row} - {line.less}, {line.modality}",
        "Expected": " ".join(filter(None, [line.expected, bound and f"({bound.format(line.bound)})"])),
        "F": f"{float(its['first']):.2f} → {float(its['second']):.2f}",
        "Difference": f"{float(its['difference']):+.2f}",
        "Interval": f"{float(its['low']):+.2f} to {float(its['high']):+.2f} ({line.judged.level:.0%})",
        "Other splits": f"{float(its['low_splits']):+.2f} to {float(its['high_splits']):+.2f}"
        if its["low_splits"]
        else "–",
        "Seeds": str(its["seeds"]),
        "Verdict": f"**{line.judged.verdict}**",
    }


def _degraded(one: Worse) -> dict[str, str]:
    its = {name: float(value) for name, value in degraded_line(one).items() if name in _NUMBERS}
    return {
        "Test": one.test,
        "Row": f"{one.row}, {one.modality}",
        "Intact": f"{its['intact']:.2f} ± {its['intact_std']:.2f}",
        "Degraded": f"{its['degraded']:.2f} ± {its['degraded_std']:.2f}",
        "Difference": f"{its['difference']:+.2f}",
        "Interval": f"{its['low']:+.2f} to {its['high']:+.2f}",
    }


_NUMBERS = ("intact", "intact_std", "degraded", "degraded_std", "difference", "low", "high")
