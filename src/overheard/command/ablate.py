"""`overheard ablate`: flip each switch of the protocol alone, or vary some, and say what each is worth."""

import contextlib
import io
import math
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from overheard.command.run import TWIN_WARNING, run_experiment
from overheard.errors import ConfigError, OverheardError
from overheard.io import artifacts, whole
from overheard.scheduling.durations import how_long
from overheard.scheduling.reruns import Wanted
from overheard.scores import worth_table
from overheard.scores.paired import Scores
from overheard.scores.plots import style
from overheard.scores.plots.worth_by_switch import worth_by_switch
from overheard.scores.tabular import SOURCES
from overheard.scores.worth import simultaneous, worth
from overheard.scores.worth_table import Line
from overheard.study import config, yaml_file
from overheard.study.ablation import Variant, flips, grid, narrowed, rows_reached, variant
from overheard.study.experiments import load, project_root
from overheard.study.layout import results
from overheard.study.protocol import SWITCHES

OTHER_THAN = {"corrected": ("released", "paper"), "paper": ("corrected",), "released": ("corrected",)}
"""Where the other value of a switch comes from, by the protocol that it is flipped from."""
SAYS_ONLY = ("spread",)
"""Switches between the deviation of a sample and of a population: no score changes."""
UNPAIRED = ("augmented_splits", "resize_filter", "split_unit", "split_draw", "split_group")
"""Switches that change the pictures that are tested, or which clips are."""


def ablate(
    name: str,
    methods: Sequence[str],
    modalities: Sequence[str],
    switches: Sequence[str],
    vary: Sequence[str],
    again: int,
    cores: int | None,
    dry_run: bool,
) -> int:
    """Run the variants of an experiment and write what each change is worth; returns the exit code.

    Args:
        name: the experiment.
        methods: rows of its study.
        modalities: columns of its study.
        switches: flip these alone; all where it is empty.
        vary: `key=value,value` for a grid in place of flips.
        again: so many of the most valuable changes are measured again on fresh seeds.
        cores: jobs at once; all cores where it is None.
        dry_run: only say what would be trained.
    """
    made, refused = _variants(name, methods, modalities, switches, vary)
    bases = [one for one in made if not one.change]
    others = [one for one in made if one.change]
    if not others:
        why = "".join(f"\nleft out: {said}: {reason}" for said, reason in refused.items())
        raise ConfigError(f"{name}: nothing to compare; name another --switch, --vary or --method{why}")
    print(_introduction(name, bases, others, refused, cores), flush=True)
    if dry_run:
        return 0
    if code := _run_all(made, cores):
        return code
    found = _compared(bases, others)
    folder = Path("ablations") / name
    title = f"What each change is worth: {name}"
    _write(folder, "ablation", title, found, bases[0], refused)
    names = list(dict.fromkeys(line.experiment for line in found))[:again]
    if fresh := [one for one in others if one.loaded.name in names]:
        print(f"again on fresh seeds: {', '.join(f'{one.base}: {one.said}' for one in fresh)}", flush=True)
        wanted = {one.base for one in fresh}
        anew = [_on_fresh_seeds(one) for one in [*(base for base in bases if base.base in wanted), *fresh]]
        if code := _run_all(anew, cores):
            return code
        repeated = _compared([one for one in anew if not one.change], [one for one in anew if one.change])
        _write(folder, "again", f"{title}, on seeds that did not choose", repeated, anew[0], {})
        print((folder / "again.md").read_text(encoding="utf-8"))
    print((folder / "ablation.md").read_text(encoding="utf-8"))
    print(f"Results: {folder}/ (ablation.csv, .md, .png{'; again.csv, .md, .png' if fresh else ''})")
    return 0


def _variants(
    name: str, methods: Sequence[str], modalities: Sequence[str], switches: Sequence[str], vary: Sequence[str]
) -> tuple[list[Variant], dict[str, str]]:
    """The bases and their variants; and which changes are left out, with the reason."""
    loaded, root = load(name), project_root()
    content = yaml_file.read_yaml(loaded.path)
    study = narrowed(loaded.study, f"{name}-ablation", methods, modalities)
    own = loaded.protocol.protocol
    points = grid(vary)
    if unknown := [word for word in switches if word not in SWITCHES]:
        raise ConfigError(f"--switch: no switch {', '.join(unknown)}; there are: {', '.join(SWITCHES)}")
    if points and isinstance(loaded.experiment.protocol, dict):
        raise ConfigError(
            f"{loaded.path}: has switches of its own; vary them in an experiment whose protocol is a name"
        )
    protocols = {word: _protocol(root, loaded.experiment, word) for word in OTHER_THAN}
    if not points and own not in protocols:
        raise ConfigError(f"protocol {own!r}: only {', '.join(protocols)} can be flipped; use --vary")
    starts = [own] if points else [own, OTHER_THAN[own][0]]
    found, refused = [], {}
    for start in starts:
        base = variant(loaded, content, root, study, start, {})
        found.append(base)
        changes = points or flips(protocols[start], [protocols[word] for word in OTHER_THAN[start]])
        for change in changes:
            if switches and not set(change) & set(switches):
                continue
            said = f"{start}: {', '.join(f'{key} = {value}' for key, value in change.items())}"
            try:
                other = variant(loaded, content, root, study, start, change)
            except ConfigError as error:
                refused[said] = str(error).splitlines()[0]
                continue
            rows = rows_reached(base.loaded, other.loaded)
            if not rows:
                seeds = len(other.loaded.experiment.seeds)
                factor = f"changes what ± says and no score: {seeds} seeds, a factor of {math.sqrt(1 - 1 / seeds):.2f}"
                refused[said] = factor if set(change) <= set(SAYS_ONLY) else "no row of this ablation uses it"
                continue
            found.append(replace(other, rows=rows))
    return found, refused


def _protocol(root: Path, experiment: config.Experiment, word: str) -> config.Protocol:
    return config.load_protocol(root, experiment.model_copy(update={"protocol": word}))


def _introduction(
    name: str, bases: Sequence[Variant], others: Sequence[Variant], refused: Mapping[str, str], cores: int | None
) -> str:
    """What will be compared, how many trainings it takes and about how long; what is left out, and why."""
    loaded = bases[0].loaded
    lines = [f"{name}: ablation of {', '.join(f'{method} on {column}' for method, column in loaded.study.trained())}"]
    lines += [TWIN_WARNING] if loaded.experiment.source.kind == "twin" else []
    seeds = len(loaded.experiment.seeds)
    trainings = sum(len(one.rows) for one in (*bases, *others)) * seeds
    cores = cores or len(os.sched_getaffinity(0))
    took = how_long(load(name), {"train": trainings, "evaluate": sum(len(one.rows) for one in others)}, cores)
    lines.append(
        f"{len(others)} changes, from {' and '.join(base.base for base in bases)}; {seeds} seeds; at most {trainings} "
        f"trainings, fewer where the store has them. {took}, and some seconds an experiment."
    )
    lines += [f"left out: {said}: {why}" for said, why in refused.items()]
    return "\n".join(lines)


def _run_all(variants: Sequence[Variant], cores: int | None) -> int:
    """Write the experiments' files, run each, and say how far it is; what one made the others put back."""
    for one in variants:
        study = one.loaded.study
        content = study.model_dump(exclude_defaults=True)
        _write_config(Path("config/studies") / f"{study.study}.yaml", content, "overheard ablate", replaced=True)
        _write_config(one.loaded.path, one.content, "overheard ablate", replaced=False)
    started = time.monotonic()
    for place, one in enumerate(variants, 1):
        said = f"{one.base}: {one.said or 'as it is'}"
        log = Path("logs") / one.loaded.name / "ablate.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(io.StringIO()) as text:
            code = run_experiment(one.loaded.name, Wanted(), cores=cores)
        log.write_text(text.getvalue(), encoding="utf-8")
        if code:
            print(f"stopped at {one.loaded.name}; type the same command to go on", flush=True)
            return code
        spent = time.monotonic() - started
        print(f"[{place} of {len(variants)} experiments, {spent:.0f} s] {said}", flush=True)
    return 0


def _write_config(path: Path, content: Mapping[str, Any], who: str, replaced: bool) -> None:
    """Write a configuration; one of other content is refused, but for a study that only ablations write."""
    if path.exists():
        if yaml_file.read_yaml(path) == dict(content):
            return
        if not replaced or not path.read_text(encoding="utf-8").startswith(f"# {who}"):
            raise ConfigError(f"{path}: exists with other content; move it away, and give the command again")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.write_text(path, f"# {who}\n{yaml_file.as_yaml(dict(content))}")


def _compared(bases: Sequence[Variant], others: Sequence[Variant]) -> list[Line]:
    """Every row that a change reaches, against its base; the largest change first, each with its rows together."""
    of = {base.base: base for base in bases}
    pairs = [(of[other.base], other, row) for other in others for row in other.rows]
    paired = [_is_paired(base, other) for base, other, _ in pairs]
    found = [
        worth(_scores(base, row), _scores(other, row), its)
        for (base, other, row), its in zip(pairs, paired, strict=True)
    ]
    lines = [
        Line(other.base, dict(other.change), *row, its, len(other.rows), other.loaded.name, base.loaded.name)
        for (base, other, row), its in zip(pairs, simultaneous(found), strict=True)
    ]
    largest: dict[str, float] = {}
    for line in lines:
        largest[line.experiment] = max(largest.get(line.experiment, 0.0), abs(line.worth.difference))
    return sorted(lines, key=lambda line: (-largest[line.experiment], line.experiment))


def _is_paired(base: Variant, other: Variant) -> bool:
    """Whether both are tested on the same clips and pictures; where a draw has labels as seeds, their order decides."""
    drawn = other.loaded.protocol.split_draw == "by_label" and "class_order" in other.change
    return not (drawn or set(other.change) & set(UNPAIRED))


def _scores(one: Variant, row: tuple[str, str]) -> Scores:
    """The weighted F of a row's seeds, from its files."""
    folder = Path(results(one.loaded.name))
    paths = [folder / f"evaluate/{row[0]}/{row[1]}/seed-{seed}/scores.json" for seed in one.loaded.experiment.seeds]
    runs = [artifacts.read_json(path) for path in paths]
    splits = [Counter(line["split"] for line in artifacts.read_table(path)) for path in _splits(folder)]
    n_test, n_train = (sum(split[word] for split in splits) / len(splits) for word in ("test", "train"))
    score = {run["seed"]: 100 * run["f_score"] for run in runs}
    return Scores(score, {run["seed"]: run["fold"] for run in runs}, n_test, n_train)


def _splits(folder: Path) -> list[Path]:
    found = sorted((folder / "media").glob("fold-*/splits.csv"))
    if not found:
        raise OverheardError(f"{folder}/media: no splits there; `overheard run {folder.name}` makes them")
    return found


def _on_fresh_seeds(one: Variant) -> Variant:
    """The same on as many seeds that did not choose it, of the same folds."""
    experiment = one.loaded.experiment
    step = max(experiment.seeds) + 1
    step += -step % experiment.split.folds
    seeds = [seed + step for seed in experiment.seeds]
    name = f"{one.loaded.name}-again"
    fresh = experiment.model_copy(update={"seeds": seeds})
    loaded = replace(one.loaded, name=name, path=Path(f"config/{name}.yaml"), experiment=fresh)
    return replace(one, loaded=loaded, content={**one.content, "seeds": seeds})


def _write(
    folder: Path, word: str, title: str, found: Sequence[Line], one: Variant, refused: Mapping[str, str]
) -> None:
    """The table as CSV and Markdown, and its plot."""
    source, seeds = one.loaded.experiment.source.kind, one.loaded.experiment.seeds
    sentences = worth_table.sentences(found, SOURCES[source], seeds)
    folder.mkdir(parents=True, exist_ok=True)
    artifacts.write_table(folder / f"{word}.csv", worth_table.COLUMNS, map(worth_table.csv_line, found))
    artifacts.write_text(folder / f"{word}.md", worth_table.markdown(title, sentences, found, refused))
    with style.styled():
        drawn = worth_by_switch(found, title, sentences, source)
        artifacts.write_bytes(folder / f"{word}.png", style.png(drawn))
