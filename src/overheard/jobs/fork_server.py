"""A warm process: imports torch once, then forks for each job, so that a hundred jobs do not each pay two seconds.

`overheard run` starts one beside Snakemake and names its socket in OVERHEARD_WARM. A job's command connects, sends its
arguments, folder, environment and standard streams, and waits for the exit code. Everything else is as if it had run
alone: the same code path, its own process, one thread. Without the warm process (plain `snakemake`, a copied line),
or where the sources have changed since it imported them, the command simply runs by itself. A job ends when its
command ends: when the connection closes, the fork is stopped.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from overheard.io.parent_death import die_with_parent

_STARTED = b"s"


def hand_over(address: str, argv: list[str]) -> int | None:
    """Have the warm process run a command; its exit code, or None where no warm process answers or this one may not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(address)
            request = json.dumps({"argv": argv, "cwd": os.getcwd(), "environ": dict(os.environ)})
            socket.send_fds(connection, [b"\n"], [0, 1, 2])
            connection.sendall(f"{request}\n".encode())
            if connection.recv(1) != _STARTED:
                return None
        except OSError:
            return None
        try:
            answer = connection.recv(1)
        except OSError:
            answer = b""
    # no answer: the warm process died with the job; say so by the code of a killed process
    return answer[0] if answer else 128 + signal.SIGKILL


def _run_job(request: dict[str, Any], descriptors: list[int], parent: int) -> None:
    """In the fork: become the command and never return."""
    die_with_parent(parent=parent)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = ["overheard", *request["argv"]]
    code = 1
    try:
        from overheard.jobs.command_line import run_command

        run_command(request["argv"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except KeyboardInterrupt:
        code = 130
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def _accept(listener: socket.socket, selector: selectors.BaseSelector, imported: Mapping[str, str]) -> None:
    """Fork for a command that asks; the fork never returns from here.

    Hang up on a command that has ended meanwhile, or whose stage's code is another than was `imported`.
    """
    connection, _ = listener.accept()
    _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as stream:
        line = stream.readline()
    request = json.loads(line) if line.endswith(b"\n") else {"argv": [""]}
    stage, warm = request["argv"][0], os.getpid()
    pid = os.fork() if stage in imported and _digest(stage) == imported[stage] else None
    if pid == 0:
        _run_job(request, list(descriptors), warm)
    for descriptor in descriptors:
        os.close(descriptor)
    if pid is None:
        connection.close()
        return
    with suppress(OSError):
        connection.send(_STARTED)
    process = os.pidfd_open(pid)

    def hung_up() -> None:
        """The command that asked has ended: its job ends too."""
        if connection.fileno() >= 0:
            selector.unregister(connection)
            signal.pidfd_send_signal(process, signal.SIGKILL)

    def ended() -> None:
        """The job has ended: the command that asked gets its exit code."""
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(OSError):
            connection.send(bytes([code if code >= 0 else 128 - code]))
        with suppress(KeyError):
            selector.unregister(connection)
        connection.close()
        selector.unregister(process)
        os.close(process)

    selector.register(connection, selectors.EVENT_READ, hung_up)
    selector.register(process, selectors.EVENT_READ, ended)


@contextmanager
def warm_process(
    folder: Path, environ: dict[str, str], jobs: Mapping[str, int]
) -> Iterator[subprocess.Popen[bytes] | None]:
    """Start the warm process for a run's jobs, and end it; None where there is one job, as it is not worth it.

    Args:
        folder: for its socket.
        environ: of the run's jobs; gets the socket's name.
        jobs: by stage that it is to import, how many jobs the run has.
    """
    if sum(jobs.values()) < 2:
        yield None
        return
    address = str(folder / "warm")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(64)
        descriptor = listener.fileno()
        command = [sys.executable, "-m", __spec__.name, str(descriptor), *jobs]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[descriptor], env=environ)
    environ["OVERHEARD_WARM"] = address
    try:
        yield process
    finally:
        # closes its standard input, by which it ends
        process.communicate()


def serve(descriptor: int, stages: Sequence[str]) -> None:
    """Serve jobs of some stages on the listening socket `descriptor` until standard input closes: the parent ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    imported = _imported(stages)
    from overheard.io.device import settle

    # torch imports its compiler when it is asked to be deterministic: once here, not once a job
    settle("cpu")
    listener, selector = socket.socket(fileno=descriptor), selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, partial(_accept, listener, selector, imported))
    selector.register(sys.stdin.buffer.fileno(), selectors.EVENT_READ)
    while True:
        for ready, _ in selector.select():
            if ready.data is None:
                return
            ready.data()


def _imported(stages: Sequence[str]) -> dict[str, str]:
    """Import all that the stages need; the digests of their code, but of none that was edited meanwhile."""
    from overheard.jobs.command_line import stage_command
    from overheard.jobs.job import stale_bytecode

    # parses the sources once; later on it is looked only whether they changed
    before = {} if stale_bytecode() else {stage: _digest(stage) for stage in stages}
    for stage in stages:
        stage_command(stage)
    return {stage: digest for stage, digest in before.items() if digest and digest == _digest(stage)}


def _digest(stage: str) -> str | None:
    """Of a stage's code as its sources are now; None where they cannot be followed, as in the middle of an edit."""
    from overheard.errors import ConfigError
    from overheard.jobs.code import closure as code

    try:
        return code.stage_code(stage).digest
    except (ConfigError, OSError):
        return None


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
