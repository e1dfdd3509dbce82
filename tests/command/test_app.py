"""The command line itself: what it makes of trouble."""

import errno

import pytest
import typer

from overheard.command import app


@pytest.mark.parametrize("words", ["File exists", None])
def test_a_path_in_the_way_is_one_line_though_the_error_says_no_words(capsys, words):
    @app._fixable
    def write() -> None:
        raise OSError(errno.EEXIST, words, "a/place")

    with pytest.raises(typer.Exit) as ended:
        write()
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == (
        "error: a/place: file exists; give another path, or move away what is in its place\n"
    )
