"""What arrived on which socket, and when: read in C where there is a compiler, else in Python, at twice the cost.

What is read is looked at only when nothing more is there, so that no arrival is noted late because of those before it.
"""

import ctypes
import math
import os
import select
import time
from array import array
from collections.abc import Iterable
from typing import Final, Protocol

from loadtests.compiled import compiled

PIECE: Final = 1 << 16
EVENTS: Final = 512
MOST: Final = 16_384
"""Pieces taken in one go."""

ARENA: Final = 16 << 20
MANY: Final = 32
LINGER_NS: Final = 200_000
"""After more than `MANY` pieces, how long the next one is awaited without sleeping."""

_WRITABLE: Final = -2

Piece = tuple[int, bytes | None, int]
"""A descriptor; what was read, empty at the end or after an error, None if the socket can be written to; and when."""


class Intake(Protocol):
    """Reads the sockets of an epoll."""

    def drain(self, timeout_s: float) -> Iterable[Piece]:
        """Wait at most so long for something to happen; what did."""


class InC:
    """`reader.c`."""

    def __init__(self, epoll: select.epoll, library: ctypes.CDLL) -> None:
        self._epoll = epoll
        self._drain = library.drain
        self._columns = tuple(array("q", bytes(8 * MOST)) for _ in range(4))
        self._arena = bytearray(ARENA)
        self._view = memoryview(self._arena)
        longs = ctypes.c_longlong * MOST
        self._arguments = (
            *(longs.from_buffer(column) for column in self._columns),
            (ctypes.c_char * ARENA).from_buffer(self._arena),
            ctypes.c_longlong(ARENA),
        )

    def drain(self, timeout_s: float) -> Iterable[Piece]:
        """See `Intake`."""
        timeout_ms = math.ceil(max(0.0, timeout_s) * 1000)
        linger = ctypes.c_longlong(LINGER_NS)
        count = self._drain(self._epoll.fileno(), timeout_ms, MANY, linger, MOST, *self._arguments)
        if count < 0:
            raise OSError(-count, os.strerror(-count))
        fds, sizes, times, places = (column[:count] for column in self._columns)
        view = self._view
        for fd, size, when, place in zip(fds, sizes, times, places, strict=True):
            yield fd, (None if size == _WRITABLE else bytes(view[place : place + max(0, size)])), when


class InPython:
    """The same without a compiler."""

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll

    def drain(self, timeout_s: float) -> Iterable[Piece]:
        """See `Intake`."""
        for fd, event in self._epoll.poll(max(0.0, timeout_s), EVENTS):
            if event & select.EPOLLOUT:
                yield fd, None, time.monotonic_ns()
                continue
            try:
                data = os.read(fd, PIECE)
            except OSError:
                data = b""
            yield fd, data, time.monotonic_ns()


def intake(epoll: select.epoll) -> Intake:
    """The faster of those that this machine has."""
    library = compiled("reader.c", "-shared", "-fPIC")
    return InPython(epoll) if library is None else InC(epoll, ctypes.CDLL(str(library)))
