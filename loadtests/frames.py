"""WebSocket frames for measuring clients: a handshake, masked frames out, frames in taken apart by their lengths."""

import base64
import os
import re
import struct
from collections.abc import Iterable
from typing import Final

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

_FIN: Final = 0x80
_MASKED: Final = 0x80
_SHORT: Final = 126
_LONG: Final = 127
_NO_MASK: Final = bytes(4)
"""A mask of zeros, which changes nothing: allowed, and spares the measuring side the work."""

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


def handshake(path: str, host: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """The request that asks for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    ).encode()


def status_of(head: bytes) -> int:
    """The HTTP status in the first bytes of an answer; 0 if it is none."""
    found = _STATUS.match(head)
    return int(found[1]) if found else 0


def frame(opcode: int, payload: bytes) -> bytes:
    """A frame as a client sends it."""
    size = len(payload)
    if size < _SHORT:
        head = bytes((_FIN | opcode, _MASKED | size))
    elif size < 1 << 16:
        head = struct.pack(">BBH", _FIN | opcode, _MASKED | _SHORT, size)
    else:
        head = struct.pack(">BBQ", _FIN | opcode, _MASKED | _LONG, size)
    return head + _NO_MASK + payload


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """((opcode, payload) of every complete frame that a server sent, what is left over)."""
    found = []
    start, end = 0, len(data)
    while end - start >= 2:
        size, body = data[start + 1], start + 2
        if size == _SHORT:
            size, body = int.from_bytes(data[start + 2 : start + 4]), start + 4
        elif size == _LONG:
            size, body = int.from_bytes(data[start + 2 : start + 10]), start + 10
        if body + size > end or body > end:
            break
        found.append((data[start] & 0x0F, data[body : body + size]))
        start = body + size
    return found, data[start:]
