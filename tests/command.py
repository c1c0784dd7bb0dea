"""The command `cinebook` as a process: its lines as they come, its end, and what is left of it."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from server.embedded.processes import arguments_of

LIMIT_S = 120.0
"""Ample for a first start on a busy machine."""

_ADDRESS = re.compile(r"CineBook Live is at (http://\S+)")
_POLL_S = 0.01


class Command:
    """`cinebook` with these arguments and settings (without their prefix) and none from the environment.

    A context manager: the process group is killed at the end if it is still there.
    """

    def __init__(self, *arguments: str, log: Path, **settings: object) -> None:
        self._arguments = arguments
        self._settings = settings
        self._log = log
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # A process group of its own, as a terminal gives to what it runs in the foreground.
                start_new_session=True,
                env=environment(self._settings),
            )
        self._process = process
        threading.Thread(target=self._read, args=(_pipe(process.stdout),), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self._running.wait()
        while self._lines.get(timeout=LIMIT_S) is not None:
            pass
        _pipe(self._running.stdout).close()
        if error is not None:
            print(self.errors)  # noqa: T201 - beside what failed

    @property
    def pid(self) -> int:
        """The process id, which is also the group's."""
        return self._running.pid

    @property
    def errors(self) -> str:
        """What it has written to standard error."""
        return self._log.read_text()

    def line(self) -> str:
        """The next line of standard output; fails if there is none."""
        line = self._lines.get(timeout=LIMIT_S)
        if line is None:
            self._lines.put(None)
            raise AssertionError(f"the command ended: {self.errors}")
        return line.rstrip("\n")

    def line_with(self, text: str) -> str:
        """The next line that has `text` in it."""
        while text not in (line := self.line()):
            pass
        return line

    def address(self) -> str:
        """Where it serves, as it says itself."""
        found = _ADDRESS.fullmatch(self.line())
        assert found
        return found[1]

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the process a signal; its exit code."""
        self._running.send_signal(number)
        return self.end()

    def interrupt(self) -> int:
        """Press Ctrl-C: the whole group is interrupted; the exit code."""
        os.killpg(self.pid, signal.SIGINT)
        return self.end()

    def interrupt_until_it_ends(self) -> int:
        """Press Ctrl-C again and again; the exit code."""
        deadline = time.monotonic() + LIMIT_S
        while self._running.poll() is None:
            assert time.monotonic() < deadline
            os.killpg(self.pid, signal.SIGINT)
            time.sleep(_POLL_S)
        return self._running.returncode

    def kill(self) -> None:
        """Let it crash."""
        self.terminate(signal.SIGKILL)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        return self._running.wait(LIMIT_S)

    def wait_for(self, path: Path) -> None:
        """Wait until it has made `path`."""
        deadline = time.monotonic() + LIMIT_S
        while not path.exists():
            assert time.monotonic() < deadline
            assert self._running.poll() is None, self.errors
            time.sleep(_POLL_S)

    def _read(self, stdout: IO[str]) -> None:
        for line in stdout:
            self._lines.put(line)
        self._lines.put(None)

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process


def embedded_pids(data_dir: Path) -> list[int]:
    """The ids of the servers that run on this folder, or were left there, by what they note in it."""
    return [int(path.read_text().split()[0]) for path in data_dir.glob("*/running")]


def wait_until_gone(pids: list[int]) -> None:
    """Wait until none of these processes is there."""
    deadline = time.monotonic() + LIMIT_S
    while any(arguments_of(pid) for pid in pids):
        assert time.monotonic() < deadline, pids
        time.sleep(_POLL_S)


def environment(settings: dict[str, object]) -> dict[str, str]:
    """What the command is started with: these settings (without their prefix), and none from outside."""
    # As in a person's pipe, standard output is not to be unbuffered.
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CINEBOOK_") and name != "PYTHONUNBUFFERED"
    }
    return others | {f"CINEBOOK_{name.upper()}": str(value) for name, value in settings.items()}


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
