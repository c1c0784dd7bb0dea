"""What the client core tells its shell to do, and what it tells the application.

The core returns these in order; a shell carries out orders and hands events on:

    Effect
    ├── Order    Send, Drop, Reconnect, Stop: for the shell alone
    └── Event    for the application: state, map, holds and answers, and these of the server's messages as they are:
                 `Expiring`, `Expired`, `Viewers`, `Queue`, `Notice`
"""

from enum import Enum

import msgspec

from protocol.from_client import ClientMessage, Request
from protocol.from_server import (
    Authenticated,
    Expired,
    Expiring,
    Extended,
    Hold,
    Locked,
    Notice,
    Pong,
    Queue,
    Rejected,
    Unlocked,
    Viewers,
)
from protocol.scalars import Change

Answer = Locked | Extended | Unlocked | Authenticated | Rejected | Pong
"""What a request is answered with."""


class ConnectionState(Enum):
    """Where a client stands with its server."""

    CONNECTING = "connecting"
    """A connection is being opened, or is open without a `welcome` yet."""
    ONLINE = "online"
    """The server has welcomed this client: requests may be made."""
    WAITING = "waiting"
    """The connection was lost, and another will be tried."""
    STOPPED = "stopped"
    """There will be no other connection."""


class Send(msgspec.Struct, frozen=True):
    """Order: send this message."""

    message: ClientMessage


class Drop(msgspec.Struct, frozen=True):
    """Order: cut the connection without waiting for the other side, and report it closed (1006)."""


class Reconnect(msgspec.Struct, frozen=True):
    """Order: open another connection after `delay_ms` milliseconds."""

    delay_ms: int


class Stop(msgspec.Struct, frozen=True):
    """Order: open no other connection. One of the close code and the HTTP status says why; neither, if asked to."""

    code: int | None = None
    status: int | None = None


class ConnectionChanged(msgspec.Struct, frozen=True):
    """Event: the client's standing with the server is another; `code` is the close code that ended the last one."""

    state: ConnectionState
    code: int | None = None


class MapReplaced(msgspec.Struct, frozen=True):
    """Event: a snapshot replaced the map; `changes` are the letters that differ from before (all, if the size does)."""

    changes: list[Change]


class MapChanged(msgspec.Struct, frozen=True):
    """Event: the map is at a later version; `changes` are the letters that the server named, perhaps none."""

    changes: list[Change]


class HoldsChanged(msgspec.Struct, frozen=True):
    """Event: this holder's seats are now these."""

    holds: tuple[Hold, ...]


class Answered(msgspec.Struct, frozen=True):
    """Event: the server answered a request of the application, or the `restore` that the core sent by itself."""

    request: Request
    answer: Answer


class Unanswered(msgspec.Struct, frozen=True):
    """Event: a request will get no answer; its outcome is unknown if it was `sent`, else nothing happened."""

    request: Request
    sent: bool


Order = Send | Drop | Reconnect | Stop
Event = (
    ConnectionChanged
    | MapReplaced
    | MapChanged
    | HoldsChanged
    | Answered
    | Unanswered
    | Expiring
    | Expired
    | Viewers
    | Queue
    | Notice
)
Effect = Order | Event
