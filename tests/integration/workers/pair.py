"""A server of two workers, seen from outside: its processes, what they answer and what they have counted."""

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from tests.command import LIMIT_S, Command

_POLL_S = 0.02


class Pair:
    """Two workers under `command`, which serves at `url`."""

    def __init__(self, command: Command, url: str) -> None:
        self.command = command
        self.url = url

    def workers(self) -> set[int]:
        """The process ids of the workers that are there."""
        return children_of(self.command.pid)

    def both(self) -> list[int]:
        """The workers, once both serve."""
        wait_until(lambda: len(self.workers()) == 2 and self.value("cinebook_workers") == 2)
        return sorted(self.workers())

    def both_without(self, gone: int) -> list[int]:
        """The workers, once `gone` has ended and another serves in its place."""
        wait_until(lambda: gone not in self.workers())
        return self.both()

    @contextlib.contextmanager
    def frozen(self, worker: int) -> Iterator[None]:
        """One worker stands still, so that the other has to do everything."""
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker, signal.SIGCONT)

    def get(self, path: str) -> httpx.Response:
        """An answer over a connection of its own."""
        return httpx.get(self.url + path, timeout=LIMIT_S).raise_for_status()

    def value(self, metric: str, **labels: str) -> float:
        """The sum of the samples with this name and these labels among theirs."""
        total = 0.0
        for line in self.get("/metrics").text.splitlines():
            name, _, rest = line.partition("{")
            name = name.split(" ")[0]
            found = dict(re.findall(r'(\w+)="([^"]*)"', rest))
            if name == metric and labels.items() <= found.items():
                total += float(line.rpartition(" ")[2])
        return total


def children_of(pid: int) -> set[int]:
    """The process ids of a process's children, without those that only wait to be reaped."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(path.parent.name))
    return found


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; fails if that takes too long."""
    deadline = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(_POLL_S)
