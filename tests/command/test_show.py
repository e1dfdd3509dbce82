"""overheard show: a table as it stands in its file, from the reference where there is no other, and what there is."""

import io

import pytest
from rich.console import Console

from overheard.command import show
from overheard.errors import ConfigError

TABLE = "## Table 2\n\n| Input | F |\n|:--|--:|\n| Image | **72.00** |\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/Snakefile").write_text("")
    for part in ("results/mine/tables/table2.md", "reference/mine/claims/claims.md", "reference/mine/tables/table3.md"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).write_text(TABLE if "table2" in part else f"## {part}\n")
    for part in ("statistics/table2.md", "statistics/figure6.md", "media/report.md"):
        (tmp_path / "results/mine" / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results/mine" / part).write_text(f"{part}\n")
    return tmp_path


def test_a_table_is_printed_as_its_file_where_no_terminal_is(project, capsys):
    show.show("mine", "table2")
    assert capsys.readouterr().out == TABLE


def test_a_terminal_gets_bold_and_colours(project, monkeypatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=80)
    monkeypatch.setattr(show, "Console", lambda **_: terminal)
    show.show("mine", "table2")
    said = terminal.file.getvalue()
    assert "\x1b[1m72.00\x1b[0m" in said
    assert "**" not in said


def test_statistics_are_those_of_all_tables_and_media_reports_are_none(project):
    assert show.pages("mine", "statistics") == ("statistics/figure6.md\n\nstatistics/table2.md\n", "")
    assert set(show.words_of(project / "results/mine")) == {"table2", "statistics"}


def test_what_is_missing_is_shown_from_the_reference_which_is_said(project, capsys):
    show.show("mine", "claims")
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "reference/mine/, as results/mine/ has no claims; make it: `overheard run mine`",
        "## reference/mine/claims/claims.md",
    ]


def test_an_unknown_word_lists_what_there_is(project):
    with pytest.raises(
        ConfigError, match="table9: nothing of that name in mine; there are: statistics, table2, claims,"
    ):
        show.pages("mine", "table9")


def test_what_is_not_made_yet_says_the_next_command(project, monkeypatch):
    monkeypatch.setattr(show, "_planned", lambda name: ["figure6"])
    (project / "config").mkdir()
    (project / "config/mine.yaml").write_text("")
    with pytest.raises(ConfigError, match="results/mine: no figure6 yet; `overheard run mine` makes it"):
        show.pages("mine", "figure6")


def test_the_words_of_an_experiment_are_its_tables_claims_and_statistics(monkeypatch):
    assert set(show._planned("twin")) == {"table2", "table3", "figure6", "baselines", "statistics", "claims"}


@pytest.mark.parametrize("name", ["nothing", "../twin"])
def test_an_experiment_that_is_not_there_is_refused(project, name):
    with pytest.raises(ConfigError, match="no such file|a name has letters"):
        show.pages(name, "table2")
