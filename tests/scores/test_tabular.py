"""The text of tables: a cell's text, captions, reasons, and LaTeX that compiles."""

import csv
import re

import pandas as pd
import pytest
import shown
from origins import DIRECTORY, RECORD, TWIN

from overheard.scores.cells import Ask, table_cells
from overheard.scores.frames import Table, latex, lay_out, markdown, table_csv
from overheard.scores.published import Printed
from overheard.scores.tabular import conditions, latex_text, measured, number, printed, sentence

SPEC = {
    "published": "Table 2",
    "title": "One modality alone",
    "caption": "The other input is zero",
    "blocks": [{"rows": ["scene", "scene+sq_av"], "columns": ["sound", "image"]}],
    "metrics": shown.of("f_score"),
}
LABELS = {"scene": "L_s", "scene+sq_av": "L_s + L_SQ on N_v+a"}
PRINTED = {
    ("scene", "sound", "f_score"): Printed(28.99, 0.51, 5, False),
    ("scene", "image", "f_score"): Printed(72.85, None, 5, False),
    ("scene+sq_av", "image", "f_score"): Printed(73.98, 0.92, 5, True),
}
SCORES = (0.70, 0.71, 0.72, 0.73, 0.74)  # mean 72, sample std sqrt(2.5) = 1.58


def csv_rows(cells, beside=False):
    return list(csv.DictReader(table_csv(cells, LABELS, beside).splitlines()))


COUNTED = {"classes": ["beach"], "confusion": [[231]]}


def table(source=TWIN, seeds=range(5), partial=False, left_out=None, drop=(), remarks=()):
    left_out = left_out or {}
    rows = [(r, c) for c in ("sound", "image") for r in SPEC["blocks"][0]["rows"] if (r, c) not in left_out]
    runs = [
        {"method": r, "modality": c, "seed": s, "fold": 0, "n": 231, "f_score": SCORES[s]} | COUNTED
        for r, c in rows
        for s in seeds
        if (r, c, s) not in drop
    ]
    ask = Ask("my_run", source, "corrected", list(seeds), partial, left_out)
    cells = table_cells("table2", SPEC, runs, ask, PRINTED)
    return lay_out("table2", SPEC, LABELS, shown.COLUMNS, cells, ask, {0: 231}, remarks), cells


def test_numbers_as_text():
    assert number(72.0, 1.58114) == "72.00 ± 1.58"
    assert number(72.0, None) == "72.00"
    assert number(None, None) == "–"


def test_a_twins_table_by_hand():
    text, _ = table()
    assert list(text.body) == ["Input", "Method", "F-score"]
    assert text.body.values.tolist() == [
        ["Sound", "L_s", "72.00 ± 1.58"],
        ["Sound", "L_s + L_SQ on N_v+a", "72.00 ± 1.58"],
        ["Image", "L_s", "72.00 ± 1.58"],
        ["Image", "L_s + L_SQ on N_v+a", "72.00 ± 1.58"],
    ]


@pytest.mark.parametrize("render", [markdown, latex])
@pytest.mark.parametrize("source", [TWIN, DIRECTORY])
def test_twin_and_folder_never_show_printed_numbers(render, source):
    text = render(table(source)[0])
    assert not [value for value in ("28.99", "72.85", "73.98", "0.92", ", paper") if value in text]
    assert "printed numbers are not shown, because these numbers are not comparable" in text


def test_the_published_record_shows_printed_numbers_beside_the_measured_ones():
    text, cells = table(RECORD)
    assert list(text.body) == ["Input", "Method", "F-score", "F-score, paper"]
    assert [line[3] for line in text.body.values.tolist()] == [
        "28.99 ± 0.51",
        "no printed number",
        "72.85 (std not found)",
        "73.98 ± 0.92 (inferred)",
    ]
    assert [note.partition(":")[0] for note in text.notes] == [
        "paper",
        "std not found",
        "inferred",
        "no printed number",
    ]
    rows = csv_rows(cells, beside=True)
    assert (rows[2]["f_score_published_mean"], rows[2]["f_score_published_std"]) == ("72.85", "")
    assert printed(cells[0]) == "28.99 ± 0.51"


def test_every_caption_says_what_the_numbers_are():
    text = markdown(table(remarks=["The lower 13 blocks were kept frozen"])[0])
    for words in (
        "Experiment my_run",
        "SIMULATED TWIN: generated pictures and sounds, not ADVANCE's numbers",
        "protocol corrected",
        "on 231 test clips",
        "Percent",
        "n = 5 seeds (0, 1, 2, 3, 4)",
        "± = sample standard deviation over n seeds (ddof = 1): scene head, order of clips, augmentation; "
        "for a random start the encoders too.",
        "The other input is zero.",
        "The lower 13 blocks were kept frozen.",
    ):
        assert words in text
    one_seed = " ".join(table(seeds=[0])[0].caption)
    assert "n = 1 seed (0), so there is no standard deviation" in one_seed
    assert "±" not in one_seed


def test_fewer_seeds_are_said_in_the_cell_and_below():
    text, cells = table(partial=True, drop={("scene", "image", 0), ("scene", "image", 4)})
    assert text.body.values.tolist()[2] == ["Image", "L_s", "72.00 ± 1.00 (3 of 5)"]
    assert "Fewer seeds than asked, 3 of 5: L_s (image)." in text.notes
    assert measured(cells[2]).endswith("(3 of 5)")


def test_a_row_left_out_stays_in_the_table_with_its_reason():
    text, cells = table(
        left_out={("scene+sq_av", "sound"): "no tagger was given", ("scene", "sound"): "no tagger was given"}
    )
    assert [line[2] for line in text.body.values.tolist()] == ["–", "–", "72.00 ± 1.58", "72.00 ± 1.58"]
    reason = "Left out, because no tagger was given: L_s (sound); L_s + L_SQ on N_v+a (sound)."
    assert reason in text.notes
    assert f"- {reason}" in markdown(text)
    assert csv_rows(cells)[0]["note"] == "left out: no tagger was given"


def made_table(lines, bold=(), notes=()):
    columns = ["Input", "Method", "F-score", "F-score, paper"][: len(lines[0])]
    body = pd.DataFrame(lines, columns=columns, dtype=str)
    strong = body.map(lambda text: text in bold)
    return Table(
        "table_2", "My_run", "Two rows", ["Table 2: Two rows.", "Percent.", "One split."], body, strong, [*notes]
    )


def test_markdown_rows_have_one_bar_more_than_columns_whatever_the_text():
    odd = markdown(made_table([["a|b", "x*y`", "1"]]))
    row = next(line for line in odd.splitlines() if "a\\|b" in line)
    assert [text.strip() for text in re.split(r"(?<!\\)\|", row)] == ["", r"a\|b", r"x\*y\`", "1", ""]


def test_latex_text_escapes_specials_and_sets_symbols():
    assert latex_text("L_s + L_KL on N_v+a, p(e|s_k)") == (
        r"$L_{s}$ + $L_{\mathrm{KL}}$ on $N_{v+a}$, p(e\textbar{}$s_{k}$)"
    )
    assert latex_text("50 % of my_run & {#1} ~ ^ \\ $ ±") == (
        r"50 \% of my\_run \& \{\#1\} \textasciitilde{} \textasciicircum{} \textbackslash{} \$ $\pm$"
    )


def test_latex_braces_balance_and_every_row_has_the_columns():
    text = latex(table(RECORD)[0])
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert re.findall(r"\\begin\{(\w+)\}", text) == ["table", "tabular"]
    assert re.findall(r"\\end\{(\w+)\}", text) == ["tabular", "table"]
    body = re.findall(r"^(.* & .*) \\\\$", text, re.MULTILINE)
    assert [len(re.split(r"(?<!\\)&", line)) for line in body] == [4] * 5
    assert r"\begin{tabular}{llrr}" in text
    assert r"\label{tab:my-run-table2}" in text
    assert not re.search(r"(?<![\\$A-Za-z])_", re.sub(r"\$[^$]*\$|\\label\{.*\}", "", text))


SMALL = made_table(
    [["Sound", "L_s", "72.00", "–"], ["Sound", "p*", "71.00", "70.00"], ["Image", "L_s", "73.00", "–"]],
    bold=["73.00", "71.00"],
    notes=["paper: printed.", "–: none."],
)


def test_a_whole_markdown_table_by_hand():
    assert (
        markdown(SMALL)
        == r"""## Table 2: Two rows.

Percent. One split.

| Input   | Method   |   F-score |   F-score, paper |
|:--------|:---------|----------:|-----------------:|
| Sound   | L_s      |     72.00 |                – |
| Sound   | p\*      | **71.00** |            70.00 |
| Image   | L_s      | **73.00** |                – |

- paper: printed.
- –: none.
"""
    )


LATEX = r"""% needs \usepackage{booktabs}
\begin{table}
\centering
\caption[{Two rows}]{Table 2: Two rows. Percent. One split.}
\label{tab:My-run-table-2}
\small
\begin{tabular}{llrr}
\toprule
Input & Method & F-score & F-score, paper \\
\midrule
Sound & $L_{s}$ & 72.00 & -- \\
Sound & p* & \textbf{71.00} & 70.00 \\
\midrule
Image & $L_{s}$ & \textbf{73.00} & -- \\
\bottomrule
\end{tabular}
\par\medskip
\parbox{\linewidth}{\footnotesize paper: printed. --: none.}
\end{table}
"""


def test_a_whole_latex_table_by_hand():
    assert latex(SMALL) == LATEX
    below = LATEX.index("\\par"), LATEX.index("\\end{table}")
    assert latex(Table(**vars(SMALL) | {"notes": []})) == LATEX[: below[0]] + LATEX[below[1] :]


def test_a_sentence_ends_once():
    assert [sentence(f" a \n b{end}") for end in (".", "!", "?", "", ",")] == ["a b.", "a b!", "a b?", "a b.", "a b,."]


def test_conditions_without_a_run_say_nothing_of_test_clips():
    found = conditions(Ask("my_run", TWIN, "corrected", [0], False, {}), {}, [])
    assert found[1] == "Percent; n = 1 seed (0), so there is no standard deviation."


@pytest.mark.parametrize(
    ("tested", "clips", "covered"),
    [
        ({0: 156, 1: 157, 2: 155}, "on 468 test clips in 3 folds, each clip in one", "fold, order of clips"),
        ({3: 156}, "on 156 test clips of one split", "order of clips"),
        ({None: 156}, "on 156 test clips of the data's own split", "order of clips"),
    ],
)
def test_captions_say_what_was_tested_and_what_the_deviation_covers(tested, clips, covered):
    ask = Ask("my_run", TWIN, "corrected", [0, 1, 2], False, {}, varies="order of clips")
    found = conditions(ask, tested, [])
    assert found[1] == (
        f"Percent {clips}; n = 3 seeds (0, 1, 2); ± = sample standard deviation over n seeds (ddof = 1): {covered}."
    )
    one = conditions(Ask("my_run", TWIN, "corrected", [3], False, {}), tested, [])
    assert one[1] == f"Percent {clips}; n = 1 seed (3), so there is no standard deviation."


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (["accuracy"], []),
        (["f_score"], ["F-score: averages over the classes, weighted by their clips."]),
        (["precision", "f_score"], ["Precision and F-score: averages over the classes, weighted by their clips."]),
        (
            ["accuracy", "precision", "recall", "f_score"],
            ["Precision, Recall and F-score: averages over the classes, weighted by their clips."],
        ),
    ],
)
def test_captions_name_the_weighted_averages(metrics, said):
    spec = SPEC | {"metrics": shown.of(*metrics)}
    caption = lay_out(
        "table2", spec, LABELS, shown.COLUMNS, [], Ask("my_run", TWIN, "corrected", [0], False, {}), {0: 231}, []
    ).caption
    assert caption[:-2] == ["Table 2: One modality alone.", "The other input is zero.", *said]


KAPPA = {"label": "Kappa", "decimals": 1, "says": None}


def made_cell(**changes):
    plain = {"table": "t", "row": "other", "column": "smell", "metric": "macro_f", "n": 1, "mean": 72.0, "std": None}
    plain |= {"source": "twin", "protocol": "corrected", "asked": 3, "published_mean": None, "published_std": None}
    return plain | {"note": ""} | changes


def test_what_has_no_label_is_called_by_its_word_and_decimals_are_the_studys():
    text = lay_out(
        "t",
        SPEC | {"metrics": {"macro_f": KAPPA}},
        LABELS,
        shown.COLUMNS,
        [made_cell(), made_cell(row="gone", n=0, mean=None)],
        Ask("my_run", TWIN, "corrected", [0, 1, 2], True, {("gone", "smell"): "no sounds of X."}),
        {0: 231},
        [],
    )
    assert list(text.body) == ["Input", "Method", "Kappa"]
    assert text.body.values.tolist() == [["smell", "other", "72.0 (1 of 3)"], ["smell", "gone", "–"]]
    assert text.notes[:2] == [
        "Fewer seeds than asked, 1 of 3: other (smell).",
        "Left out, because no sounds of X: gone (smell).",
    ]


def test_all_that_is_not_known_of_a_printed_number_is_said():
    doubtful = made_cell(published_mean=28.99, note="printed std not found; printed value inferred")
    assert printed(doubtful) == "28.99 (std not found, inferred)"
    ask = Ask("my_run", RECORD, "corrected", [0], False, {})
    plain = made_cell(published_mean=1.0, published_std=0.1, note="the paper names no number of runs", asked=1)
    notes = lay_out(
        "t", SPEC | {"metrics": {"macro_f": KAPPA}}, LABELS, shown.COLUMNS, [plain], ask, {0: 231}, []
    ).notes
    assert notes == [
        "paper: the number printed in Table 2.",
        "For Table 2 the paper names no number of runs.",
    ]


def test_csv_rows_by_hand():
    cells = [
        made_cell(row="scene", std=1.5, note="one; two"),
        made_cell(row="scene", metric="recall", mean=None, note="three"),
    ]
    rows = csv_rows(cells)
    assert rows == [
        {
            "table": "t",
            "method": "scene",
            "label": "L_s",
            "modality": "smell",
            "macro_f_mean": "72.00",
            "macro_f_std": "1.50",
            "recall_mean": "",
            "recall_std": "",
            "n": "1",
            "asked": "3",
            "source": "twin",
            "protocol": "corrected",
            "note": "one; two; three",
        }
    ]
    published = made_cell(source=RECORD.word, published_mean=28.99, published_std=0.51)
    (row,) = csv_rows([published], beside=True)
    assert (row["label"], row["macro_f_published_mean"], row["macro_f_published_std"]) == ("other", "28.99", "0.51")
