"""Frames as a client sends them, right and wrong, and what a reader makes of them."""

from collections.abc import Iterable
from typing import Final

from websockets.utils import apply_mask

from server.live.framing import Event, FrameReader

MASK: Final = b"\x37\xfa\x21\x3d"

FIN: Final = 0x80
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def header(first: int, length: int) -> bytes:
    """The header of a masked frame of `length` bytes, in the shortest encoding."""
    if length < 126:
        return bytes((first, 0x80 | length)) + MASK
    if length < 1 << 16:
        return bytes((first, 0x80 | 126)) + length.to_bytes(2, "big") + MASK
    return bytes((first, 0x80 | 127)) + length.to_bytes(8, "big") + MASK


def masked(first: int, payload: bytes = b"") -> bytes:
    """A masked frame whose first byte is `first`, be it allowed or not."""
    return header(first, len(payload)) + apply_mask(payload, MASK)


def text(payload: bytes) -> bytes:
    """A text message in one frame."""
    return masked(FIN | TEXT, payload)


def binary(payload: bytes) -> bytes:
    """A binary message in one frame."""
    return masked(FIN | BINARY, payload)


def ping(payload: bytes = b"") -> bytes:
    """A ping."""
    return masked(FIN | PING, payload)


def pong(payload: bytes = b"") -> bytes:
    """A pong."""
    return masked(FIN | PONG, payload)


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    """A close frame, or one without payload."""
    return masked(FIN | CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)


def fragments(opcode: int, *payloads: bytes) -> list[bytes]:
    """The frames of one message in as many fragments as there are payloads."""
    last = len(payloads) - 1
    return [
        masked((FIN if number == last else 0) | (CONTINUATION if number else opcode), payload)
        for number, payload in enumerate(payloads)
    ]


def chunks(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The pieces of `data` between the places in `cuts`."""
    ends = [*sorted(cut for cut in set(cuts) if 0 < cut < len(data)), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def octets(data: bytes) -> list[bytes]:
    """`data` one byte at a time."""
    return chunks(data, range(len(data)))


def read(reader: FrameReader, pieces: Iterable[bytes]) -> list[Event]:
    """All events of what comes in pieces."""
    return [event for piece in pieces for event in reader.feed(piece)]


def held(reader: FrameReader) -> int:
    """How many bytes of the client's a reader keeps."""
    return len(reader._partial or b"") + len(reader._message or b"")
