"""How a message is written to a connection, and one message for many connections: encoded once for each way."""

from typing import Final

from protocol.codec import JSON, MSGPACK, Codec
from protocol.from_server import ServerMessage
from server.live.framing import frame


class Way:
    """What a connection takes: a codec's bytes, and whether as complete WebSocket frames or as bare payloads.

    There are four, one object each, so that connections can be grouped by them.
    """

    __slots__ = ("codec", "framed")

    def __init__(self, codec: Codec, *, framed: bool) -> None:
        self.codec: Final = codec
        self.framed: Final = framed

    def encode(self, message: ServerMessage) -> bytes:
        """What is written for one message."""
        payload = self.codec.encode(message)
        return frame(payload, binary=self.codec.binary) if self.framed else payload


_WAYS: Final = {(codec, framed): Way(codec, framed=framed) for codec in (MSGPACK, JSON) for framed in (True, False)}


def way(codec: Codec, *, framed: bool) -> Way:
    """The one object for this codec and framing."""
    return _WAYS[codec, framed]


class Broadcast:
    """A message and its encodings, each made when the first connection that takes it is met."""

    __slots__ = ("_encoded", "message")

    def __init__(self, message: ServerMessage) -> None:
        self.message: Final = message
        self._encoded: dict[Way, bytes] = {}

    def encoded(self, way: Way) -> bytes:
        """What is written to a connection of this way."""
        data = self._encoded.get(way)
        if data is None:
            data = self._encoded[way] = way.encode(self.message)
        return data
