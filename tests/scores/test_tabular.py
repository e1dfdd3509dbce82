"""The text of tables: a cell's text, captions, reasons, and LaTeX that compiles."""

import re

import pytest

from overheard.scores.cells import PUBLISHED_RECORD, Ask, table_cells
from overheard.scores.published import Printed
from overheard.scores.tabular import csv_rows, latex, latex_text, lay_out, markdown, measured, number, printed

SPEC = {
    "published": "Table 2",
    "title": "One modality alone",
    "caption": "The other input is zero",
    "blocks": [{"rows": ["scene", "scene+sq_av"], "columns": ["sound", "image"]}],
    "metrics": ["f_score"],
}
LABELS = {"scene": "L_s", "scene+sq_av": "L_s + L_SQ on N_v+a"}
PRINTED = {
    ("scene", "sound", "f_score"): Printed(28.99, 0.51, 5, False),
    ("scene", "image", "f_score"): Printed(72.85, None, 5, False),
    ("scene+sq_av", "image", "f_score"): Printed(73.98, 0.92, 5, True),
}
SCORES = (0.70, 0.71, 0.72, 0.73, 0.74)  # mean 72, sample std sqrt(2.5) = 1.58


def table(source="twin", seeds=range(5), partial=False, left_out=None, drop=(), remarks=()):
    left_out = left_out or {}
    rows = [(r, c) for c in ("sound", "image") for r in SPEC["blocks"][0]["rows"] if (r, c) not in left_out]
    runs = [
        {"method": r, "modality": c, "seed": s, "n": 231, "f_score": SCORES[s]}
        for r, c in rows
        for s in seeds
        if (r, c, s) not in drop
    ]
    ask = Ask("my_run", source, "corrected", list(seeds), partial, left_out)
    cells = table_cells("table2", SPEC, runs, ask, PRINTED)
    return lay_out("table2", SPEC, LABELS, cells, ask, 231, remarks), cells


def test_numbers_as_text():
    assert number(72.0, 1.58114) == "72.00 ± 1.58"
    assert number(72.0, None) == "72.00"
    assert number(None, None) == "–"


def test_a_twins_table_by_hand():
    text, _ = table()
    assert text.header == ["Input", "Method", "F-score"]
    assert text.lines == [
        ["Sound", "L_s", "72.00 ± 1.58"],
        ["Sound", "L_s + L_SQ on N_v+a", "72.00 ± 1.58"],
        ["Image", "L_s", "72.00 ± 1.58"],
        ["Image", "L_s + L_SQ on N_v+a", "72.00 ± 1.58"],
    ]


@pytest.mark.parametrize("render", [markdown, latex])
@pytest.mark.parametrize("source", ["twin", "directory"])
def test_twin_and_folder_never_show_printed_numbers(render, source):
    text = render(table(source)[0])
    assert not [value for value in ("28.99", "72.85", "73.98", "0.92", ", paper") if value in text]
    assert "printed numbers are not shown, because these numbers are not comparable" in text


def test_the_published_record_shows_printed_numbers_beside_the_measured_ones():
    text, cells = table(PUBLISHED_RECORD)
    assert text.header == ["Input", "Method", "F-score", "F-score, paper"]
    assert [line[3] for line in text.lines] == [
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
    _, rows = csv_rows(cells, LABELS)
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
        "± = sample standard deviation over n seeds (ddof = 1); the split is one and the same.",
        "The other input is zero.",
        "The lower 13 blocks were kept frozen.",
    ):
        assert words in text
    one_seed = " ".join(table(seeds=[0])[0].caption)
    assert "n = 1 seed (0), so there is no standard deviation" in one_seed
    assert "±" not in one_seed


def test_fewer_seeds_are_said_in_the_cell_and_below():
    text, cells = table(partial=True, drop={("scene", "image", 0), ("scene", "image", 4)})
    assert text.lines[2] == ["Image", "L_s", "72.00 ± 1.00 (3 of 5)"]
    assert "Fewer seeds than asked, 3 of 5: L_s (image)." in text.notes
    assert measured(cells[2]).endswith("(3 of 5)")


def test_a_row_left_out_stays_in_the_table_with_its_reason():
    text, cells = table(
        left_out={("scene+sq_av", "sound"): "no tagger was given", ("scene", "sound"): "no tagger was given"}
    )
    assert [line[2] for line in text.lines] == ["–", "–", "72.00 ± 1.58", "72.00 ± 1.58"]
    reason = "Left out, because no tagger was given: L_s (sound); L_s + L_SQ on N_v+a (sound)."
    assert reason in text.notes
    assert f"- {reason}" in markdown(text)
    assert csv_rows(cells, LABELS)[1][0]["note"] == "left out: no tagger was given"


def test_markdown_rows_have_one_bar_more_than_columns_whatever_the_text():
    text, _ = table()
    odd = markdown(type(text)(**vars(text) | {"lines": [["a|b", "x*y`", "1"]]}))
    row = next(line for line in odd.splitlines() if "a\\|b" in line)
    assert row == r"| a\|b | x\*y\` | 1 |"


def test_latex_text_escapes_specials_and_sets_symbols():
    assert latex_text("L_s + L_KL on N_v+a, p(e|s_k)") == (
        r"$L_{s}$ + $L_{\mathrm{KL}}$ on $N_{v+a}$, p(e\textbar{}$s_{k}$)"
    )
    assert latex_text("50 % of my_run & {#1} ~ ^ \\ $ ±") == (
        r"50 \% of my\_run \& \{\#1\} \textasciitilde{} \textasciicircum{} \textbackslash{} \$ $\pm$"
    )


def test_latex_braces_balance_and_every_row_has_the_columns():
    text = latex(table(PUBLISHED_RECORD)[0])
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert re.findall(r"\\begin\{(\w+)\}", text) == ["table", "tabular"]
    assert re.findall(r"\\end\{(\w+)\}", text) == ["tabular", "table"]
    body = re.findall(r"^    (.*) \\\\$", text, re.MULTILINE)
    assert [len(re.split(r"(?<!\\)&", line)) for line in body] == [4] * 5
    assert r"\begin{tabular}{llrr}" in text
    assert r"\label{tab:my-run-table2}" in text
    assert not re.search(r"(?<![\\$A-Za-z])_", re.sub(r"\$[^$]*\$|\\label\{.*\}", "", text))
