"""Several workers on one port: started, replaced when they end, and ended with the one that started them.

The supervisor binds the socket and never accepts; the workers inherit it, so that a connection which waits in the
backlog when one worker leaves is taken by another. Between it and each worker is a lifeline, a pair of sockets: what
the worker needs goes down (secrets too, which are nobody else's to see), its word comes up, and either side knows by
its end that the other is dead. A worker that serves says again and again that its event loop turns; one that hangs says
nothing, hears no signal either, and is killed.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from server.embedded import Addresses
from server.listening import announce
from server.ops import metrics
from server.ops.settings import Settings
from server.stopping import SHUTDOWN_S, STOP_SIGNALS, ignore_stop_signals, on_stop_signals

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
"""Before a worker is replaced that died young; doubled each time. The first such death costs no pause."""

STEADY_S: Final = 10.0
"""A worker that has lived so long did not die of its start."""

MARGIN_S: Final = 5.0
"""What a worker gets to end in beside the bounds of its own; then it is killed."""

LOOKS: Final = 4
"""How often workers are looked after in the time that one of them may be silent."""

log = structlog.get_logger(__name__)


class Word(IntEnum):
    """What a worker tells its supervisor."""

    SERVING = 1
    """It accepts connections."""

    LEAVING = 2
    """It accepts no more, and ends when its visitors are told."""

    ALIVE = 3
    """Its event loop turns."""


@dataclass(eq=False)
class Worker:
    """One process; `slot` is its number in the metrics, free for another when it is dead."""

    slot: int
    process: subprocess.Popen[bytes]
    lifeline: Connection
    started: float = field(default_factory=time.monotonic)
    word: Word | None = None
    """What it said last of where it is, which a sign of life does not."""
    heard: float = 0.0
    """When it said anything."""
    killed: bool = False


class Pauses:
    """How long to wait before a worker is replaced that died, so that a crash loop does not spin."""

    def __init__(self) -> None:
        self._next = 0.0

    def after(self, lived_s: float) -> float:
        """The pause in seconds after a worker that has lived so long: none at first, then more and more."""
        pause = 0.0 if lived_s >= STEADY_S else self._next
        self._next = min(max(2 * pause, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        return pause


class Patience:
    """How long workers may be silent: `serving_s` while they serve, `leaving_s` from when they began to leave.

    One that still starts is waited for. `clock` counts seconds.
    """

    def __init__(self, *, serving_s: float, leaving_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = {Word.SERVING: serving_s, Word.LEAVING: leaving_s}
        self._clock = clock
        self._looked = clock()
        self.every_s: Final = serving_s / LOOKS
        """How often to look, when all that was said until then has been heard."""

    def exhausted_by(self, workers: Sequence[Worker]) -> list[Worker]:
        """Those that were silent for too long, each of them once.

        Whoever looks much too late did not run itself, nor perhaps did they: all have their time anew.
        """
        now = self._clock()
        if now - self._looked > 2 * self.every_s:
            for worker in workers:
                worker.heard = now
        self._looked = now
        found = [
            worker
            for worker in workers
            if worker.word is not None and not worker.killed and now - worker.heard > self._limits[worker.word]
        ]
        for worker in found:
            worker.killed = True
        return found


class Supervisor:
    """Keeps `settings.workers` processes serving on `listener` until SIGINT, SIGTERM or SIGHUP.

    A worker that is told to end, or dies, is replaced at once; after repeated early deaths with growing pauses. One
    that serves and is silent for `settings.worker_silence_ms` is killed, and so dies.
    """

    def __init__(self, settings: Settings, addresses: Addresses, listener: socket.socket) -> None:
        self._settings = settings
        self._addresses = addresses
        self._listener = listener
        self._workers: list[Worker] = []
        self._woken, self._waker = socket.socketpair()
        self._stopping = False
        self._served = False
        self._failed: int | None = None
        self._pauses = Pauses()
        self._next_start = 0.0
        self._leaving_s: Final = settings.drain_ms / 1000 + SHUTDOWN_S + MARGIN_S
        self._patience = Patience(serving_s=settings.worker_silence_ms / 1000, leaving_s=self._leaving_s)

    def run(self) -> None:
        """Supervise until the end of all; the signals that stop are ignored from then on.

        Raises SystemExit with the first worker's exit code if it does not start, as a single worker would.
        """
        on_stop_signals(self._stop)
        with tempfile.TemporaryDirectory(prefix="cinebook-metrics-", ignore_cleanup_errors=True) as folder:
            try:
                while not self._stopping and self._failed is None:
                    self._replenish(Path(folder))
                    self._listen_to_workers(Path(folder), self._pause())
                    self._kill_silent()
            finally:
                self._end_all(Path(folder))
        if self._failed is not None:
            sys.exit(self._failed)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._waker.send(b"\0")

    def _replenish(self, folder: Path) -> None:
        staying = sum(worker.word != Word.LEAVING for worker in self._workers)
        while staying < self._settings.workers and time.monotonic() >= self._next_start:
            self._workers.append(self._start(folder))
            staying += 1

    def _pause(self) -> float:
        """How long nothing is to be done unless something happens."""
        staying = sum(worker.word != Word.LEAVING for worker in self._workers)
        if staying == self._settings.workers:
            return self._patience.every_s
        return min(self._patience.every_s, max(0.0, self._next_start - time.monotonic()))

    def _start(self, folder: Path) -> Worker:
        taken = {worker.slot for worker in self._workers}
        slot = next(number for number in range(len(taken) + 1) if number not in taken)
        ours, theirs = Pipe()
        # A signal before the worker can handle it waits for it, instead of breaking its imports off with a traceback.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            with theirs:
                places = (self._listener.fileno(), theirs.fileno())
                process = subprocess.Popen(  # noqa: S603 - this very program
                    [sys.executable, "-m", "server.worker", *map(str, places)],
                    stdin=subprocess.DEVNULL,
                    pass_fds=places,
                    env={**os.environ, **metrics.environment(folder, slot)},
                )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        worker = Worker(slot, process, ours)
        try:
            ours.send((self._settings, self._addresses))
        except OSError as error:
            # Its end is noticed and dealt with like any other.
            log.warning("a worker ended before it began", worker=process.pid, error=str(error))
        return worker

    def _listen_to_workers(self, folder: Path, timeout: float) -> None:
        """Take in what the workers say, for at most `timeout` seconds; returns when something was said or done."""
        lifelines = {worker.lifeline: worker for worker in self._workers}
        for ready in wait([*lifelines, self._woken], timeout):
            if not isinstance(ready, Connection):
                self._woken.recv(64)
                continue
            worker = lifelines[ready]
            try:
                word = Word(ready.recv())
            except (EOFError, OSError):
                self._bury(worker, folder)
                continue
            worker.heard = time.monotonic()
            if word == Word.ALIVE:
                continue
            worker.word = word
            if word == Word.SERVING and not self._served:
                self._served = True
                if not self._stopping:
                    announce(self._listener)

    def _kill_silent(self) -> None:
        """End those that hang; their end is then noticed like any other."""
        for worker in self._patience.exhausted_by(self._workers):
            silent_s = round(time.monotonic() - worker.heard, 1)
            log.error("a worker does not answer and is killed", worker=worker.process.pid, silent_s=silent_s)
            worker.process.kill()

    def _bury(self, worker: Worker, folder: Path) -> None:
        """A worker's lifeline has ended, and so has the worker."""
        worker.lifeline.close()
        code = worker.process.wait()
        self._workers.remove(worker)
        metrics.forget(folder, worker.slot)
        if self._stopping or worker.word == Word.LEAVING:
            if code:
                log.warning("a worker did not end in good order", worker=worker.process.pid, code=code)
            return
        if code > 0 and not self._served:
            # What kept the first from starting would keep the next one too.
            self._failed = self._failed or code
            return
        log.warning("a worker died and is replaced", worker=worker.process.pid, code=code)
        now = time.monotonic()
        self._next_start = now + self._pauses.after(now - worker.started)

    def _end_all(self, folder: Path) -> None:
        """End every worker in good order, or by force where that takes too long."""
        ignore_stop_signals()
        self._stopping = True
        # First, or connections would wait in a backlog that nobody serves.
        self._listener.close()
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + self._leaving_s
        while self._workers:
            left = deadline - time.monotonic()
            if left <= 0:
                for worker in self._workers:
                    log.warning("a worker had to be killed", worker=worker.process.pid)
                    worker.process.kill()
            self._listen_to_workers(folder, max(left, MARGIN_S if left <= 0 else 0.0))
        self._woken.close()
        self._waker.close()
