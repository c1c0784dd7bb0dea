"""What a session needs of its connection: a way out that never blocks, and a hand on the way in."""

from typing import Protocol

from protocol.codes import CloseCode
from server.live.frames import Way


class Outgoing(Protocol):
    """One client's connection, as its session sees it. No method waits; after `close` the others do nothing.

    A connection tells its session when its client falls behind and when it has caught up; see `Session`.
    """

    @property
    def way(self) -> Way:
        """What the connection takes."""
        ...

    def write(self, data: bytes) -> None:
        """Write what `way` encoded."""
        ...

    def close(self, code: CloseCode) -> None:
        """Close after what was written; a client that does not take it is cut off a little later."""
        ...

    def hold(self) -> None:
        """Take in nothing more from the client until `proceed`."""
        ...

    def proceed(self) -> None:
        """Take in again what the client says."""
        ...
