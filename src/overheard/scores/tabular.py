"""The words of tables and figures: a cell's text, captions that say what every number is, notes; LaTeX and Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from overheard.scores.cells import Ask, Cell
from overheard.scores.metrics import METRICS
from overheard.scores.over_seeds import DDOF

NO_PRINTED = "no printed number"


def number(mean: float | None, std: float | None, decimals: int = 2) -> str:
    """`29.66 ± 0.13`, in percent; without a std the mean alone, without a mean a dash."""
    if mean is None:
        return "–"
    return f"{mean:.{decimals}f}" if std is None else f"{mean:.{decimals}f} ± {std:.{decimals}f}"


def measured(cell: Cell, decimals: int = 2) -> str:
    """A cell's own number; says `3 of 5` where seeds are missing, and which of them diverged."""
    diverged = cell.get("diverged", 0)
    if not cell["n"]:
        return "diverged" if diverged else number(None, None)
    text = number(cell["mean"], cell["std"], decimals)
    more = f", {diverged} diverged" if diverged else ""
    return f"{text} ({cell['n']} of {cell['asked']}{more})" if cell["n"] < cell["asked"] else text


def printed(cell: Cell, decimals: int = 2) -> str:
    """The paper's number beside it; says what is not known of it."""
    if cell["published_mean"] is None:
        return NO_PRINTED
    doubts = ["std not found"] if cell["published_std"] is None else []
    if "inferred" in cell["note"]:
        doubts.append("inferred")
    text = number(cell["published_mean"], cell["published_std"], decimals)
    return f"{text} ({', '.join(doubts)})" if doubts else text


OWN_NAMES = "Experiment "
"""How the sentence begins that has names of the user's: what looks like a symbol there is none."""


def origin(ask: Ask) -> str:
    """The sentence that says whose numbers these are."""
    return f"{OWN_NAMES}{ask.experiment}; source: {ask.source.said}; protocol {ask.protocol}."


def conditions(
    ask: Ask, tested: Mapping[int | None, int], remarks: Sequence[str], metrics: Iterable[str] = ()
) -> list[str]:
    """The sentences that every table and figure of scores must carry: experiment, source, protocol, n, ±, remarks.

    Args:
        ask: experiment, source, protocol, seeds.
        tested: how many clips the runs were tested on, by fold; fold None where the split is the data's own.
        remarks: lines that must stand in every caption.
        metrics: words of those that are shown.
    """
    other = [f"{METRICS[word].words} in {METRICS[word].unit}" for word in metrics if METRICS[word].unit != "percent"]
    percent = f"Percent ({', '.join(other)})" if other else "Percent"
    seeds = ", ".join(str(seed) for seed in ask.seeds)
    sentences = [origin(ask)]
    if len(ask.seeds) == 1 and ask.repeats == "next_epochs":
        sentences.append(f"{percent}{_clips(tested)}; one run (seed {seeds}); ± = {ask.spread} standard deviation.")
    elif len(ask.seeds) == 1:
        sentences.append(f"{percent}{_clips(tested)}; n = 1 seed ({seeds}), so there is no standard deviation.")
    else:
        fold = "fold, " if len(tested) > 1 else ""
        sentences.append(
            f"{percent}{_clips(tested)}; n = {len(ask.seeds)} seeds ({seeds}); ± = {ask.spread} standard deviation "
            f"over n seeds (ddof = {DDOF[ask.spread]}): {fold}{ask.varies}."
        )
    return sentences + [sentence(remark) for remark in remarks]


def _clips(tested: Mapping[int | None, int]) -> str:
    """On which test clips; nothing where there is no run."""
    if not tested:
        return ""
    one = "the data's own split" if None in tested else "one split"
    which = f"of {one}" if len(tested) == 1 else f"in {len(tested)} folds, each clip in one"
    return f" on {sum(tested.values())} test clips {which}"


def sentence(text: str) -> str:
    """One line of text with an end."""
    flat = " ".join(text.split())
    return flat if flat.endswith((".", "!", "?")) else f"{flat}."


def study_caption(spec: Mapping[str, Any]) -> list[str]:
    """The study's own sentences on a table, its title first."""
    place = f"{spec['published']}: " if spec["published"] else ""
    caption = [f"{place}{sentence(spec['title'])}", sentence(spec["caption"])]
    said: dict[str, list[str]] = {}
    for its in spec["metrics"].values():
        said.setdefault(its["says"] or "", []).append(its["label"])
    return caption + [f"{_and(labels)}: {sentence(what)}" for what, labels in said.items() if what]


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def left_out_notes(labels: Mapping[str, str], cells: Sequence[Cell], ask: Ask) -> list[str]:
    """Which rows were left out and why, and which have fewer seeds than asked."""
    by_reason: dict[str, list[str]] = {}
    for row, cell in {(cell["row"], cell["column"]): cell for cell in cells}.items():
        name = f"{labels.get(row[0], row[0])} ({row[1]})"
        if row in ask.left_out:
            by_reason.setdefault(f"Left out, because {ask.left_out[row]}", []).append(name)
        elif (n := cell["n"]) < len(ask.seeds):
            by_reason.setdefault(f"Fewer seeds than asked, {n} of {len(ask.seeds)}", []).append(name)
        if row in ask.diverged:
            seeds = ", ".join(map(str, ask.diverged[row]))
            reason = "Diverged (a loss, weight or output was no number any more), so not counted"
            by_reason.setdefault(reason, []).append(f"{name} seed {seeds}")
    return [sentence(f"{reason.rstrip('.')}: {'; '.join(names)}") for reason, names in by_reason.items()]


def notes(spec: Mapping[str, Any], labels: Mapping[str, str], cells: Sequence[Cell], ask: Ask) -> list[str]:
    """What stands below a table: rows left out and why, missing seeds, and what is known of the printed numbers."""
    found = left_out_notes(labels, cells, ask)
    if not spec["published"]:
        return found
    return found + ([_NOT_SHOWN] if ask.source.not_comparable else _printed_notes(spec, cells))


_NOT_SHOWN = "The paper's printed numbers are not shown, because these numbers are not comparable with them."


def _printed_notes(spec: Mapping[str, Any], cells: Sequence[Cell]) -> list[str]:
    printed_cells = [cell for cell in cells if cell["published_mean"] is not None]
    notes = [f"paper: the number printed in {spec['published']}."]
    meanings = {
        "printed std not found": "std not found: the printed standard deviation could not be read.",
        "printed value inferred": "inferred: a digit of the printed number could not be read and was inferred.",
        "the paper names no number of runs": f"For {spec['published']} the paper names no number of runs.",
    }
    notes += [text for word, text in meanings.items() if any(word in cell["note"] for cell in printed_cells)]
    if len(printed_cells) < len(cells):
        notes.append(f"{NO_PRINTED}: the paper prints none, or none could be found.")
    return notes


def markdown_text(text: str) -> str:
    """Plain text as Markdown, in a cell of a table too."""
    return re.sub(r"([\\`*<|])", r"\\\1", " ".join(text.split()))


def label(word: str) -> str:
    """A word that LaTeX takes as part of a label."""
    return re.sub(r"[^A-Za-z0-9]+", "-", word)


SYMBOL = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z])_(v\+a|[A-Za-z0-9]+)(?![A-Za-z0-9_])")
"""The paper's symbols as they stand in study files: `L_s`, `L_KL`, `N_v+a`, `s_k`."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # the usual encoding OT1 has no straight quote
    '"': "''",
    "\0": "{}",
    "±": r"$\pm$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "×": r"$\times$",
    "−": "$-$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
}


def latex_text(text: str, symbols: bool = True) -> str:
    """Plain text as LaTeX: special characters escaped, the paper's symbols set as mathematics, if there may be any."""
    flat, done, parts = " ".join(text.split()), 0, []
    for symbol in SYMBOL.finditer(flat) if symbols else ():
        parts += [_escaped(flat[done : symbol.start()]), symbol_math(symbol)]
        done = symbol.end()
    return "".join([*parts, _escaped(flat[done:])])


def symbol_math(symbol: re.Match[str]) -> str:
    """A symbol of the paper as TeX mathematics; short indices slanted, words upright."""
    letter, index = symbol.groups()
    return f"${letter}_{{{index}}}$" if index.islower() else rf"${letter}_{{\mathrm{{{index}}}}}$"


def _escaped(text: str) -> str:
    # two hyphens would become a dash, and ?` a turned question mark
    plain = re.sub(r"(?<=-)(?=-)|(?<=[?!])(?=`)", "\0", text)
    return "".join(_LATEX.get(character, character) for character in plain)
