"""The signals that stop a process, and how long it may take to end."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Each ends the server in good order; the last one comes from a terminal that is closed."""

SHUTDOWN_S: Final = 10
"""How long open requests may take after SIGTERM."""


def on_stop_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    """From now on the signals that stop call `handler`; where SIGHUP is ignored, as under nohup, it stays so."""
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def ignore_stop_signals() -> None:
    """From now on the process ends by itself alone: a signal would break off what is being put in order."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
