"""One server program as a child: in a session of its own, with a bounded log, stopped orderly and never left behind.

The child is in a session of its own so that the terminal's Ctrl-C reaches only the application, which drains before it
stops its servers. On Linux the kernel asks the child to end when the application dies without having stopped it.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.embedded import launcher
from server.embedded.errors import EmbeddedError
from server.embedded.service_user import ServiceUser

FOLLOW_PARENT = True
"""Whether children end with this process on Linux; tests switch it off to leave an orphan on purpose."""

LOG_LIMIT = 4 * 1024 * 1024
"""Bytes after which a log is moved to `<log>.1`, checked at each start and each minute: two such files at most."""

_LOG_CHECK_S = 60.0
_POLL_S = 0.01
_TAIL_LINES = 8


@dataclass(frozen=True)
class Program:
    """What to run and how to end it."""

    name: str
    """As in sentences: PostgreSQL, Valkey."""
    arguments: tuple[str, ...]
    """The program's path, then its arguments; no secrets, since every user may read them."""
    log: Path
    stops: tuple[tuple[signal.Signals, float], ...]
    """Signals that end it, gentlest first, each with the seconds it gets."""
    user: ServiceUser | None = None


class ServerProcess:
    """A running program; `start` once, `stop` or `kill` in the end, from any thread."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        self._launched = threading.Event()
        self._ended = threading.Event()
        self._keeper: threading.Thread | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The program's process id."""
        if self._process is None:
            raise EmbeddedError(f"{self._program.name} has not been started.")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the program is running."""
        return self._process is not None and not self._ended.is_set()

    def start(self) -> None:
        """Start the program; it is not ready yet when this returns."""
        bound_log(self._program.log)
        self._log_start = self._program.log.stat().st_size
        # What the kernel takes for the parent's death is the death of the thread that forked: fork in one that stays.
        self._keeper = threading.Thread(target=self._keep, name=f"{self._program.name}-keeper", daemon=True)
        self._keeper.start()
        self._launched.wait()
        if self._failure is not None:
            raise self._failure
        threading.Thread(target=self._bound_log, name=f"{self._program.name}-log", daemon=True).start()

    def wait_until(self, ready: Callable[[], bool], limit_s: float) -> None:
        """Wait until `ready`; raises EmbeddedError with the end of the log if the program ends or is too slow."""
        deadline = time.monotonic() + limit_s
        while not ready():
            if self._ended.wait(_POLL_S):
                raise EmbeddedError(f"{self._program.name} ended while starting. {self.last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self._program.name} was not ready after {limit_s:g} s. {self.last_words()}")

    def last_words(self) -> str:
        """The last lines that this run wrote to its log, as a sentence."""
        with self._program.log.open("rb") as file:
            file.seek(self._log_start)
            lines = file.read().decode("utf-8", "replace").splitlines()
        return f"The end of {self._program.log}:\n" + "\n".join(lines[-_TAIL_LINES:])

    def stop(self) -> None:
        """End the program, gently at first, and return when it has ended; nothing happens if it has."""
        if self._keeper is None:
            return
        self._launched.wait()
        if self._process is None:
            return
        for number, patience_s in self._program.stops:
            self._process.send_signal(number)
            if self._ended.wait(patience_s):
                return
        raise EmbeddedError(f"{self._program.name} (process {self._process.pid}) could not be ended.")

    def kill(self) -> None:
        """End the program at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._ended.wait()

    def _keep(self) -> None:
        try:
            self._process = self._launch()
        except OSError as error:
            self._failure = error
            return
        finally:
            self._launched.set()
        self._process.wait()
        self._ended.set()

    def _launch(self) -> subprocess.Popen[bytes]:
        user = self._program.user
        death_signal = self._program.stops[0][0] if FOLLOW_PARENT else 0
        with self._program.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (our own launcher with the wheel's program, no shell)
                [
                    *(sys.executable, "-I", "-S", launcher.__file__, str(os.getpid()), str(int(death_signal))),
                    *(("", "") if user is None else (str(user.uid), str(user.gid))),
                    *self._program.arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env=environment(),
                umask=0o077,
            )

    def _bound_log(self) -> None:
        while not self._ended.wait(_LOG_CHECK_S):
            bound_log(self._program.log)


def environment() -> dict[str, str]:
    """What servers and their tools get to see: none of the application's settings and secrets, no PG* surprises."""
    loader = {name: value for name, value in os.environ.items() if name.startswith(("LD_", "DYLD_"))}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **loader}


def bound_log(log: Path) -> None:
    """Make the log if it is missing (mode 0600); move its content to `<log>.1` if it has grown beyond LOG_LIMIT."""
    log.touch(mode=0o600)
    if log.stat().st_size > LOG_LIMIT:
        # Copied and cut, not renamed: the program goes on appending to the file that it has open.
        shutil.copy(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def arguments_of(pid: int) -> str:
    """The command line of a process, empty if there is no such process (or only its zombie)."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "surrogateescape")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return ""
    ps = subprocess.run(  # noqa: S603 (no shell, a number)
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return ps.stdout


def stop_leftover(name: str, pid: int, marker: str, stops: tuple[tuple[signal.Signals, float], ...]) -> None:
    """End the server that an earlier run of the application left, known by `marker` in its command line.

    A process that merely has the same number now is not touched.
    """
    for number, patience_s in stops:
        if marker not in arguments_of(pid):
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if marker not in arguments_of(pid):
                return
            time.sleep(_POLL_S)
    raise EmbeddedError(f"{name} of an earlier run (process {pid}) could not be ended.")
