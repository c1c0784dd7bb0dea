"""What a measurement needs of Linux: cores to pin to, descriptors, and what a process took of CPU and memory."""

import contextlib
import os
import platform
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CPU_CLOCK: Final = 2
"""The kernel's number for the clock of all the CPU time of a process, in the lowest bits of a clock's id."""

_ROOM_FOR_FILES: Final = 20_000


def cores() -> tuple[set[int], set[int]]:
    """(the core of the server under test, the cores of everybody else); the same one where there is but one."""
    all_of_them = sorted(os.sched_getaffinity(0))
    return set(all_of_them[:1]), set(all_of_them[1:]) or set(all_of_them)


@contextlib.contextmanager
def pinned(to: set[int]) -> Iterator[None]:
    """Keep this process, and what it starts within, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, to)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_file_limit() -> None:
    """Allow as many descriptors as the machine lets this process and its children have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ROOM_FOR_FILES if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def cpu_ns(pid: int) -> int:
    """Nanoseconds of CPU that a process, its threads and its children that live have used: user and system."""
    total = 0
    for member in _family(pid):
        with contextlib.suppress(OSError):
            total += time.clock_gettime_ns((~member << 3) | _CPU_CLOCK)
    return total


def memory_bytes(pid: int) -> int:
    """The resident memory of a process and its children, shared pages counted by their share."""
    total = 0
    for member in _family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def describe() -> dict[str, str]:
    """The machine and the moment, to stand beside numbers."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": f"{os.cpu_count()} x {model}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }


def _family(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{member}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found
