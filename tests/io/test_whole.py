"""A file or folder is there whole, or as it was before."""

import threading

import pytest

from overheard.io import whole


def test_a_file_and_a_folder_replace_what_was_there(tmp_path):
    whole.write_text(tmp_path / "below/text", "Grüße\n")
    assert (tmp_path / "below/text").read_bytes() == "Grüße\n".encode()
    for _ in range(2):
        with whole.writing(tmp_path / "folder") as part:
            part.mkdir()
            (part / "file").write_text("a")
    assert (tmp_path / "folder/file").read_text() == "a"


@pytest.mark.parametrize("shared", [False, True])
def test_after_an_error_all_is_as_it_was(tmp_path, shared):
    place = tmp_path / "text"
    place.write_text("before")

    def cut_off():
        with whole.writing(place, shared) as part:
            part.write_text("half")
            assert place.read_text() == "before"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cut_off()
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
    assert place.read_text() == "before"


def test_what_a_kill_left_is_written_over(tmp_path):
    left = whole.temporary(tmp_path / "folder")
    assert left.name.startswith(whole.PART)
    left.mkdir()
    (left / "half").write_text("")
    with whole.writing(tmp_path / "folder") as part:
        part.mkdir()
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_what_nothing_was_written_to_is_an_error(tmp_path):
    (tmp_path / "text").write_text("before")
    with pytest.raises(FileNotFoundError), whole.writing(tmp_path / "text"):
        pass
    assert (tmp_path / "text").read_text() == "before"


def test_several_may_write_one_file(tmp_path):
    together = threading.Barrier(4)

    def write(text):
        with whole.writing(tmp_path / "one", shared=True) as part:
            part.write_text(text)
            together.wait(10)

    threads = [threading.Thread(target=write, args=(f"text {at}",)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one").read_text().startswith("text ")


def test_a_file_never_takes_the_place_of_a_folder(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mine.yaml").write_text("kept")
    with pytest.raises(IsADirectoryError, match="config"):
        whole.write_text(tmp_path / "config", "{}")
    assert (tmp_path / "config" / "mine.yaml").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["config"]
