"""WebSocket frames (RFC 6455) of a connection whose handshake is done: bytes in, events out, and no I/O.

A server's side alone: what it reads is masked, what it writes is not, and no extension is in use. Lengths that are
encoded longer than need be are read all the same. A reader that waits for nothing holds no buffer.
"""

import struct
from typing import Final, TypeAlias

from msgspec import Struct
from websockets.exceptions import ProtocolError
from websockets.frames import Close, CloseCode

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

MAX_FRAGMENTS: Final = 1024
"""In how many frames one message may come: empty ones would else go on for ever."""

MAX_CONTROL_BYTES: Final = 125

_NO_CODE: Final = 1005
"""What a close frame without a code is said to carry."""

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_OPCODES: Final = frozenset((_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG))
_FIN: Final = 0x80
_OPCODE: Final = 0x0F
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_WHOLE_TEXT: Final = _FIN | _TEXT
_WHOLE_BINARY: Final = _FIN | _BINARY
_WHOLE_CLOSE: Final = _FIN | _CLOSE
_WHOLE_PING: Final = _FIN | _PING
_WHOLE_PONG: Final = _FIN | _PONG
_LEADS: Final = frozenset((*(_FIN | opcode for opcode in _OPCODES), _CONTINUATION, _TEXT, _BINARY))
"""Every first byte that a frame may have."""


class Text(Struct, frozen=True, gc=False):
    """A complete text message; its bytes are valid UTF-8."""

    payload: bytes


class Binary(Struct, frozen=True, gc=False):
    """A complete binary message."""

    payload: bytes


class Ping(Struct, frozen=True, gc=False):
    """A ping, to be answered with a pong of the same payload."""

    payload: bytes


class Pong(Struct, frozen=True, gc=False):
    """A pong, asked for or not."""

    payload: bytes


class Closed(Struct, frozen=True, gc=False):
    """The client's close frame, the last event; 1005 stands for one without a code."""

    code: int
    reason: str


class Violation(Struct, frozen=True, gc=False):
    """The client broke the protocol and is to be closed with this code (1002, 1007 or 1009); the last event."""

    code: int
    reason: str


Event: TypeAlias = Text | Binary | Ping | Pong | Closed | Violation


class _LastEventError(Exception):
    """Nothing after `event` is read; never leaves this module."""

    def __init__(self, event: Closed | Violation) -> None:
        super().__init__(event)
        self.event: Final = event


def frame(payload: bytes, *, binary: bool) -> bytes:
    """One complete data frame, header included, for every connection alike."""
    return _frame(_WHOLE_BINARY if binary else _WHOLE_TEXT, payload)


def ping_frame(payload: bytes = b"") -> bytes:
    """A ping; raises `ValueError` for more than 125 bytes."""
    return _control(_WHOLE_PING, payload)


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping; raises `ValueError` for more than 125 bytes."""
    return _control(_WHOLE_PONG, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame, without payload for 1005, so that it also answers every `Closed`.

    Raises `ValueError` for a code that may not be sent and for a reason of more than 123 bytes.
    """
    if code == _NO_CODE and not reason:
        return _control(_WHOLE_CLOSE, b"")
    try:
        return _control(_WHOLE_CLOSE, Close(code, reason).serialize())
    except ProtocolError as error:
        raise ValueError(f"close code {code} cannot be sent") from error


def _control(first: int, payload: bytes) -> bytes:
    if len(payload) > MAX_CONTROL_BYTES:
        raise ValueError(f"a control frame carries {MAX_CONTROL_BYTES} bytes at most, not {len(payload)}")
    return _frame(first, payload)


def _frame(first: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return struct.pack("!BBH", first, 126, length) + payload
    return struct.pack("!BBQ", first, 127, length) + payload


class FrameReader:
    """The incoming half of one connection; `max_size` is in bytes and bounds a message, whole or in fragments.

    It holds one partial message and one partial frame at most, together no more than `max_size` and a control frame.
    """

    __slots__ = ("_ended", "_fragments", "_max_size", "_message", "_opcode", "_partial", "_wanted")

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._ended = False
        self._partial: bytearray | None = None
        """The frame that is not complete yet, and how long it must get before it is worth another look."""
        self._wanted = 0
        self._message: bytearray | None = None
        """The fragments so far of a message, its opcode, and their number."""
        self._opcode = _CONTINUATION
        self._fragments = 0

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes, in order; nothing more once a `Closed` or a `Violation` was told."""
        events: list[Event] = []
        if self._ended:
            return events
        buffer: bytes | bytearray = data
        if self._partial is not None:
            buffer = self._partial
            buffer += data
            if len(buffer) < self._wanted:
                return events
        try:
            self._read(buffer, events)
        except _LastEventError as last:
            events.append(last.event)
            self._ended = True
            self._partial = self._message = None
        return events

    def _read(self, buffer: bytes | bytearray, events: list[Event]) -> None:
        """Take every complete frame of `buffer`, and keep the rest."""
        start, end = 0, len(buffer)
        wanted = 2
        while end - start >= 2:
            first = buffer[start]
            length = buffer[start + 1] ^ _MASKED
            payload_at = start + 6
            if length > MAX_CONTROL_BYTES or first not in _LEADS:
                payload_at += _extension(first, length)
                if end < payload_at - 4:
                    wanted = payload_at - 4 - start
                    break
                length = int.from_bytes(buffer[start + 2 : payload_at - 4], "big")
            if first < _WHOLE_CLOSE:
                self._admit(first, length)
            stop = payload_at + length
            if end < stop:
                wanted = stop - start
                break
            payload = apply_mask(buffer[payload_at:stop], buffer[payload_at - 4 : payload_at])
            if first >= _WHOLE_CLOSE:
                events.append(_control_event(first, payload))
            elif first & _FIN and self._message is None:
                events.append(_message_event(first, payload))
            else:
                self._gather(first, payload, events)
            start = stop
        if start == end:
            self._partial = None
            return
        if start or self._partial is None:
            self._partial = bytearray(buffer[start:])
        self._wanted = wanted

    def _admit(self, first: int, length: int) -> None:
        """Refuse a data frame by its header alone: out of turn, too long, or one fragment too many."""
        message = self._message
        if message is None:
            if not first & _OPCODE:
                raise _broken(CloseCode.PROTOCOL_ERROR, "continuation of nothing")
            if length > self._max_size:
                raise _broken(CloseCode.MESSAGE_TOO_BIG, "message too large")
            return
        if first & _OPCODE:
            raise _broken(CloseCode.PROTOCOL_ERROR, "message inside a message")
        if length + len(message) > self._max_size:
            raise _broken(CloseCode.MESSAGE_TOO_BIG, "message too large")
        if self._fragments >= MAX_FRAGMENTS:
            raise _broken(CloseCode.MESSAGE_TOO_BIG, "too many fragments")

    def _gather(self, first: int, payload: bytes, events: list[Event]) -> None:
        """Add a fragment to its message, and tell of the message with the last one."""
        message = self._message
        if message is None:
            self._message = bytearray(payload)
            self._opcode = first
            self._fragments = 1
            return
        message += payload
        self._fragments += 1
        if first & _FIN:
            self._message = None
            events.append(_message_event(self._opcode, bytes(message)))


def _extension(first: int, length: int) -> int:
    """How many bytes of length follow the first two of a header; raises `_LastEventError` where these are wrong.

    `length` is the second byte with the mask bit turned over: an unmasked frame has it set.
    """
    if first & _RESERVED:
        raise _broken(CloseCode.PROTOCOL_ERROR, "reserved bits are set")
    if first & _OPCODE not in _OPCODES:
        raise _broken(CloseCode.PROTOCOL_ERROR, "unknown opcode")
    if length & _MASKED:
        raise _broken(CloseCode.PROTOCOL_ERROR, "frame not masked")
    if first not in _LEADS:
        raise _broken(CloseCode.PROTOCOL_ERROR, "control frame in fragments")
    if first >= _WHOLE_CLOSE:
        raise _broken(CloseCode.PROTOCOL_ERROR, "control frame too long")
    return 2 if length == 126 else 8


def _message_event(opcode: int, payload: bytes) -> Event:
    if opcode & _OPCODE == _BINARY:
        return Binary(payload)
    if not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise _broken(CloseCode.INVALID_DATA, "text is not UTF-8") from None
    return Text(payload)


def _control_event(first: int, payload: bytes) -> Event:
    if first == _WHOLE_PING:
        return Ping(payload)
    if first == _WHOLE_PONG:
        return Pong(payload)
    try:
        close = Close.parse(payload)
    except ProtocolError as error:
        raise _broken(CloseCode.PROTOCOL_ERROR, str(error)) from None
    except UnicodeDecodeError:
        raise _broken(CloseCode.INVALID_DATA, "close reason is not UTF-8") from None
    raise _LastEventError(Closed(int(close.code), close.reason))


def _broken(code: CloseCode, reason: str) -> _LastEventError:
    return _LastEventError(Violation(int(code), reason))
