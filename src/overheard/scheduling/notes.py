"""What Snakemake keeps of a file, under `.snakemake`: its notes and its marks of what is unfinished."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
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
    root, found = _SNAKEMAKE / "metadata", {}
    prefix = f"results/{folder.name}/"
    for place, _, names in os.walk(root):
        above = Path(place).relative_to(root).parts
        for name in names:
            text = "".join(piece.removeprefix("@") for piece in (*above, name))
            try:
                target = urlsafe_b64decode(text).decode()
            except ValueError:
                continue
            if target.startswith(prefix) and Path(target).exists():
                found[target.removeprefix(prefix)] = Path(place) / name
    return found


def markers() -> set[str]:
    """Files that Snakemake began and did not finish: names in base64, long ones cut into folders that begin with @."""
    marked = set()
    top = Path(".snakemake/incomplete")
    for parent, _, names in os.walk(top):
        for name in names:
            text = "".join(part.removeprefix("@") for part in Path(parent, name).relative_to(top).parts)
            try:
                marked.add(urlsafe_b64decode(text).decode())
            except (NoBase64, UnicodeDecodeError, ValueError):
                continue
    return marked
