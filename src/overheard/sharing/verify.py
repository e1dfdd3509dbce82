"""`overheard save --verify`: read everything back from the remote and hash it against the records. Touches files."""

import tempfile
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.sharing import dvc, saved_files
from overheard.sharing.saved_files import folder_of
from overheard.study.layout import SAVED


def verify_remote(name: str) -> None:
    """Fetch everything from the remote into an empty cache, and hash it against the records.

    Raises:
        LineageError: names each file that is not what its record says, and each archive that is damaged or missing.
    """
    folder = folder_of(name)
    wanted, index = saved_files.wanted(folder), saved_files.read_index(folder)
    places = dvc.addresses(name, dvc.cache())
    scratch = dvc.require_dvc() / ".dvc" / "tmp"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overheard-verify-", dir=scratch) as temporary:
        cache, failure = dvc.second_repository(Path(temporary)), ""
        try:
            dvc.dvc("fetch", dvc.stage_name(name), where=Path(temporary), shown=True)
        except OverheardError as error:
            failure = str(error)
        fetched = {path: cache / place for path, (place, *_) in places.items() if (cache / place).is_file()}
        if failure and len(fetched) in (0, len(places)):
            raise LineageError(f"the remote cannot be read back\n{failure}")
        wrong: dict[str, list[str]] = {}
        for archived, line in index.items():
            path = (folder / SAVED / archived).as_posix()
            if path not in fetched:
                wrong[path] = [f"{path}: missing"]
            elif lines := saved_files.wrong_in(folder, line, fetched[path], wanted.get(archived, {})):
                wrong[path] = lines
    if wrong:
        said = ["the remote is not what was saved:", *(f"  {line}" for lines in wrong.values() for line in lines)]
        said += ["delete these there (`dvc remote list` says where), as far as it has them:"]
        said += sorted({f"  {place}" for path in wrong for place in places.get(path, [])})
        raise LineageError("\n".join([*said, f"`overheard save {name}` then sends them again"]))
