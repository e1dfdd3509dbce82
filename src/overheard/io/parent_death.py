"""No process outlives the one that started it."""

import ctypes
import os
import signal
import sys
from contextlib import suppress

PARENT = "OVERHEARD_PARENT"
"""Environment variable by which the workflow tells a job's command which process is Snakemake."""

_PR_SET_PDEATHSIG = 1


def die_with_parent(sent: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Ask Linux to send this process a signal when its parent ends; elsewhere nothing happens.

    Args:
        sent: the signal.
        parent: the process that started this one, where it is known; if it has ended already, so does this one, as
            nothing would be sent any more.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sent)
    if parent is not None and os.getppid() != parent:
        os._exit(128 + sent)


def die_with_snakemake(process: int) -> None:
    """End this process when Snakemake ends, of which it is a child: a job left over would write beside the next run's.

    Where something stands between, as a cluster's or a container's own process, that has to see to its children.
    """
    if os.getppid() == process:
        die_with_parent()
        if os.getppid() == process:
            return
    with suppress(PermissionError):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            sys.exit(128 + signal.SIGKILL)
