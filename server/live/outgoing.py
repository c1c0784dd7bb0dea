"""What a session needs of its connection: a way out that never blocks."""

from typing import Protocol

from protocol.codec import Codec
from protocol.codes import CloseCode


class Outgoing(Protocol):
    """The way out to one client. Neither method waits; after a close both do nothing."""

    @property
    def codec(self) -> Codec:
        """What the client speaks."""
        ...

    def send(self, data: bytes) -> None:
        """Queue one encoded message; a client that lets too much pile up is closed instead."""
        ...

    def close(self, code: CloseCode) -> None:
        """Close the connection after what is queued."""
        ...
