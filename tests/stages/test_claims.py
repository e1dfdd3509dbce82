"""The stage claims on real files: two verdicts in columns of their own, and whose numbers they are."""

import csv
import io

import pytest
from origins import TWIN

from overheard.errors import MediaError, PairingError
from overheard.jobs import runner
from overheard.scores.comparisons import COLUMNS
from overheard.stages.claims import Settings, claims

PRINTED = (
    "table,row,column,metric,mean,std,n,source\n"
    "Table 2,scene,sound,f_score,28.99,0.51,5,\n"
    "Table 2,scene+event,sound,f_score,29.66,0.13,5,\n"
    "Table 2,scene+kl_av,sound,f_score,28.51,0.99,5,\n"
)


def claim(word, *pairs, **changed):
    compare = [
        {"first": [first, "sound"], "second": [second, "sound"], "above": above, "margin": margin}
        for first, second, above, margin in pairs
    ]
    plain = {"says": f"Of {word}", "where": "Table 2", "family": "transfer", "holds": "all", "metric": "f_score"}
    return {"word": word, **plain, "compare": compare, **changed}


CLAIMS = [
    claim("helps", ("scene+event", "scene", True, 0.0)),
    claim("hurts_not", ("scene", "scene+kl_av", False, 1.0), family="other"),
    claim("seen", missing="a picture alone"),
]
SETTINGS = {
    "experiment": "trial",
    "source": TWIN._asdict(),
    "protocol": "corrected",
    "seeds": [0, 1, 2],
    "paper": "A paper",
    "caveat": "Its ± may be of one run",
    "claims": CLAIMS,
    "labels": {"scene": "L_s", "scene+event": "L_s + L_E"},
    "remarks": ["Networks are small"],
}


def compared(*lines):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row_a, row_b, difference, half in lines:
        interval = {"location_low": difference - half, "location_high": difference + half}
        numbers = {"n": 3, "difference": difference, "seed_error": 1.0, "location_error": half / 4.30265} | interval
        said = {"row_a": row_a, "column_a": "sound", "row_b": row_b, "column_b": "sound", "metric": "f_score"}
        writer.writerow(said | (numbers if half else {"difference": difference, "n": 1, "covers": "one seed: no ±"}))
    return text.getvalue()


MEASURED = compared(("scene", "scene+event", 3.0, 2.0), ("scene", "scene+kl_av", 0.5, 0.4))


def judge(folder, measured=MEASURED, **changed):
    folder.mkdir(exist_ok=True)
    (folder / "table2.comparisons.csv").write_text(measured)
    (folder / "published.csv").write_text(PRINTED)
    places = {name: folder / name for name in ("verdicts", "markdown")}
    given = folder / "table2.comparisons.csv", folder / "published.csv"
    claims([given[0]], given[1], Settings(**SETTINGS | changed), **places)
    lines = {line["claim"]: line for line in csv.DictReader(places["verdicts"].read_text().splitlines())}
    return lines, places["markdown"].read_text()


def test_measured_and_printed_verdicts_stand_in_columns_of_their_own(tmp_path):
    lines, text = judge(tmp_path)
    # 3 of 2/4.30 points of error on 2 degrees of freedom: t = 6.45, p = 0.023
    assert float(lines["helps"]["p"]) == pytest.approx(0.0232, abs=2e-4)
    assert {word: (line["verdict"], line["printed_verdict"]) for word, line in lines.items()} == {
        "helps": ("supported", "supported"),
        "hurts_not": ("supported", "undecided"),
        "seen": ("cannot be judged", "cannot be judged"),
    }
    assert float(lines["helps"]["printed_p_holm"]) == pytest.approx(0.0404, abs=1e-4)
    assert (lines["helps"]["difference"], lines["hurts_not"]["difference"]) == ("3.0000", "-0.5000")
    assert (lines["helps"]["n"], lines["helps"]["printed_n"], lines["seen"]["n"]) == ("3", "5", "")
    head = next(line for line in text.splitlines() if line.startswith("| Claim "))
    assert "Measured: SIMULATED TWIN" in head
    assert "Printed numbers alone, if ± is of five runs" in head
    (row,) = [line for line in text.partition("###")[0].splitlines() if line.startswith("| hurts_not ")]
    assert [cell.strip() for cell in row.split("|")[3:5]] == ["supported", "undecided"]


def test_the_text_says_whose_numbers_these_are_and_what_the_printed_ones_rest_on(tmp_path):
    text = judge(tmp_path)[1]
    assert "source: SIMULATED TWIN: generated pictures and sounds, not ADVANCE's numbers" in text
    measured, printed = text.partition("### The printed numbers alone")[::2]
    assert "28.99" not in text
    assert "+0.67" in printed
    assert "+0.67" not in measured
    assert "Its ± may be of one run." in printed
    assert "Networks are small." in measured
    assert "- seen: a picture alone." in printed
    assert "stand the other way" not in text


def test_printed_means_against_the_papers_own_words_are_named(tmp_path):
    against = [claim("helps", ("scene+kl_av", "scene", True, 0.0))]
    text = judge(tmp_path, claims=against)[1]
    assert "- helps: scene+kl_av (sound) above L_s (sound), but -0.48 points" in text


def test_one_seed_decides_nothing_and_says_so(tmp_path):
    lines, text = judge(tmp_path, compared(("scene", "scene+event", 3.0, 0)), seeds=[0])
    assert (lines["helps"]["verdict"], lines["helps"]["reason"]) == ("cannot be judged", "one seed: no ±")
    assert lines["hurts_not"]["reason"] == "not compared: the rows stand together in no table"
    assert "n = 1 seed." in text


def test_equal_files_give_equal_bytes_wherever_they_lie(tmp_path):
    assert judge(tmp_path / "a") == judge(tmp_path / "b")


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path):
    with pytest.raises(MediaError, match="no column .*location_low.*; found row_a"):
        judge(tmp_path, "row_a,column_a\nscene,sound\n")
    with pytest.raises(PairingError, match="expected a number or nothing"):
        judge(tmp_path, MEASURED.replace("3.0", "three"))


def test_the_command_ends_with_one_message(tmp_path, capsys):
    judge(tmp_path)
    (tmp_path / "published.csv").write_text(PRINTED + PRINTED.splitlines()[1] + "\n")
    arguments = {"comparisons": [tmp_path / "table2.comparisons.csv"], "published": tmp_path / "published.csv"}
    arguments |= {"settings": Settings(**SETTINGS), "verdicts": tmp_path / "v", "markdown": tmp_path / "m"}
    assert runner.run_stage(claims, arguments, None, ["overheard"]) == 2
    assert "Table 2, scene, sound, f_score stands there twice" in capsys.readouterr().err
    assert not (tmp_path / "v").exists()
