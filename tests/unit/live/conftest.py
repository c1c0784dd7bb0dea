"""A room on a recording store, and sessions in it."""

from collections.abc import AsyncIterator

import pytest

from server.domain.holds import Holder
from server.live.bounds import Bounds
from server.live.room import Room
from server.ops.texts import Language
from tests.unit.live.clients import Client, Connect
from tests.unit.live.recording import HOLDER, SHOWTIME, HistoryStore


@pytest.fixture
async def store() -> HistoryStore:
    """A store at version 1 of its first epoch."""
    return HistoryStore()


@pytest.fixture
async def room(store: HistoryStore) -> AsyncIterator[Room]:
    """A room on the store."""
    room = Room(SHOWTIME, store, Bounds(log_length=100, coalesce_ms=0))  # type: ignore[arg-type]  # the fake has what it uses
    room.follower.refill()
    await room.ready()
    yield room
    room.close()


@pytest.fixture
async def connect(room: Room, store: HistoryStore) -> AsyncIterator[Connect]:
    """Makes sessions that leave at the end."""
    clients: list[Client] = []

    def make(*, holder: Holder | None = HOLDER, display: bool = False, language: Language = "en") -> Client:
        clients.append(Client(room, store, holder=holder, display=display, language=language))
        return clients[-1]

    yield make
    for client in clients:
        client.session.leave()
