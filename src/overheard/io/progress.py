"""What a person sees while work goes on: bars on a terminal, plain lines in a pipe, and the same in the job's log.

Under `overheard run` each job sends its steps as datagrams to the socket named by the environment variable
OVERHEARD_PROGRESS, where one display draws them all; a job run by hand draws its own.
"""

import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

SOCKET = "OVERHEARD_PROGRESS"
_LINE_EVERY_S = 10.0
_LONGEST = 4000
"""Signs of a text that is sent: JSON makes up to twelve bytes of one, and a message has 64 KiB."""


class _Job:
    """The job of this process: its name, its log, and where its steps go."""

    def __init__(self, name: str, log: TextIO | None) -> None:
        self.name = name
        self.log = log
        self.last_line = time.monotonic()
        self.bar_drawn = False
        self.put_back = False
        self.socket: socket.socket | None = None
        if path := os.environ.get(SOCKET):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.setblocking(False)
            self.address = path

    def send(self, event: str, **content: Any) -> bool:
        if self.socket is None:
            return False
        short = {key: _shortened(value) if isinstance(value, str) else value for key, value in content.items()}
        message = json.dumps({"job": _shortened(self.name), "event": event, "pid": os.getpid()} | short).encode()
        # a display that has gone or is full must not stop the work
        with suppress(OSError):
            self.socket.sendto(message, self.address)
        return True

    def write_log(self, text: str) -> None:
        # a disk that takes no more lines must not hide what they say
        with suppress(OSError):
            if self.log is not None:
                print(text, file=self.log, flush=True)

    def say(self, text: str) -> None:
        if self.bar_drawn:
            print(file=sys.stderr)
            self.bar_drawn = False
        print(text, file=sys.stderr, flush=True)


def _shortened(text: str) -> str:
    """Text that fits into a datagram, whatever its signs; its log has all of it."""
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} [… {len(text) - 2 * half} signs left out here, the job's log has them …] {text[-half:]}"


_job: _Job | None = None


def _name(word: str, arguments: dict[str, Any]) -> str:
    """The stage's word and what tells this job from the stage's others, e.g. `train scene image seed-0`."""
    parts = [
        str(arguments[key])
        for key in ("collection", "method", "modality", "front_end", "table", "figure")
        if arguments.get(key)
    ]
    if "seed" in arguments:
        parts.append(f"seed-{arguments['seed']}")
    return " ".join([word, *parts])


@contextmanager
def job(word: str, arguments: dict[str, Any], log: TextIO | None, command: str) -> Iterator[None]:
    """Announce a job and its end; its log begins with its command."""
    global _job
    _job = _Job(_name(word, arguments), log)
    _job.write_log(command)
    _job.send("start")
    try:
        yield
    finally:
        if _job.socket is not None:
            _job.socket.close()
        _job = None


def step(done: int, total: int, text: str = "") -> None:
    """Say that `done` of `total` steps of this job are behind it."""
    if _job is None:
        return
    line = f"{_job.name}: {done} of {total}" + (f", {text}" if text else "")
    if done == total or time.monotonic() - _job.last_line >= _LINE_EVERY_S:
        _job.write_log(line)
        if _job.socket is None and not sys.stderr.isatty():
            _job.say(line)
        _job.last_line = time.monotonic()
    if not _job.send("step", done=done, total=total, text=text) and sys.stderr.isatty():
        width = 24
        filled = width * done // max(total, 1)
        print(f"\r\x1b[K{'━' * filled}{'·' * (width - filled)} {line}", end="", file=sys.stderr, flush=True)
        _job.bar_drawn = True


def note(text: str) -> None:
    """Say something a person should read: a warning, a remark."""
    if _job is None:
        print(text, file=sys.stderr, flush=True)
        return
    _job.write_log(text)
    if not _job.send("note", text=text):
        _job.say(f"{_job.name}: {text}")


def put_back(text: str) -> None:
    """Say in the log that this job's files were computed before; the display counts it."""
    if _job is not None:
        _job.put_back = True
        _job.write_log(text)


def failed(message: str) -> None:
    """Say what a user can fix; the job ends with exit code 2."""
    if _job is None:
        print(f"error: {message}", file=sys.stderr, flush=True)
        return
    _job.write_log(f"error: {message}")
    if not _job.send("failed", text=message):
        _job.say(f"error: {message}")


def crashed() -> None:
    """Say that the program itself is at fault; the traceback goes to the log and the terminal."""
    text = traceback.format_exc()
    if _job is None:
        print(text, file=sys.stderr, flush=True)
        return
    _job.write_log(text)
    if not _job.send("crashed", text=text):
        _job.say(text)


def finished(seconds: float) -> None:
    """Say that the job is done."""
    if _job is None:
        return
    how = "put back" if _job.put_back else "finished"
    _job.write_log(f"{how} in {seconds:.1f} s")
    if not _job.send("finished", seconds=seconds, put_back=_job.put_back):
        _job.say(f"{_job.name}: {how} in {seconds:.1f} s")
