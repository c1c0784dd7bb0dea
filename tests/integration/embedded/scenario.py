"""A program in a process of its own that starts the embedded servers and obeys its standard input.

Run as a script it takes DATA_DIR, STATE_DIR and `orphan` or `follow`; it prints one JSON line when the servers run, one
for each command read from standard input, and stops the servers at its end.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from server.embedded import EmbeddedPostgres, EmbeddedServers, processes

_LIMIT_S = 30.0


@dataclass(frozen=True)
class Runner:
    """From which folder, by which interpreter and as which user the program runs."""

    folder: Path = Path(__file__).parents[3]
    python: Path = Path(sys.executable)
    uid: int | None = None


class Scenario:
    """The program as its test sees it; a context manager that leaves nothing running."""

    def __init__(self, data_dir: Path, state_dir: Path, runner: Runner | None = None) -> None:
        self._runner = runner or Runner()
        self._arguments = [str(data_dir), str(state_dir)]
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The program's process id, which is also its process group."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, follow: bool = True) -> Any:
        """Start the program and return what it says of its servers: `valkey` and `postgres`, their process ids."""
        self._process = subprocess.Popen(
            [self._runner.python, "-m", __name__, *self._arguments, "follow" if follow else "orphan"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=self._runner.folder,
            # Elsewhere it runs a copy, whose lines are nobody's coverage.
            env=dict(os.environ) if self._runner == Runner() else _without_coverage(),
            user=self._runner.uid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 and self._runner.uid else None,
        )
        return self._answer()

    def ask(self, command: str) -> Any:
        """Have the program do `count` (one more row) or `stop`, and return what it answers."""
        assert self._process is not None
        _pipe(self._process.stdin).write(f"{command}\n")
        _pipe(self._process.stdin).flush()
        return self._answer()

    def end(self) -> int:
        """Let the program come to its end, wait for that, and return how it ended."""
        assert self._process is not None
        _pipe(self._process.stdin).close()
        try:
            return self._process.wait(_LIMIT_S)
        finally:
            self._process.kill()
            _pipe(self._process.stdout).close()

    def _answer(self) -> Any:
        assert self._process is not None
        return json.loads(_pipe(self._process.stdout).readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.end()


def _without_coverage() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def quick_servers(data_dir: Path, state_dir: Path) -> EmbeddedServers:
    """Both servers without the waits for the disk: nothing here cuts the power."""
    servers = EmbeddedServers(data_dir, state_dir=state_dir)
    servers.postgres = EmbeddedPostgres(data_dir, durable=False, state_dir=state_dir)
    return servers


def running(pid: int, servers: str) -> bool:
    """Whether the process is still the server of these data."""
    return servers in processes.arguments_of(pid)


def wait_until_gone(pid: int, servers: str) -> None:
    """Wait until the server of these data has ended; fails after a generous limit."""
    deadline = time.monotonic() + _LIMIT_S
    while running(pid, servers):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def _main(data_dir: str, state_dir: str, follow: str) -> None:
    processes.FOLLOW_PARENT = follow == "follow"
    # As the application does while it drains: the signal is noted, and the servers are stopped later.
    signal.signal(signal.SIGINT, lambda *_: None)
    servers = quick_servers(Path(data_dir), Path(state_dir))
    with servers:
        _say({"valkey": servers.valkey.pid, "postgres": servers.postgres.pid, "self": os.getpid()})
        for line in sys.stdin:
            if line.strip() == "stop":
                break
            servers.postgres.sql("CREATE TABLE IF NOT EXISTS counted (at timestamptz DEFAULT now())")
            servers.postgres.sql("INSERT INTO counted DEFAULT VALUES")
            _say(int(servers.postgres.sql("SELECT count(*) FROM counted")))
    _say("stopped")


def _say(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
