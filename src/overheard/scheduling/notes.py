"""What Snakemake keeps of a file, under `.snakemake`: its notes and its marks of what is unfinished."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SNAKEMAKE = Path(".snakemake")


def metadata_path(target: str, kind: str = "metadata") -> Path:
    """Where Snakemake keeps what it knows of a file (its file backend): base64, cut where a name would be too long."""
    root = _SNAKEMAKE / kind
    longest = os.pathconf(root if root.is_dir() else ".", "PC_NAME_MAX") - 1
    text = urlsafe_b64encode(target.encode()).decode()
    pieces = [text[start : start + longest] for start in range(0, len(text), longest)]
    return root.joinpath(*(f"@{piece}" for piece in pieces[:-1]), pieces[-1])


def metadata(folder: Path) -> dict[str, Path]:
    """Snakemake's metadata of an experiment's files, those that are there, by path relative to `folder`."""
    prefix = f"results/{folder.name}/"
    known = _known("metadata")
    return {name.removeprefix(prefix): path for name, path in known if name.startswith(prefix) and Path(name).exists()}


def markers() -> set[str]:
    """Files that Snakemake began and did not finish."""
    return {name for name, _ in _known("incomplete")}


def _known(kind: str) -> Iterator[tuple[str, Path]]:
    """Every file that Snakemake knows something of, and where; see `metadata_path`. Other names are passed over."""
    root = _SNAKEMAKE / kind
    for parent, _, names in os.walk(root):
        for path in (Path(parent, name) for name in names):
            text = "".join(piece.removeprefix("@") for piece in path.relative_to(root).parts)
            with suppress(ValueError):
                yield urlsafe_b64decode(text).decode(), path
