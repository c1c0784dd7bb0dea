"""The two codecs, MessagePack and JSON: the same messages under the same field names.

Decoding raises `DecodeError` and nothing else, whatever the bytes:

    DecodeError
    ├── UndecodableError     not MessagePack, or not JSON: counts towards `bad_message` (4502)
    └── NotUnderstoodError   readable, but no message of the contract: `bad_request`, with the `id` if it could be read
"""

from typing import Any, Final, Protocol

import msgspec

from protocol.from_client import ClientMessage, Extend, Lock, Unlock, distinct
from protocol.from_server import ServerMessage
from protocol.scalars import RequestId

MAX_INBOUND_BYTES: Final = 4096
"""A longer message from a client is closed with 1009."""

_TOO_DEEP: Final = "nested too deeply"


class DecodeError(ValueError):
    """Bytes that are no message of the contract."""


class UndecodableError(DecodeError):
    """Bytes that the codec cannot read at all."""


class NotUnderstoodError(DecodeError):
    """A readable value that is no message of the contract; `id` is the request's, None if it could not be read."""

    def __init__(self, reason: str, request_id: RequestId | None = None) -> None:
        super().__init__(reason)
        self.id = request_id


class _Format(Protocol):
    """What `msgspec.json` and `msgspec.msgpack` have in common."""

    Encoder: Any
    Decoder: Any


class Codec:
    """Turns messages into bytes and back; stateless and shared by every connection that speaks it."""

    def __init__(self, subprotocol: str, *, binary: bool, fmt: _Format) -> None:
        self.subprotocol: Final = subprotocol
        self.binary: Final = binary
        self._encode = fmt.Encoder().encode
        self._decode_any = fmt.Decoder().decode
        self._decode_client = fmt.Decoder(ClientMessage).decode
        self._decode_server = fmt.Decoder(ServerMessage).decode

    def __repr__(self) -> str:
        return f"Codec({self.subprotocol!r})"

    def encode(self, message: ClientMessage | ServerMessage) -> bytes:
        """The message's bytes; for JSON they are UTF-8."""
        encoded: bytes = self._encode(message)
        return encoded

    def decode_client(self, data: bytes) -> ClientMessage:
        """The message that a client sent, checked in full; raises `DecodeError`."""
        message: ClientMessage = self._decode(data, self._decode_client, ClientMessage)
        match message:
            case Lock(seats=tuple(seats)) | Unlock(seats=tuple(seats)) | Extend(seats=tuple(seats)):
                if not distinct(seats):
                    raise NotUnderstoodError("seats: a seat is named twice", message.id)
            case _:
                pass
        return message

    def decode_server(self, data: bytes) -> ServerMessage:
        """The message that a server sent; raises `DecodeError`, also for a type that this version does not know."""
        message: ServerMessage = self._decode(data, self._decode_server, ServerMessage)
        return message

    def _decode(self, data: bytes, decode: Any, union: Any) -> Any:
        try:
            return decode(data)
        except msgspec.ValidationError:
            return self._decode_slowly(data, union)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UndecodableError(str(error)) from error
        except RecursionError as error:
            raise UndecodableError(_TOO_DEEP) from error

    def _decode_slowly(self, data: bytes, union: Any) -> Any:
        """Decode to plain values first: the last of duplicate keys wins, `type` included, and the `id` can be read."""
        try:
            value = self._decode_any(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UndecodableError(str(error)) from error
        except RecursionError as error:
            raise UndecodableError(_TOO_DEEP) from error
        try:
            return msgspec.convert(value, union)
        except msgspec.ValidationError as error:
            raise NotUnderstoodError(str(error), _read_id(value)) from error
        except RecursionError as error:
            raise UndecodableError(_TOO_DEEP) from error


def _read_id(value: object) -> RequestId | None:
    if not isinstance(value, dict):
        return None
    try:
        request_id: RequestId = msgspec.convert(value.get("id"), RequestId)
    except msgspec.ValidationError:
        return None
    return request_id


MSGPACK: Final = Codec("seatmap.v1.msgpack", binary=True, fmt=msgspec.msgpack)
JSON: Final = Codec("seatmap.v1.json", binary=False, fmt=msgspec.json)

CODECS: Final = {codec.subprotocol: codec for codec in (MSGPACK, JSON)}
"""By subprotocol; a client offers, and the server picks the first that it knows."""


def negotiate(offered: list[str]) -> Codec | None:
    """The codec of the first subprotocol offered that is known; JSON if none was offered, None if none is known."""
    if not offered:
        return JSON
    return next((CODECS[name] for name in offered if name in CODECS), None)
