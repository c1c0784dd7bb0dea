"""A holder is warned before the end of locks, and told of it."""

import asyncio

from protocol.from_server import Expired, Expiring
from server.live.room import Room
from server.ports import PrivateChange
from tests.unit.live.clients import Connect, hold, settle
from tests.unit.live.recording import HOLDER, HistoryStore


async def test_expired_names_the_seats_that_ended(connect: Connect, room: Room, store: HistoryStore) -> None:
    """A sweep tells the holder which locks ended and what is left."""
    client = connect()
    await client.session.greet(None)
    client.outgoing.take()
    left = (7, 1_950_000, 1_000_000, 1, 1, None)
    room.follower.announced(store.mutate((6, "A"), private=(PrivateChange(HOLDER.id, "expired", (6,), (left,)),)))
    (told,) = client.outgoing.of(Expired)
    assert (told.seats, [held.seat for held in told.holds], told.holds_version) == ([6], [7], 2)


async def test_expiring_is_said_once_per_expiry(connect: Connect, store: HistoryStore) -> None:
    """A short hold is announced at once, once; an extension is announced anew; a checkout never."""
    store.holds[HOLDER.id] = (hold(1, store.time + 5_000), hold(2, store.time + 5_000), hold(3, store.time + 100, "o"))
    client = connect()
    await client.session.greet(None)
    client.session.reread()
    await settle()
    assert client.outgoing.of(Expiring) == [Expiring(seats=[1, 2], expires_at=store.time + 5_000)]
    store.holds[HOLDER.id] = (hold(1, store.time + 6_000), hold(2, store.time + 5_000))
    client.session.reread()
    await settle()
    assert client.outgoing.of(Expiring)[1:] == [Expiring(seats=[1], expires_at=store.time + 6_000)]


async def test_expiring_waits_for_its_minute(connect: Connect, store: HistoryStore) -> None:
    """A long hold is announced when its last minute begins, by the store's clock."""
    store.holds[HOLDER.id] = (hold(1, store.time + 60_020),)
    client = connect()
    await client.session.greet(None)
    assert client.outgoing.of(Expiring) == []
    store.time += 20
    while not client.outgoing.of(Expiring):
        await asyncio.sleep(0.005)
    assert client.outgoing.of(Expiring) == [Expiring(seats=[1], expires_at=store.time + 60_000)]
