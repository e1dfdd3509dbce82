"""`overheard ablate`: flip each switch of the protocol alone, or vary some, and say what each is worth."""

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from overheard.command import ablation_tables as tables
from overheard.command.variants import possible, run_all, said_of, with_fresh_seeds
from overheard.errors import ConfigError
from overheard.scheduling.durations import how_long
from overheard.study import config, yaml_file
from overheard.study.ablation import Variant, flips, grid, narrowed, over, rows_reached, variant
from overheard.study.experiments import load, project_root
from overheard.study.loaded import Loaded
from overheard.study.switch import Protocol

OTHER_THAN = {"corrected": ("released", "paper"), "paper": ("corrected",), "released": ("corrected",)}
"""Where the other value of a switch comes from, by the protocol that it is flipped from."""
SAYS_ONLY = ("spread",)
"""Switches between the deviation of a sample and of a population: no score changes."""


@dataclass(frozen=True)
class Asked:
    """What an ablation is asked to do.

    Attributes:
        name: the experiment.
        methods: rows of its study.
        modalities: columns of its study.
        switches: flip these alone; all where it is empty.
        vary: `key=value,value` for a grid in place of flips.
        over: word of `study.ablation.OVER`, for other splits or worlds in place of flips.
        n: how many of them.
        validation: a grid is compared by validation clips.
        again: so many of the most valuable changes are measured again on fresh seeds.
    """

    name: str
    methods: Sequence[str] = ("scene", "scene+event")
    modalities: Sequence[str] = ("image", "image+sound")
    switches: Sequence[str] = ()
    vary: Sequence[str] = ()
    over: str | None = None
    n: int = 5
    validation: bool = False
    again: int = 3

    @property
    def rows(self) -> str:
        """The rows as part of a name; empty for those that are asked for by default."""
        if (self.methods, self.modalities) == (Asked.methods, Asked.modalities):
            return ""
        return "-" + re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join([*self.methods, *self.modalities]))

    @property
    def study(self) -> str:
        """Name of the study of these rows: other rows are another study, and other experiments."""
        return f"{self.name}-ablation{self.rows}"

    @property
    def table(self) -> Path:
        """Of the results, without suffix: another question has another table."""
        word = "ablation"
        if self.over:
            word = f"over-{self.over}"
        elif self.vary:
            keys = [text.partition("=")[0] for text in self.vary]
            word = "-".join([*(["validation"] if self.validation else []), "vary", *keys])
        elif self.switches:
            word = "-".join(["switch", *self.switches])
        return Path("ablations") / self.name / (word + self.rows)

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            ConfigError: names both.
        """
        given = [word for word in ("switches", "vary", "over") if getattr(self, word)]
        if len(given) > 1:
            flags = {"switches": "--switch", "vary": "--vary", "over": "--over"}
            raise ConfigError(f"{' and '.join(flags[word] for word in given)} exclude each other; give one of them")
        if self.validation and not self.vary:
            raise ConfigError("--on-validation is for a grid; give --vary, e.g. --vary alpha=0.01,0.1,1")


def ablate(asked: Asked, cores: int | None, dry_run: bool) -> int:
    """Run the variants of an experiment and write what each change is worth; returns the exit code.

    Args:
        asked: what is changed, and for which rows.
        cores: jobs at once; all cores where it is None.
        dry_run: only say what would be trained.
    """
    asked.check()
    made, refused = _variants(asked)
    bases = [one for one in made if not one.change]
    others = [one for one in made if one.change]
    if not others:
        why = "".join(f"\nleft out: {said}: {reason}" for said, reason in refused.items())
        raise ConfigError(f"{asked.name}: nothing to compare; name another --switch, --vary or --method{why}")
    print(_introduction(asked.name, bases, others, refused, cores), flush=True)
    if dry_run:
        return 0
    code, impossible = run_all(made, cores)
    if code:
        return code
    bases, others, cannot = possible(made, impossible)
    tables = _tell(asked, bases, others, {**refused, **cannot})
    if not asked.over and not asked.validation and asked.again:
        code, again = _on_fresh_seeds(asked, bases, others, cores)
        if code:
            return code
        tables = [*again, *tables]
    for path in tables:
        print(path.with_suffix(".md").read_text(encoding="utf-8"))
    print(f"Results: {', '.join(f'{path}.*' for path in tables)} (csv, md, png)")
    return 0


def _tell(asked: Asked, bases: Sequence[Variant], others: Sequence[Variant], refused: Mapping[str, str]) -> list[Path]:
    """Write the table that was asked for; its path without suffix."""
    if asked.over:
        title = f"How far the numbers of {asked.name} move over {asked.over}"
        tables.write_over(asked.table, title, asked.over, [*bases, *others], refused)
    elif asked.validation:
        title = f"Validation scores over a grid: {asked.name}"
        tables.write_grid(asked.table, title, bases[0], others, refused)
    else:
        tables.write_worth(asked.table, f"What each change is worth: {asked.name}", bases, others, refused)
    return [asked.table]


def _on_fresh_seeds(
    asked: Asked, bases: Sequence[Variant], others: Sequence[Variant], cores: int | None
) -> tuple[int, list[Path]]:
    """Measure the most valuable changes on seeds that did not choose them; the exit code and the table's path."""
    names = list(dict.fromkeys(line.experiment for line in tables.compared(bases, others)))[: asked.again]
    fresh = [one for one in others if one.loaded.name in names]
    print(f"again on fresh seeds: {', '.join(said_of(one) for one in fresh)}", flush=True)
    wanted = {one.base for one in fresh}
    anew = [with_fresh_seeds(one) for one in [*(base for base in bases if base.base in wanted), *fresh]]
    code, impossible = run_all(anew, cores)
    if code:
        return code, []
    path = asked.table.with_name(f"{asked.table.name}-again")
    title = f"What each change is worth: {asked.name}, on seeds that did not choose"
    tables.write_worth(path, title, *possible(anew, impossible))
    return 0, [path]


def _variants(asked: Asked) -> tuple[list[Variant], dict[str, str]]:
    """The bases and their variants; and which changes are left out, with the reason."""
    loaded, root = load(asked.name), project_root()
    content = yaml_file.read_yaml(loaded.path)
    study = narrowed(loaded.study, asked.study, asked.methods, asked.modalities)
    own = loaded.protocol.protocol
    points = over(asked.over, asked.n, loaded.experiment) if asked.over else grid(loaded.design.SWITCHES, asked.vary)
    if unknown := [word for word in asked.switches if word not in loaded.design.SWITCHES]:
        raise ConfigError(f"--switch: no switch {', '.join(unknown)}; there are: {', '.join(loaded.design.SWITCHES)}")
    if points and isinstance(loaded.experiment.protocol, dict):
        raise ConfigError(
            f"{loaded.path}: has switches of its own; vary them in an experiment whose protocol is a name"
        )
    protocols = {word: _protocol(loaded, word) for word in OTHER_THAN}
    if not points and own not in protocols:
        raise ConfigError(f"protocol {own!r}: only {', '.join(protocols)} can be flipped; use --vary")
    starts = [own] if points else [own, OTHER_THAN[own][0]]
    found, refused = [], {}
    for start in starts:
        base = variant(loaded, content, root, study, start, {})
        found.append(base)
        changes = points or flips(
            loaded.design.SWITCHES, protocols[start], [protocols[word] for word in OTHER_THAN[start]]
        )
        for change in changes:
            if asked.switches and not set(change) & set(asked.switches):
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


def _protocol(loaded: Loaded, word: str) -> Protocol:
    return config.load_protocol(loaded.root, loaded.experiment.model_copy(update={"protocol": word}), loaded.study)


def _introduction(
    name: str, bases: Sequence[Variant], others: Sequence[Variant], refused: Mapping[str, str], cores: int | None
) -> str:
    """What will be compared, how many trainings it takes and about how long; what is left out, and why."""
    loaded = bases[0].loaded
    lines = [f"{name}: ablation of {', '.join(f'{method} on {column}' for method, column in loaded.study.trained())}"]
    lines.append(loaded.origin.sentence)
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
