"""A viewer with as little of its own as possible: a handshake, then the time at which each message arrived."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from loadtests.frames import BINARY, split, status_of
from loadtests.seatmap import request


class Viewer(asyncio.Protocol):
    """One WebSocket connection that reads; `on_message(arrived_ns, payload)` is called for each complete message."""

    def __init__(self, showtime: str, host: str, on_message: Callable[[int, bytes], None]) -> None:
        self._showtime = showtime
        self._host = host
        self._on_message = on_message
        self._buffer = b""
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket that speaks MessagePack."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = transport = cast("asyncio.Transport", transport)
        transport.write(request(self._host, showtime=self._showtime))

    def data_received(self, data: bytes) -> None:
        """Take frames apart; a server's frames are not masked."""
        arrived = time.perf_counter_ns()
        self._buffer += data
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert status_of(head) == 101, head
            self._upgraded, self._buffer = True, rest
        complete, self._buffer = split(self._buffer)
        for opcode, payload in complete:
            if opcode == BINARY:
                self._on_message(arrived, payload)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


async def open_viewers(
    host: str, port: int, showtime: str, count: int, on_message: Callable[[int, bytes], None]
) -> list[Viewer]:
    """`count` viewers, connected one after the other."""
    loop = asyncio.get_running_loop()
    viewers = []
    for _ in range(count):
        _, viewer = await loop.create_connection(lambda: Viewer(showtime, f"{host}:{port}", on_message), host, port)
        viewers.append(viewer)
    return viewers
