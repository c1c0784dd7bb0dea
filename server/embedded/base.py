"""What the embedded Valkey and the embedded PostgreSQL have in common: one life, from lock to orderly stop.

A start takes the folder's lock, ends what an earlier run left, makes the socket's folder, launches, and waits until the
server answers. The file `running` in the server's folder holds the process id and the socket's folder for the next
start, should this process die before it can stop the server.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from server.embedded.errors import EmbeddedError
from server.embedded.folders import FolderLock, SocketFolder, operating_system, private_folder, write_private
from server.embedded.processes import Program, ServerProcess, stop_leftover
from server.embedded.service_user import ServiceUser


class EmbeddedServer(ABC):
    """One private server whose data live in a folder; `start`, then `stop`, as often as wanted, on one address."""

    name: str
    """As in sentences."""

    def __init__(self, home: Path, sockets: SocketFolder, *, ready_limit_s: float) -> None:
        self._home = home.resolve()
        self._lock = FolderLock(self._home)
        self._sockets = sockets
        self._ready_limit_s = ready_limit_s
        self._running = self._home / "running"
        self._process: ServerProcess | None = None
        self._user: ServiceUser | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect, the same after each restart of this object; EmbeddedError before the first start."""

    @property
    def pid(self) -> int:
        """The server's process id. Raises EmbeddedError before the first start."""
        if self._process is None:
            raise EmbeddedError(f"{self.name} has not been started.")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the server's process is running."""
        return self._process is not None and self._process.alive

    def start(self) -> str:
        """Start the server on the data that are there, wait until it answers, and return its URL."""
        if self.alive:
            raise EmbeddedError(f"{self.name} is running already.")
        with operating_system(f"start {self.name} in {self._home}"):
            private_folder(self._home)
            self._lock.acquire()
            try:
                self._start()
            except BaseException:
                # Ctrl-C included: nothing half-started stays behind.
                self.stop()
                raise
        return self.url

    def join(self) -> str | None:
        """The URL of the server that another process runs on this folder, whose it stays; None if none does."""
        _, sockets = self._recorded()
        if sockets is None or not self._lock.is_held():
            return None
        self._sockets.adopt(sockets)
        return self.url

    def stop(self) -> None:
        """Stop the server orderly, so that its data are on disk; nothing happens if it is not running."""
        if self._process is not None:
            self._process.stop()
            self._running.unlink(missing_ok=True)
            self._sockets.remove(self._user)
        self._lock.release()

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL), leaving its files as they are; `start` brings it back."""
        if self._process is not None:
            self._process.kill()
        self._lock.release()

    def restart(self) -> str:
        """Stop the server orderly and start it on the same address."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> None:
        """Find or make what the server needs before its first launch: its programs, its user, its data."""

    @abstractmethod
    def _program(self, sockets: Path) -> Program:
        """What to launch, with its socket in this folder."""

    @abstractmethod
    def _marker(self) -> str:
        """What in a process's command line proves that it serves these very data."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server answers a real request by now."""

    def _leftovers(self) -> list[int]:
        """Process ids that a server of an earlier run may have, by the files it left."""
        pid, _ = self._recorded()
        return [] if pid is None else [pid]

    def _start(self) -> None:
        self._prepare()
        program = self._program(self._end_leftover())
        self._process = ServerProcess(program)
        self._process.start()
        write_private(self._running, f"{self._process.pid}\n{self._sockets.path}\n")
        self._process.wait_until(self._answers, self._ready_limit_s)

    def _end_leftover(self) -> Path:
        pids = self._leftovers()
        _, folder = self._recorded()
        sockets = self._sockets.create(self._user)
        stops = self._program(sockets).stops
        for pid in pids:
            stop_leftover(self.name, pid, self._marker(), stops)
        if folder is not None and folder != sockets:
            self._sockets.remove_leftover(folder, self._user)
        return sockets

    def _recorded(self) -> tuple[int | None, Path | None]:
        try:
            pid, folder = self._running.read_text(encoding="utf-8").splitlines()
            return int(pid), Path(folder)
        except (FileNotFoundError, ValueError):
            return None, None
