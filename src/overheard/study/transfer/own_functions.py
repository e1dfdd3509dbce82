"""A study's own losses and heads, checked before anything runs: they are read, and neither imported nor executed."""

import ast
from collections.abc import Iterator

from overheard.errors import ConfigError
from overheard.jobs.code import own
from overheard.jobs.code.closure import closure
from overheard.study.study_file import Method, Study

_GIVEN = ("logits", "prior", "relevance")
_OF_TRAINING = ("alpha", "event_head_start", "baseline_learning_rate")
"""Of what a row uses, that which is not for its loss."""
_KINDS = {"float": (float, int), "int": (int,), "str": (str,), "bool": (bool,)}


def problems(study: Study) -> list[str]:
    """A line for each row whose own functions are not there, or are called otherwise than the row says."""
    lines = []
    for name, method in study.methods.items():
        for key in (key for key in own.KEYS if key in method.own):
            where = f"methods.{name}.{key}"
            try:
                found = [*(_loss if key == "loss" else _head)(method, own.definition(method.own[key]).args)]
                found += _beside(method.own[key])
            except ConfigError as error:
                lines.append(f"{where}: {error}")
            else:
                lines += [f"{where}: {method.own[key]}: {problem}" for problem in found]
    for name, column in study.rows():
        if study.methods[name].event_head == "sound" and "sound" not in column:
            lines.append(f"methods.{name}.event_head: found sound in column {column}, expected joint")
    return lines


def _loss(method: Method, args: ast.arguments) -> Iterator[str]:
    """What is wrong with the call of a loss."""
    asked = {each.arg: default for each, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)}
    if len(args.posonlyargs + args.args) != 2 or args.vararg or args.kwarg:
        yield f"found ({ast.unparse(args)}), expected (said, label, *, …) with each of what it needs by name"
    if "alpha" in asked:
        yield "asks for alpha, which weighs it beside L_s; give it another name"
    needed = {name for name, default in asked.items() if default is None} - {"alpha"}
    given = {*(set(_GIVEN) & set(method.reads)), *(set(method.uses) - set(_OF_TRAINING))}
    if missing := sorted(needed - given - set(method.settings)):
        yield f"asks for {', '.join(missing)}; name it under reads, uses or settings of the row, or give it a default"
    if unused := sorted(given - needed):
        yield f"does not ask for {', '.join(unused)} by keyword, without a default; take it out of reads and uses"
    if unknown := sorted(set(method.settings) - set(asked)):
        yield f"does not ask for {', '.join(unknown)}; it asks for {', '.join(asked) or 'nothing'}"
    for each in args.kwonlyargs:
        kind = ast.unparse(each.annotation) if each.annotation else ""
        value = method.settings.get(each.arg)
        if value is not None and type(value) not in _KINDS.get(kind, (type(value),)):
            yield f"settings.{each.arg}: found {value!r}, expected {kind}"
    starts = "event_head_start" in method.uses
    if starts != bool(method.event_head and not method.head):
        yield "event_head_start: name it under uses where there is an event_head without a head of your own, only there"


def _head(method: Method, args: ast.arguments) -> Iterator[str]:
    """What is wrong with the call of a head."""
    if len(args.posonlyargs + args.args) != 2 or args.vararg or args.kwarg or args.kwonlyargs:
        yield f"found ({ast.unparse(args)}), expected (width, events)"


def _beside(name: str) -> Iterator[str]:
    """Modules of the working folder that it imports, though only its own package can be."""
    reached = {key.partition(":")[0].partition(".")[0] for key in closure([name]).definitions} - {"data"}
    for package in sorted(reached - {name.partition(":")[0].partition(".")[0]}):
        if own.installed(package) is None:
            yield f"imports {package}, which is not of its package; move it into {name.partition('.')[0]}/"
