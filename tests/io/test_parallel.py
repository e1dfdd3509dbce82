"""Several processes give what one gives, in order, and none outlives its parent."""

import signal
import subprocess
import sys
import time

import pytest

from overheard.io.parallel import in_processes


def _square(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number * number


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(workers):
    assert list(in_processes(_square, range(100), workers)) == [number * number for number in range(100)]


def test_no_items_no_processes():
    assert list(in_processes(_square, [], 4)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_reaches_the_caller(workers):
    with pytest.raises(ValueError, match="-1 is negative"):
        list(in_processes(_square, [1, -1, 2], workers))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal on a parent's death is Linux's")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_no_workers(how):
    program = (
        "import os, time\n"
        "from overheard.io.parallel import in_processes\n"
        'def work(_):\n    os.write(1, f"{os.getpid()}\\n".encode())\n    time.sleep(60)\n'
        "list(in_processes(work, range(2), 2))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with parent:
        children = [int(parent.stdout.readline()) for _ in range(2)]
        parent.send_signal(how)
    deadline = time.monotonic() + 20
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if _alive(child)]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal on a parent's death is Linux's")
def test_who_asks_after_its_parents_death_ends_at_once():
    program = (
        "import os, signal, time\n"
        "from overheard.io.parent_death import die_with_parent\n"
        "parent = os.getpid()\n"
        "if os.fork() == 0:\n"
        "    while os.getppid() == parent:\n        time.sleep(0.01)\n"
        '    os.write(1, b"orphan ")\n'
        "    die_with_parent(signal.SIGTERM, parent)\n"
        '    os.write(1, b"goes on")\n'
        "os._exit(0)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert said.stdout == "orphan "


def _alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_stop_iteration_in_an_item_is_an_error_and_not_the_end():
    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        list(in_processes(lambda item: next(iter([])), [0, 1], 1))
