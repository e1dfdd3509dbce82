"""What a reader must know before any comparison of a study: its design, what intervals cover, what can be decided."""

from collections.abc import Mapping, Sequence
from typing import Any

from overheard.scores.arranged import Arranged
from overheard.scores.locations import RESAMPLES
from overheard.scores.origin import Origin
from overheard.scores.power import DETECTABLE, rank_floor

FEW = 10
"""Test locations of a class below which a plain bootstrap over them would say far too little."""

MACHINE_CLASS = (
    "The kind of processor is a source of noise beside seeds, which no interval here covers: between an AMD and an "
    "Intel processor cells of the same study moved by up to 3 points, because kernels add in another order."
)


def report(
    study: Arranged, experiment: str, source: Origin, lines: Sequence[Mapping[str, Any]], left_out: Mapping[str, str]
) -> str:
    """The report as Markdown.

    Args:
        study: the runs.
        experiment: its name.
        source: whose numbers these are.
        lines: of comparisons.csv, as `comparisons.compared` gives them.
        left_out: rows that the experiment cannot make, with the reason.
    """
    tested = [line for line in lines if line["location_error"] is not None]
    return "\n".join(
        [
            f"# Statistics of {experiment}",
            "",
            source.sentence,
            "",
            *_design(study),
            "",
            "## What the columns of comparisons.csv say",
            *_legend(study),
            "",
            "## What this study can decide",
            *_power(study, tested),
            "",
            *_not_said(lines, left_out),
            MACHINE_CLASS,
            "",
        ]
    )


def _seeds(study: Arranged) -> list[int]:
    return sorted({seed for runs in study.runs.values() for seed in runs})


def _design(study: Arranged) -> list[str]:
    if not study.runs:
        return ["No row was made, so nothing is compared."]
    seeds, folds = _seeds(study), list(study.tested)
    own = set().union(*study.tested_places.values())
    by_class = {name: sum(study.scenes[place] == name for place in own) for name in study.classes}
    by_fold = {
        fold: [sum(study.scenes[place] == name for place in places) for name in study.classes]
        for fold, places in study.tested_places.items()
    }
    least = min(min(counts) for counts in by_fold.values())
    clips = sum(len(study.splits[fold].test) for fold in folds)
    scored = sum(len(said.label) for said in study.tested.values())
    pieces = "" if scored == clips else f"{scored} pieces of "
    one = len(folds) == 1
    split = "one split for all seeds" if one else f"{len(folds)} folds, each tested by the seeds that are its own"
    lines = [
        f"{len(study.runs)} rows, {len(seeds)} {'seed' if len(seeds) == 1 else 'seeds'} "
        f"({', '.join(map(str, seeds))}), {split}; {pieces}{clips} test clips at {len(own)} test locations. "
        f"A class has {min(by_class.values())} to {max(by_class.values())} test locations"
        + ("." if one else f", {least} to {max(max(counts) for counts in by_fold.values())} in a fold."),
        "",
        "| class | test locations |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in by_class.items()),
        "",
        f"Locations are drawn {RESAMPLES:,} times within classes{'' if one else ' and folds'}, all clips of a location "
        f"{'with all their pieces ' if pieces else ''}together and the same draws for all rows; "
        "n - 1 of n with rescaled weights (Rao and Wu), "
        f"since plain draws say too little below {FEW} locations a class.",
    ]
    drawn = {place for group in study.groups for place in group.tolist()}
    if alone := [study.places[place] for place in sorted(own - drawn)]:
        lines += ["", f"Location {', '.join(alone)} stands alone: nothing varies with it, so intervals are too narrow."]
    return lines


def _legend(study: Arranged) -> list[str]:
    if len(study.tested) > 1:
        seed = (
            "- `seed_low` to `seed_high`: t interval over folds, for other trainings and other test locations. Folds "
            "share training clips, so its error carries 1/J + n_test/n_train (Nadeau and Bengio); rather too wide."
        )
        location = (
            "- `location_low` to `location_high`: the interval to quote. Variance over test locations drawn again, and "
            "what else varies between folds (trainings; that part alone carries Nadeau and Bengio's factor)."
        )
    else:
        seed = (
            "- `seed_low` to `seed_high`: t interval over seeds, of other trainings on this split only. It says "
            "nothing of other test locations."
        )
        location = (
            "- `location_low` to `location_high`: the interval to quote. Variance over test locations drawn again, and "
            "what else varies between seeds; the training locations are those of this split."
        )
    return [
        "- `difference`: second row less first, points of percent, paired by seed and fold.",
        seed,
        location,
        "- `p_exchange`: all that two rows said of a location is exchanged, at random, and scores are counted again. "
        "It is about test locations; the trainings are those that there are.",
        "- `improvement`: share of pairs of runs in which the second row is higher; ties count half.",
        f"- `detectable`: {DETECTABLE} errors over seeds and locations together: found in 4 of 5 such studies.",
        "- `seeds_needed`, `locations_needed`: about so many, both together, would decide the difference seen here.",
        "- p is not corrected for many comparisons; claims do that, over families written down beforehand.",
    ]


def _power(study: Arranged, tested: Sequence[Mapping[str, Any]]) -> list[str]:
    seeds = _seeds(study)
    if not seeds:
        return ["Nothing."]
    if len(seeds) == 1:
        return ["One seed: no ± and no test over seeds; nothing is known of how much trainings vary."]
    groups = len(study.tested) if len(study.tested) > 1 else len(seeds)
    what = "folds" if len(study.tested) > 1 else "seeds"
    floor = rank_floor(groups)
    lines = [
        f"- By rank or sign {groups} {what} give p of {floor:.4f} at least"
        + (", so they cannot decide at 0.05, whatever they measure." if floor > 0.05 else ".")
    ]
    if sizes := sorted(line["detectable"] for line in tested if line["detectable"] is not None):
        middle = sizes[len(sizes) // 2]
        lines.append(
            f"- Detectable differences of its {len(sizes)} comparisons: {sizes[0]:.1f} to {sizes[-1]:.1f} points, "
            f"half of them below {middle:.1f}."
        )
        apart = sum(not line["location_low"] <= 0 <= line["location_high"] for line in tested)
        lines.append(f"- Of {len(tested)} intervals {apart} leave out 0; one in twenty would where nothing differs.")
    return lines


def _not_said(lines: Sequence[Mapping[str, Any]], left_out: Mapping[str, str]) -> list[str]:
    reasons = dict.fromkeys(line["covers"] for line in lines if line["location_error"] is None)
    found = [f"- {reason}" for reason in reasons]
    found += [f"- {row.replace('|', '@')}: left out: {reason}" for row, reason in left_out.items()]
    return ["## What could not be compared", *dict.fromkeys(found), ""] if found else []
