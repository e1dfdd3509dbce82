"""Notice that a user's own folder changed: from its listing, so that looking costs no reading."""

from hashlib import sha256
from pathlib import Path

from overheard.errors import MediaError


def listing_digest(folder: Path) -> str:
    """A digest of every file's relative path, size and modification time under `folder`, which may be one file.

    Raises:
        MediaError: there is no such folder or file.
    """
    if folder.is_file():
        files = [folder]
        folder = folder.parent
    elif folder.is_dir():
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    else:
        raise MediaError(f"{folder}: no such file or folder; mend `source` in the configuration")
    lines = []
    for path in files:
        status = path.stat()
        lines.append(f"{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\n")
    return sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:16]
