"""`overheard tune`: every row gets the same number of trials, chosen by validation, tested on fresh seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overheard.command.ablation_tables import over_locations, scores, validated
from overheard.command.variants import run_all, with_fresh_seeds
from overheard.errors import ConfigError
from overheard.io import artifacts
from overheard.scores import tuned
from overheard.scores.tuned import Row, Searched, Tuned
from overheard.scores.worth import simultaneous, worth
from overheard.study import yaml_file
from overheard.study.ablation import Variant, of_rows, variant
from overheard.study.experiments import Loaded, load, project_root
from overheard.study.plan import rows_made
from overheard.study.study_file import Study
from overheard.study.transfer import trials

FIRST_WORLD = 101
"""Of those that a search sees; none of them is a study's own."""


@dataclass(frozen=True)
class _Start:
    """What the variants of a search have in common."""

    loaded: Loaded
    content: Mapping[str, Any]
    root: Path

    def changed(self, study: Study, change: Mapping[str, Any], seeds: Sequence[int]) -> Variant:
        """The experiment with a change, of some rows and seeds."""
        content = {**self.content, "seeds": list(seeds)}
        own = replace(self.loaded, experiment=self.loaded.experiment.model_copy(update={"seeds": list(seeds)}))
        return variant(own, content, self.root, study, self.loaded.protocol.protocol, change)


def tune(name: str, n: int, worlds: int, methods: Sequence[str], cores: int | None, dry_run: bool) -> int:
    """Search settings for every row alike, and test what was chosen; returns the exit code.

    Args:
        name: the experiment.
        n: trials of each row, the row as it is among them.
        worlds: of the twin, on whose validation clips is chosen; a folder has its own alone.
        methods: rows of the study; all where it is empty.
        cores: jobs at once; all cores where it is None.
        dry_run: only say what would be trained.
    """
    start = _Start(loaded := load(name), yaml_file.read_yaml(loaded.path), project_root())
    if isinstance(loaded.experiment.protocol, dict):
        raise ConfigError(f"{loaded.path}: has switches of its own; search in an experiment whose protocol is a name")
    methods_of = loaded.study.methods
    made = {row for row in rows_made(loaded) if not (methods_of[row[0]].baseline or methods_of[row[0]].untrained)}
    rows = [row for row in loaded.study.trained() if row in made and (not methods or row[0] in methods)]
    if not rows:
        known = ", ".join(dict.fromkeys(method for method, _ in loaded.study.trained()))
        raise ConfigError(f"--method: found {', '.join(methods)}; expected some of {known}")
    changes = trials.drawn(loaded.experiment, loaded.protocol, n)
    places = _places(loaded, worlds)
    study = of_rows(loaded.study, f"{name}-trials", rows)
    searched = [
        (trial, start.changed(study, place | change, loaded.experiment.seeds[:1]))
        for place in places
        for trial, change in enumerate(changes)
    ]
    tests = len(rows) * len(loaded.experiment.seeds)
    where = f"{len(places)} worlds" if places[0] else "the folder"
    print(f"{name}: {n} trials of {len(rows)} rows on {where}, one seed each")
    print(f"At most {len(searched) * len(rows)} trainings to choose, {2 * tests} to test.", flush=True)
    print(loaded.origin.sentence, flush=True)
    if dry_run:
        return 0
    firsts = {one.loaded.name for trial, one in searched if trial == 0}
    code, cannot = run_all([one for _, one in searched], cores, first=lambda one: one.loaded.name in firsts)
    if code:
        return code
    if cannot:
        raise ConfigError("\n".join(["trials could not be made:", *cannot.values()]))
    found = _found(loaded, rows, changes, searched)
    return _test(start, found, changes, cores)


def _places(loaded: Loaded, worlds: int) -> list[dict[str, int]]:
    if "world" not in type(loaded.experiment.source).model_fields:
        return [{}]
    return [{"source.world": FIRST_WORLD + number} for number in range(worlds)]


def _found(
    loaded: Loaded, rows: Sequence[Row], changes: Sequence[Mapping[str, Any]], searched: Sequence[tuple[int, Variant]]
) -> list[Searched]:
    """Every trial of every row with its validation scores."""
    values: dict[tuple[Row, int], list[float]] = {}
    for trial, one in searched:
        for row in rows:
            values.setdefault((row, trial), []).extend(validated(one, row))
    return [
        Searched(row, trial, trials.said(changes[trial], loaded.study.methods[row[0]]), its)
        for (row, trial), its in values.items()
    ]


def _test(start: _Start, found: Sequence[Searched], changes: Sequence[Mapping[str, Any]], cores: int | None) -> int:
    """Train what was chosen, and the rows as they are, on fresh seeds; write the tables."""
    name, best, seeds = start.loaded.name, tuned.chosen(found), start.loaded.experiment.seeds
    by_trial: dict[int, list[Row]] = {0: list(best)}
    for row, one in best.items():
        if one.trial:
            by_trial.setdefault(one.trial, []).append(row)
    variants = {
        trial: with_fresh_seeds(
            start.changed(of_rows(start.loaded.study, f"{name}-tuned-{trial}", rows), changes[trial], seeds)
        )
        for trial, rows in by_trial.items()
    }
    code, cannot = run_all(list(variants.values()), cores)
    if code:
        return code
    if cannot:
        raise ConfigError("\n".join(["what was chosen could not be made:", *cannot.values()]))
    fixed = {row: scores(variants[0], row) for row in best}
    located = {trial: over_locations(variants[0], one) for trial, one in variants.items() if trial}
    moved = {
        row: worth(fixed[row], scores(variants[one.trial], row), locations=located[one.trial][row])
        for row, one in best.items()
        if one.trial
    }
    together = dict(zip(moved, simultaneous(list(moved.values())), strict=True))
    own = {one.row: one for one in found if one.trial == 0}
    means = {row: sum(its.score.values()) / len(its.score) for row, its in fixed.items()}
    lines = [Tuned(one, own[row], together.get(row), means[row]) for row, one in best.items()]
    return _write(start.loaded, found, lines, best)


def _write(loaded: Loaded, found: Sequence[Searched], lines: Sequence[Tuned], best: Mapping[Row, Searched]) -> int:
    folder = Path("ablations") / loaded.name
    folder.mkdir(parents=True, exist_ok=True)
    n = len({one.trial for one in found})
    said = [
        loaded.origin.sentence,
        f"Every row has the same {n} trials; chosen by the mean weighted F of validation clips, {len(found[0].values)} "
        "experiments each; F in percent of test clips on seeds that chose nothing. Intervals are over seeds and test "
        "locations together, and hold together.",
        "–: the row as it is was chosen. All trials: tuned-trials.csv.",
    ]
    artifacts.write_table(folder / "tuned-trials.csv", tuned.TRIALS, [tuned.trial_line(one, best) for one in found])
    artifacts.write_table(folder / "tuned.csv", tuned.COLUMNS, map(tuned.csv_line, lines))
    text = tuned.markdown(f"Every row tuned alike: {loaded.name}", said, lines)
    artifacts.write_text(folder / "tuned.md", text)
    print(text)
    print(f"Results: {folder}/tuned.md, tuned.csv, tuned-trials.csv")
    return 0
