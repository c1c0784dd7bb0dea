"""One message for many connections: encoded once per codec, when the first that speaks it is met."""

from protocol.codec import Codec
from protocol.from_server import ServerMessage


class Broadcast:
    """A message and its encodings."""

    __slots__ = ("_encoded", "message")

    def __init__(self, message: ServerMessage) -> None:
        self.message = message
        self._encoded: dict[str, bytes] = {}

    def encoded(self, codec: Codec) -> bytes:
        """The message's bytes in `codec`."""
        data = self._encoded.get(codec.subprotocol)
        if data is None:
            data = self._encoded[codec.subprotocol] = codec.encode(self.message)
        return data
