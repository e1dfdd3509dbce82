"""One display for all jobs of a run: bars on a terminal, plain lines in a pipe."""

import json
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY_S = 5.0


class Display:
    """Reads jobs' messages from sockets and shows them; a context manager.

    Args:
        addresses: of a socket for each label, what the jobs that send there belong to; one label alone is not shown.
        total: how many jobs there are.
    """

    def __init__(self, addresses: Mapping[str, str], total: int) -> None:
        self.sockets = {socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM): label for label in addresses}
        for each, label in self.sockets.items():
            each.bind(addresses[label])
        self.total = total
        self.done: Counter[str] = Counter()
        self.put_back: Counter[str] = Counter()
        self.durations: dict[str, list[tuple[str, float]]] = {label: [] for label in addresses}
        self.fixable: dict[str, list[str]] = {label: [] for label in addresses}
        self.troubles: dict[str, list[str]] = {label: [] for label in addresses}
        self.said: set[tuple[str, str]] = set()
        self.started = time.monotonic()
        self.last_line = 0.0
        self.tasks: dict[int, Any] = {}
        self.console = Console(stderr=True)
        self.bars = self._bars() if self.console.is_terminal else None

    def _bars(self) -> Progress:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[text]}"),
        )
        bars = Progress(*columns, TimeRemainingColumn(), console=self.console, transient=True)
        self.whole = bars.add_task("all jobs", total=self.total, text="")
        return bars

    def __enter__(self) -> "Display":
        if self.bars:
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.bars:
            self.bars.stop()
            self.bars = None
        for each in self.sockets:
            each.close()

    def listen(self, seconds: float) -> None:
        """Show what arrives within some seconds, and all that waits."""
        readable, _, _ = select.select(list(self.sockets), [], [], seconds)
        while readable:
            for each in readable:
                message = None
                # only what a job sent whole counts
                with suppress(ValueError):
                    message = json.loads(each.recv(1 << 16))
                if isinstance(message, dict) and {"event", "job", "pid"} <= message.keys():
                    self._show(message, self.sockets[each])
            readable, _, _ = select.select(list(self.sockets), [], [], 0)

    def _show(self, message: dict[str, Any], label: str) -> None:
        event, pid = message["event"], message["pid"]
        job = message["job"] if len(self.sockets) == 1 else f"{label}: {message['job']}"
        if event == "start" and self.bars:
            self.tasks[pid] = self.bars.add_task(job, total=None, text="")
        elif event == "step" and self.bars and pid in self.tasks:
            self.bars.update(self.tasks[pid], completed=message["done"], total=message["total"], text=message["text"])
        elif event == "finished":
            self.done[label] += 1
            self._end(pid)
            if message["put_back"]:
                self.put_back[label] += 1
                self._line(f"{job}: put back", important=False)
                return
            self.durations[label].append((message["job"], message["seconds"]))
            often = message["job"].startswith(("train", "evaluate")) or len(self.sockets) > 1
            self._line(f"{job}: {message['seconds']:.1f} s", important=not often)
        elif event == "note":
            said = message["job"], message["text"]
            # of several experiments many say the same
            if len(self.sockets) == 1 or said not in self.said:
                self._print(f"{job}: {message['text']}")
            self.said.add(said)
        elif event in ("failed", "crashed"):
            self._end(pid)
            self.troubles[label].append(message["text"])
            if event == "failed":
                self.fixable[label].append(message["text"])
            self._print(f"error: {job}: {message['text']}")

    def _end(self, pid: int) -> None:
        if self.bars and pid in self.tasks:
            self.bars.remove_task(self.tasks.pop(pid))
        if self.bars:
            self.bars.update(self.whole, completed=self.done.total())

    def _line(self, text: str, important: bool) -> None:
        """In a pipe: every stage's end, but of many equal jobs only one line in five seconds."""
        now = time.monotonic()
        if self.bars or not (important or now - self.last_line >= _LINE_EVERY_S or self.done.total() == self.total):
            return
        self.last_line = now
        self._print(f"[{self.done.total()} of {self.total} jobs, {now - self.started:.0f} s] {text}")

    def _print(self, text: str) -> None:
        if self.bars:
            self.bars.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)
