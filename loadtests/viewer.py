"""A viewer with as little of its own as possible: a handshake, then the time at which each message arrived."""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from typing import cast

_SHORT, _LONG = 126, 127


class Viewer(asyncio.Protocol):
    """One WebSocket connection that reads; `on_message(arrived_ns, payload)` is called for each complete message."""

    def __init__(self, path: str, host: str, on_message: Callable[[int, bytes], None]) -> None:
        self._path = path
        self._host = host
        self._on_message = on_message
        self._buffer = b""
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket that speaks MessagePack."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: seatmap.v1.msgpack\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take frames apart; a server's frames are not masked."""
        arrived = time.perf_counter_ns()
        self._buffer += data
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._upgraded, self._buffer = True, rest
        while (payload := self._next_payload()) is not None:
            self._on_message(arrived, payload)

    def _next_payload(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == _SHORT:
            size, start = int.from_bytes(buffer[2:4]), 4
        elif size == _LONG:
            size, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[start : start + size]

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


async def open_viewers(
    host: str, port: int, showtime: str, count: int, on_message: Callable[[int, bytes], None]
) -> list[Viewer]:
    """`count` viewers, connected one after the other."""
    loop = asyncio.get_running_loop()
    path = f"/ws/showtimes/{showtime}"
    viewers = []
    for _ in range(count):
        _, viewer = await loop.create_connection(lambda: Viewer(path, f"{host}:{port}", on_message), host, port)
        viewers.append(viewer)
    return viewers
