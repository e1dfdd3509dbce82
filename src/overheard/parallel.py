"""The same function over many items in several processes: results come in the order of the items."""

import ctypes
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from typing import Any

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


def in_processes(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    workers: int,
    start: Callable[..., None] | None = None,
    arguments: tuple = (),
) -> Iterator[Any]:
    """Yield `function(item)` for each item; what it returns must not depend on `workers`.

    Args:
        function: of one item; it and the items must be picklable.
        items: in the order of the results.
        workers: processes; 1 stays in this one.
        start: called once in each process, before its first item.
        arguments: of `start`.
    """
    workers = min(workers, len(items))
    if workers <= 1:
        if start is not None:
            start(*arguments)
        yield from map(function, items)
        return
    context = multiprocessing.get_context("fork")
    chunk = max(1, min(32, len(items) // (8 * workers)))
    with ProcessPoolExecutor(workers, context, _begin, (start, arguments)) as pool:
        try:
            yield from pool.map(function, items, chunksize=chunk)
        finally:
            # after an error or an interrupt the rest is not waited for
            pool.shutdown(cancel_futures=True)


def _begin(start: Callable[..., None] | None, arguments: tuple) -> None:
    """Make ready a working process: it leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(AttributeError, OSError):  # elsewhere than on Linux
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    if start is not None:
        start(*arguments)
