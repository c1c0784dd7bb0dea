"""What our viewers read: deltas and snapshots, each decoded once, and when the requests behind them were sent."""

from collections.abc import Callable
from typing import Final

from loadtests.frames import handshake
from loadtests.swarm import Link, Message
from protocol.codec import MSGPACK
from protocol.from_server import Delta, ServerMessage, Snapshot, Viewers

SHOWTIME: Final = "demo"


def request(host: str, *, showtime: str = SHOWTIME, token: str = "", query: str = "") -> bytes:
    """The handshake of a viewer, or with a token that of a picker."""
    headers = [("Sec-WebSocket-Protocol", MSGPACK.subprotocol)]
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    return handshake(f"/ws/showtimes/{showtime}{query}", host, headers)


class SeatMapReader:
    """Knows the server's messages; those for one connection alone go to `on_personal`."""

    def __init__(self) -> None:
        self.sent: dict[tuple[int, str], int] = {}
        """When a request was sent that gives this seat this letter, as the pickers note it."""
        self.on_personal: Callable[[Link, ServerMessage, int], None] = _ignore

    def shared(self, payload: bytes) -> Message | None:
        """A delta or a snapshot."""
        # The type is the first field of every message; others cost the measuring side no decoding here.
        if b"delta" not in payload[:24] and b"snapshot" not in payload[:24]:
            return None
        message = MSGPACK.decode_server(payload)
        match message:
            case Delta():
                sent = [self.sent[change] for change in map(tuple, message.changes) if change in self.sent]
                return Message(start=message.from_version, version=message.version, sent=sent, ready=True)
            case Snapshot():
                return Message(start=-1, version=message.version, sent=(), ready=True)
            case _:
                return None

    def personal(self, link: Link, payload: bytes, arrived: int) -> None:
        """Answers to pickers; who only watches gets a `welcome` and counts of viewers, which are left unread."""
        if link.version >= 0 and b"viewers" not in payload[:24]:
            message = MSGPACK.decode_server(payload)
            if not isinstance(message, Viewers):
                self.on_personal(link, message, arrived)


def _ignore(_link: Link, _message: ServerMessage, _arrived: int) -> None:
    """Nobody asked anything."""
