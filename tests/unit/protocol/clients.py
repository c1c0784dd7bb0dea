"""Clients of the core in a known state, and the messages that bring them there."""

from typing import Any

from protocol.client import Client
from protocol.effects import (
    Effect,
    Send,
)
from protocol.from_server import (
    Hold,
    Locked,
    Snapshot,
    Welcome,
)
from tests.unit.protocol.model import LIMITS

AT = 1_790_000_000_000
HOLD = Hold(seat=1, expires_at=AT + 900_000, first_at=AT)
OTHER = Hold(seat=2, expires_at=AT + 900_000, first_at=AT)


def welcome(epoch: str = "e1", version: int = 0, **also: Any) -> Welcome:
    """A welcome of a holder without seats, but for what is said."""
    fields: dict[str, Any] = {
        "showtime": "demo",
        "layout": 1,
        "server_at": AT,
        "can_lock": True,
        "holds": [],
        "holds_version": version,
        "limits": LIMITS,
        "heartbeat_ms": 25_000,
        "viewers": 3,
    }
    return Welcome(epoch=epoch, version=version, **(fields | also))


def snapshot(version: int = 0, seats: str = "AAAA", epoch: str = "e1") -> Snapshot:
    """The whole map."""
    return Snapshot(epoch=epoch, version=version, layout=1, seats=seats)


def locked(client: Client, request_id: int | str, version: int, receipt: str = "r1") -> list[Effect]:
    """The client hears that a request of its own was granted."""
    return client.received(
        Locked(id=request_id, version=version, seats=[1], holds=[HOLD], holds_version=version, receipt=receipt), 0
    )


def online(now: int = 0, **also: Any) -> Client:
    """A client that has been welcomed and has a map of four free seats at version 0 of e1; no jitter in its waits."""
    client = Client(random=lambda: 0.5)
    client.connecting()
    client.opened(now)
    client.received(welcome(**also), now)
    client.received(snapshot(), now)
    return client


def sent(effects: list[Effect]) -> list[Any]:
    """The messages among the effects."""
    return [effect.message for effect in effects if isinstance(effect, Send)]
