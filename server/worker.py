"""One worker of several, as its supervisor starts it: `python -m server.worker <listening socket> <lifeline>`.

Both arguments are numbers of inherited file descriptors; settings and addresses come down the lifeline.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import Connection
from types import FrameType
from typing import Final, NoReturn

from server.embedded import Addresses
from server.listening import address_of
from server.main import create_app
from server.ops import metrics
from server.ops.logging import configure
from server.ops.settings import Settings
from server.serving import Server
from server.stopping import SHUTDOWN_S, STOP_SIGNALS, on_stop_signals
from server.supervisor import MARGIN_S, Word

ORPHANED: Final = 1
"""The exit code of a worker that had to break off because its supervisor is dead."""

SIGNS: Final = 10
"""How many signs of life a worker gives in the time that it may be silent."""


class Signs:
    """Tells the supervisor that the event loop turns, at most every `every_s`; a call of it never waits."""

    def __init__(self, lifeline: Connection, every_s: float) -> None:
        self._lifeline = lifeline
        self._every_s = every_s
        self._next = 0.0

    def __call__(self) -> None:
        """It turns."""
        now = time.monotonic()
        # A supervisor that stands still reads nothing: its workers must not come to wait for it.
        if now >= self._next and select.select([], [self._lifeline], [], 0)[1]:
            self._next = now + self._every_s
            _tell(self._lifeline, Word.ALIVE)


def main() -> None:
    """Serve until a signal, or until the supervisor is dead."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    lifeline = Connection(int(sys.argv[2]))
    try:
        settings, addresses = _needs(lifeline)
    except EOFError:
        return
    configure(settings.log_level, settings.log_format)
    on_stop_signals(_end)
    # Those that came during the imports come now.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    orphaned = threading.Event()
    threading.Thread(target=_follow, args=(lifeline, settings, orphaned), name="lifeline", daemon=True).start()
    server = Server(
        create_app(settings, addresses, address=address_of(listener)),
        settings,
        on_started=lambda: _tell(lifeline, Word.SERVING),
        on_alive=Signs(lifeline, settings.worker_silence_ms / 1000 / SIGNS),
        on_stopping=lambda: _tell(lifeline, Word.LEAVING),
    )
    try:
        server.run(sockets=[listener])
    finally:
        if orphaned.is_set():
            metrics.discard()


def _needs(lifeline: Connection) -> tuple[Settings, Addresses]:
    needs: tuple[Settings, Addresses] = lifeline.recv()
    return needs


def _tell(lifeline: Connection, word: Word) -> None:
    # Where nobody listens any more, `_follow` has noticed too.
    with contextlib.suppress(OSError):
        lifeline.send(int(word))


def _follow(lifeline: Connection, settings: Settings, orphaned: threading.Event) -> None:
    """Wait for the supervisor's death and end as it would have had it, in good order or else by force."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    orphaned.set()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(settings.drain_ms / 1000 + SHUTDOWN_S + MARGIN_S)
    metrics.discard()
    os._exit(ORPHANED)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
