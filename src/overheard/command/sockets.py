"""Where the sockets of a run can be: their path must be short, and not every file system takes them."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from overheard.errors import OverheardError


@contextmanager
def sockets_folder() -> Iterator[Path]:
    """A folder of this user's alone in which sockets can be made, for as long as the context lasts.

    Raises:
        OverheardError: no folder for temporary files takes one.
    """
    place = next((place for place in _places() if _takes_sockets(place)), None)
    if place is None:
        raise OverheardError(
            f"no folder takes a socket of a run; tried {', '.join(_places())}; set TMPDIR to a local folder with a "
            "path of less than 70 letters in which you may write"
        )
    with TemporaryDirectory(prefix="overheard-", dir=place) as folder:
        yield Path(folder)


def _places() -> list[str]:
    # of TMPDIR Python takes another where nothing can be written
    with suppress(OSError):
        return list(dict.fromkeys([tempfile.gettempdir(), *_USUAL]))
    return list(_USUAL)


_USUAL = ("/tmp", "/var/tmp", "/dev/shm", f"/run/user/{os.getuid()}")


def _takes_sockets(place: str) -> bool:
    of_unix = socket.AF_UNIX, socket.SOCK_DGRAM
    with (
        suppress(OSError),
        TemporaryDirectory(prefix="overheard-", dir=place) as folder,
        socket.socket(*of_unix) as trial,
    ):
        trial.bind(str(Path(folder, "progress")))
        return True
    return False
