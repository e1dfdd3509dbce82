"""The tables of ablations: from the files of their experiments to CSV, Markdown and a plot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from overheard.errors import OverheardError
from overheard.io import artifacts
from overheard.io.tested import read_said, read_splits
from overheard.scores import grid, over_splits, worth_table
from overheard.scores.arranged import Said, arranged
from overheard.scores.comparisons import Asked, covariance_over_locations, groups_of, paired_seeds
from overheard.scores.paired import Scores
from overheard.scores.plots import style
from overheard.scores.plots.heat_map import heat_maps
from overheard.scores.plots.worth_by_switch import worth_by_switch
from overheard.scores.worth import OverLocations, simultaneous, worth
from overheard.scores.worth_table import Line
from overheard.study.ablation import Variant
from overheard.study.layout import results

UNPAIRED = ("augmented_splits", "resize_filter", "split_unit", "split_draw", "split_group")
"""Switches that change the pictures that are tested, or which clips are; as settings of source and split do."""


def compared(bases: Sequence[Variant], others: Sequence[Variant]) -> list[Line]:
    """Every row that a change reaches, against its base; the largest change first, each with its rows together."""
    of = {base.base: base for base in bases}
    pairs = [(of[other.base], other, row) for other in others for row in other.rows]
    located = {other.loaded.name: over_locations(of[other.base], other) for other in others}
    found = [
        worth(scores(base, row), scores(other, row), is_paired(base, other), located[other.loaded.name].get(row))
        for base, other, row in pairs
    ]
    lines = [
        Line(other.base, dict(other.change), *row, its, len(other.rows), other.loaded.name, base.loaded.name)
        for (base, other, row), its in zip(pairs, simultaneous(found), strict=True)
    ]
    largest: dict[str, float] = {}
    for line in lines:
        largest[line.experiment] = max(largest.get(line.experiment, 0.0), abs(line.worth.difference))
    return sorted(lines, key=lambda line: (-largest[line.experiment], line.experiment))


def is_paired(base: Variant, other: Variant) -> bool:
    """Whether both are tested on the same clips and pictures; where a draw has labels as seeds, their order decides."""
    drawn = other.loaded.protocol.split_draw == "by_label" and "class_order" in other.change
    tested = any(key.partition(".")[0] in ("source", "split") for key in other.change)
    return not (drawn or tested or set(other.change) & set(UNPAIRED))


def over_locations(base: Variant, other: Variant) -> dict[tuple[str, str], OverLocations]:
    """How the differences of the other's rows vary over test locations; none where nothing is paired."""
    if not is_paired(base, other):
        return {}
    folder = Path(results(base.loaded.name))
    said = [_said(one, row, word) for one, word in ((base, ""), (other, " changed")) for row in other.rows]
    splits = read_splits(folder / "media/index.csv", _splits(folder))
    study = arranged([one for its in said for one in its], splits, ["f_score"])
    found = {}
    for method, modality in other.rows:
        asked = Asked((method, modality), (f"{method} changed", modality), ["f_score"])
        seeds = paired_seeds(*(study.runs[row] for row in asked.rows), asked.rows)
        groups = groups_of(study, asked, seeds)
        folds = list({study.runs[asked.first][seed]["fold"] for seed in seeds})
        covariance = covariance_over_locations(study, asked, groups, "f_score")
        found[method, modality] = OverLocations(covariance, study.locations_of(folds)[1])
    return found


def _said(one: Variant, row: tuple[str, str], word: str) -> list[Said]:
    """What the runs of a row said of their test clips, under a name of its own."""
    found = []
    for path in _tested(one, row):
        said = read_said(path, path.with_name("predictions.npz"))
        found.append(said._replace(run={**said.run, "method": f"{row[0]}{word}"}))
    return found


def _tested(one: Variant, row: tuple[str, str]) -> list[Path]:
    folder = Path(results(one.loaded.name))
    return [folder / f"evaluate/{row[0]}/{row[1]}/seed-{seed}/scores.json" for seed in one.loaded.experiment.seeds]


def scores(one: Variant, row: tuple[str, str]) -> Scores:
    """The weighted F of a row's seeds, from its files."""
    folder = Path(results(one.loaded.name))
    runs = [artifacts.read_json(path) for path in _tested(one, row)]
    splits = [Counter(line["split"] for line in artifacts.read_table(path)) for path in _splits(folder)]
    n_test, n_train = (sum(split[word] for split in splits) / len(splits) for word in ("test", "train"))
    score = {run["seed"]: 100 * run["f_score"] for run in runs}
    return Scores(score, {run["seed"]: run["fold"] for run in runs}, n_test, n_train)


def _splits(folder: Path) -> list[Path]:
    found = sorted((folder / "media").glob("fold-*/splits.csv"))
    if not found:
        raise OverheardError(f"{folder}/media: no splits there; `overheard run {folder.name}` makes them")
    return found


def write_worth(
    path: Path, title: str, bases: Sequence[Variant], others: Sequence[Variant], refused: Mapping[str, str]
) -> None:
    """What each change is worth, as CSV, Markdown and a plot.

    Args:
        path: of the table, without suffix.
        title: one line.
        bases: what is changed.
        others: the changes.
        refused: changes that are left out, with the reason.
    """
    found, experiment = compared(bases, others), bases[0].loaded.experiment
    sentences = worth_table.sentences(found, bases[0].loaded.origin.said, experiment.seeds)
    path.parent.mkdir(parents=True, exist_ok=True)
    artifacts.write_table(path.with_suffix(".csv"), worth_table.COLUMNS, map(worth_table.csv_line, found))
    artifacts.write_text(path.with_suffix(".md"), worth_table.markdown(title, sentences, found, refused))
    with style.styled():
        drawn = worth_by_switch(found, title, sentences, bases[0].loaded.origin)
        artifacts.write_bytes(path.with_suffix(".png"), style.png([drawn]))


def write_over(path: Path, title: str, axis: str, made: Sequence[Variant], refused: Mapping[str, str]) -> None:
    """How far rows and main comparisons move over splits or worlds, as CSV and Markdown.

    Args:
        path: of the table, without suffix.
        title: one line.
        axis: splits or worlds.
        made: an experiment for each of them.
        refused: those that are left out, with the reason.
    """
    rows = made[0].rows
    scored = {one.loaded.name: {row: scores(one, row).score for row in rows} for one in made}
    lines = over_splits.all_moved(scored, rows)
    experiment = made[0].loaded.experiment
    fold = " and its fold" if experiment.split.folds > 1 else ""
    said = [
        made[0].loaded.origin.sentence,
        f"Weighted F in percent, {len(made)} {axis} of {len(experiment.seeds)} seeds each.",
        f"Differences are paired by seed{fold}. ± over seeds: within one of the {axis}; ± over {axis}: of their means.",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    artifacts.write_table(path.with_suffix(".csv"), over_splits.COLUMNS, map(over_splits.csv_line, lines))
    artifacts.write_text(path.with_suffix(".md"), over_splits.markdown(title, said, lines) + _left_out(refused))


def write_grid(path: Path, title: str, base: Variant, others: Sequence[Variant], refused: Mapping[str, str]) -> None:
    """The validation scores of a grid as CSV and Markdown, and of two settings as heat maps.

    Args:
        path: of the table, without suffix.
        title: one line.
        base: what is changed; it stands for the point of the grid that has its values.
        others: the other points.
        refused: points that are left out, with the reason.
    """
    experiment = base.loaded.experiment
    at_base = {key: base.value_of(key) for key in others[0].change}
    rows = [row for row in base.rows if any(row in one.rows for one in others)]
    points = [grid.point(at_base, row, validated(base, row), base.loaded.name) for row in rows]
    points += [grid.point(one.change, row, validated(one, row), one.loaded.name) for one in others for row in one.rows]
    points.sort(key=lambda one: [str(type(value)) + f"{value!s:>12}" for value in one.at.values()])
    said = [
        base.loaded.origin.sentence,
        f"Weighted F of validation clips in percent at the tested epoch; ± over {len(experiment.seeds)} seeds.",
        "Test clips have no part in it.",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    artifacts.write_table(path.with_suffix(".csv"), grid.columns(points), map(grid.csv_line, points))
    artifacts.write_text(path.with_suffix(".md"), grid.markdown(title, said, points) + _left_out(refused))
    if len(at_base) == 2:
        with style.styled():
            drawn = heat_maps(points, title, said, base.loaded.origin)
            artifacts.write_bytes(path.with_suffix(".png"), style.png([drawn]))


def validated(one: Variant, row: tuple[str, str]) -> list[float]:
    """The weighted F of validation clips at the epoch that is tested, in percent, of a row's seeds."""
    found = []
    for seed in one.loaded.experiment.seeds:
        lines = artifacts.read_table(
            Path(results(one.loaded.name)) / f"train/{row[0]}/{row[1]}/seed-{seed}/history.csv"
        )
        (tested,) = [line for line in lines if line["best"] == "1"]
        found.append(100 * float(tested["val_f_score"]))
    return found


def _left_out(refused: Mapping[str, str]) -> str:
    return "".join(f"\n- left out: {said}: {why}" for said, why in refused.items()) + ("\n" if refused else "")
