"""Tables as pandas frames: CSV, Markdown, LaTeX and nested numbers, with what cannot be told from the best in bold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tabulate import tabulate

from overheard.errors import PairingError
from overheard.scores import tabular
from overheard.scores.cells import COLUMNS, DECIMALS, Ask, Cell
from overheard.scores.over_seeds import Row

_KINDS = ("mean", "std", "published_mean", "published_std")
_SAID = ("n", "asked", "source", "protocol")


@dataclass(frozen=True)
class Table:
    """A table as text without markup, and which of it is bold.

    Attributes:
        body: a line a row of the study, a column a text.
        bold: of the same shape.
        notes: what stands below.
        words: its first columns, which are no numbers; of two the first is the input, with a rule above each.
    """

    word: str
    experiment: str
    title: str
    caption: list[str]
    body: pd.DataFrame
    bold: pd.DataFrame
    notes: list[str]
    words: int = 2


def lay_out(
    word: str,
    spec: Mapping[str, Any],
    labels: Mapping[str, str],
    columns: Mapping[str, str],
    cells: Sequence[Cell],
    ask: Ask,
    tested: Mapping[int | None, int],
    remarks: Sequence[str],
    bold: Collection[tuple[Row, str]] = (),
    bold_note: str = "",
) -> Table:
    """A table's text from its cells.

    Args:
        word: the table's word, e.g. `table2`.
        spec: its entry of the study file (published, title, caption, metrics).
        labels: what each method is called; a method without a label is called by its id.
        columns: the same of each input.
        cells: its cells, in the order of its lines.
        ask: experiment, source, protocol, seeds.
        tested: how many clips the runs were tested on, by fold.
        remarks: lines that must stand in every caption.
        bold: (row, metric) of the cells in bold.
        bold_note: what bold means here; empty where that is no question.
    """
    beside = spec["published"] and not ask.source.not_comparable
    lines, marks = list(dict.fromkeys((cell["row"], cell["column"]) for cell in cells)), {}
    inputs = [columns.get(modality, modality) for _, modality in lines]
    body = pd.DataFrame({"Input": inputs, "Method": [labels.get(method, method) for method, _ in lines]}, dtype=str)
    for metric, its in spec["metrics"].items():
        own, name = [cell for cell in cells if cell["metric"] == metric], its["label"]
        body[name] = [tabular.measured(cell, its["decimals"]) for cell in own]
        marks[name] = [((cell["row"], cell["column"]), metric) in bold for cell in own]
        if beside:
            body[f"{name}, paper"] = [tabular.printed(cell, its["decimals"]) for cell in own]
    strong = pd.DataFrame(marks, index=body.index).reindex(columns=body.columns, fill_value=False).astype(bool)
    caption = tabular.study_caption(spec) + tabular.conditions(ask, tested, remarks, spec["metrics"])
    notes = ([bold_note] if bold_note else []) + tabular.notes(spec, labels, cells, ask)
    return Table(word, ask.experiment, spec["title"], caption, body, strong, notes)


def as_csv(frame: pd.DataFrame, decimals: int) -> str:
    """A frame as CSV with Unix line ends; nothing stands for a number that is not there."""
    return str(frame.to_csv(index=False, float_format=f"%.{decimals}f", lineterminator="\n"))


def cells_csv(cells: Sequence[Cell]) -> str:
    """Cells as CSV, one a line."""
    return as_csv(pd.DataFrame(list(cells), columns=list(COLUMNS)), DECIMALS)


def table_csv(cells: Sequence[Cell], labels: Mapping[str, str], beside: bool) -> str:
    """A table as CSV, one line a line of the table; numbers in percent with 2 decimals, `beside` printed ones."""
    frame = pd.DataFrame(list(cells)).astype(dict.fromkeys(_KINDS, float)).set_index(["row", "column"])
    lines = frame.groupby(level=[0, 1], sort=False)
    wide = lines.first()[["table"]]
    wide["method"], wide["modality"] = (wide.index.get_level_values(name) for name in ("row", "column"))
    wide.insert(2, "label", wide["method"].map(lambda method: labels.get(method, method)))
    for metric, own in frame.groupby("metric", sort=False):
        wide = wide.join(own[list(_KINDS if beside else _KINDS[:2])].add_prefix(f"{metric}_"))
    return as_csv(wide.join(lines.first()[list(_SAID)]).join(lines["note"].agg(_once)), 2)


def _once(notes: pd.Series) -> str:
    return "; ".join(dict.fromkeys(note for note in notes if note))


def nested_metrics(cells: pd.DataFrame) -> dict[str, Any]:
    """table -> row -> column -> metric -> mean, std, pooled (percent) of the cells that have a number.

    Args:
        cells: lines of cells.csv, as text.

    Raises:
        PairingError: a cell stands there twice.
    """
    place = ["table", "row", "column", "metric"]
    twice = cells[cells.duplicated(place)]
    if len(twice):
        where = ", ".join(twice.iloc[0][place])
        raise PairingError(f"cell {where} is given twice; give each table's cells once")
    nested: dict[str, Any] = {}
    for at, line in cells.set_index(place)[["mean", "std", "pooled"]].apply(pd.to_numeric).iterrows():
        table, row, column, metric = at
        if len(line := line.dropna()):
            nested.setdefault(table, {}).setdefault(row, {}).setdefault(column, {})[metric] = line.to_dict()
    return nested


def pipe(body: pd.DataFrame, left: int) -> str:
    """A frame of text as a Markdown table; the first `left` columns are words, the others numbers."""
    sides = ["left"] * left + ["right"] * (body.shape[1] - left)
    # what pandas' to_markdown calls; called here, so that its version counts among what decides a job
    text = tabulate(body, headers="keys", tablefmt="pipe", showindex=False, colalign=sides, disable_numparse=True)
    return str(text)


def markdown(table: Table) -> str:
    """A table as Markdown (pipe tables)."""
    head, *rest = map(tabular.markdown_text, table.caption)
    texts = table.body.map(tabular.markdown_text)
    body = texts.mask(table.bold, "**" + texts + "**").rename(columns=tabular.markdown_text)
    notes = [f"- {tabular.markdown_text(note)}" for note in table.notes]
    return "\n".join([f"## {head}", "", " ".join(rest), "", pipe(body, table.words), "", *notes, ""])


def latex(table: Table) -> str:
    """A table as LaTeX for the package booktabs, with caption and label."""
    texts = table.body.map(tabular.latex_text)
    texts = texts.mask(table.bold, r"\textbf{" + texts + "}").rename(columns=tabular.latex_text)
    if table.words == 2:
        inputs = texts["Input"]
        # a rule above each further input
        ruled = inputs.ne(inputs.shift()) & (inputs.index > 0)
        texts["Input"] = inputs.mask(ruled, "\\midrule\n" + inputs)
    caption = " ".join(tabular.latex_text(text, not text.startswith(tabular.OWN_NAMES)) for text in table.caption)
    label = f"tab:{tabular.label(table.experiment)}-{tabular.label(table.word)}"
    made = texts.style.hide(axis="index").to_latex(
        hrules=True,
        column_format="l" * table.words + "r" * (texts.shape[1] - table.words),
        position_float="centering",
        caption=(caption, f"{{{tabular.latex_text(table.title)}}}"),
        label=label,
    )
    small, end = "\\small\n\\begin{tabular}", "\\end{tabular}\n"
    notes = f"\\par\\medskip\n\\parbox{{\\linewidth}}{{\\footnotesize {tabular.latex_text(' '.join(table.notes))}}}\n"
    made = str(made).replace(r"\begin{tabular}", small, 1).replace(end, end + (notes if table.notes else ""), 1)
    return f"% needs \\usepackage{{booktabs}}\n{made}"
