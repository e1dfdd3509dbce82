"""The same function over many items in several processes: results come in the order of the items."""

import multiprocessing
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from overheard.io.parent_death import die_with_parent


def in_processes(function: Callable[[Any], Any], items: Sequence[Any], workers: int) -> Iterator[Any]:
    """Yield `function(item)` for each item; what it returns must not depend on `workers`.

    Args:
        function: of one item; it and the items must be picklable.
        items: in the order of the results.
        workers: processes; 1 stays in this one.
    """
    workers = min(workers, len(items))
    if workers <= 1:
        # `yield from map(...)` would take a StopIteration of the function for the end of the items
        for item in items:
            yield function(item)
        return
    context = multiprocessing.get_context("fork")
    chunk = max(1, min(32, len(items) // (8 * workers)))
    with ProcessPoolExecutor(workers, context, _begin) as pool:
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of forks beside threads; the only ones here are a numeric library's, and idle
                warnings.filterwarnings("ignore", message=".*multi-threaded", category=DeprecationWarning)
                results = pool.map(function, items, chunksize=chunk)
            yield from results
        finally:
            # after an error or an interrupt the rest is not waited for
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Make ready a working process: it leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    die_with_parent(signal.SIGTERM, parent and parent.pid)
