"""What a user's own folder or file holds, which no job makes; read only where it changed."""

from pathlib import Path

from overheard.errors import MediaError
from overheard.jobs import hashing, store


def content_digest(path: Path) -> str:
    """The sha256 of a file, or of a folder's listing; a hash is remembered by inode, size and times.

    Raises:
        MediaError: there is no such folder or file.
    """
    if not path.exists():
        raise MediaError(f"{path}: no such file or folder; mend `source` in the configuration")
    return hashing.remembered(path, store.memory()).sha256
