"""A session whose client does not keep up, and one that ends in the middle of something."""

import asyncio

from protocol.codes import CloseCode, Code
from protocol.from_server import Delta, Holds, Locked, Pong, ServerMessage, Snapshot
from server.domain.holds import Granted
from server.live.room import Room
from server.live.session import INBOX_LIMIT
from server.ports import Position, PrivateChange
from tests.unit.live.clients import Client, Connect, hold, holdings, settle
from tests.unit.live.recording import HOLDER, HistoryStore


async def greeted(connect: Connect) -> Client:
    """A client past its first map."""
    client = connect()
    await client.session.greet(None)
    client.outgoing.take()
    return client


async def test_one_that_is_behind_is_told_nothing(connect: Connect, room: Room, store: HistoryStore) -> None:
    """Neither deltas nor maps that it asks for; it is not read; its requests that wait are answered all the same."""
    client = await greeted(connect)
    client.session.fell_behind()
    assert client.outgoing.held
    room.follower.announced(store.mutate((1, "L")))
    room.tell_viewers(9)
    for _ in range(5):
        assert await client.ask(type="resync", epoch="none", version=0) == []
    (pong,) = await client.ask(type="ping", id=1)
    assert isinstance(pong, Pong)


async def test_one_that_caught_up_gets_one_snapshot_and_its_holds(
    connect: Connect, room: Room, store: HistoryStore
) -> None:
    """The map as it is now, then the holds read anew, because changes to them were not told meanwhile; then deltas."""
    client = await greeted(connect)
    client.session.fell_behind()
    change = PrivateChange(HOLDER.id, "granted", (4,), ((4, 1_900_000, 1_000_000, 1, 2, None),))
    room.follower.announced(store.mutate((4, "L"), private=(change,)))
    store.holds[HOLDER.id] = (hold(4, 1_900_000),)
    client.session.caught_up()
    assert not client.outgoing.held
    await settle()
    snapshot, told = client.outgoing.take()
    assert snapshot == room.follower.map.snapshot()
    assert isinstance(told, Holds)
    assert [held.seat for held in told.holds] == [4]
    room.follower.announced(store.mutate((5, "L")))
    assert client.outgoing.take() == [Delta(from_version=2, version=3, changes=[(5, "L")])]


async def test_falling_behind_while_being_written_to(connect: Connect, room: Room, store: HistoryStore) -> None:
    """A transport calls back in the middle of a fan-out: the others are written to, and the next one passes it over."""
    clients = [await greeted(connect) for _ in range(5)]
    slow = clients[2]
    slow.outgoing.on_write = lambda _message: slow.session.fell_behind()
    room.follower.announced(store.mutate((1, "L")))
    room.follower.announced(store.mutate((2, "L")))
    assert [len(client.outgoing.take()) for client in clients] == [2, 2, 1, 2, 2]


async def test_a_snapshot_may_make_it_fall_behind_again(connect: Connect, room: Room, store: HistoryStore) -> None:
    """Where the map that should bring it up to date fills the buffer by itself, nothing is written after it."""
    client = await greeted(connect)
    client.session.fell_behind()

    def full(message: ServerMessage) -> None:
        if isinstance(message, Snapshot):
            client.session.fell_behind()

    client.outgoing.on_write = full
    client.session.caught_up()
    room.follower.announced(store.mutate((1, "L")))
    assert [type(message) for message in client.outgoing.take() if not isinstance(message, Holds)] == [Snapshot]
    assert client.outgoing.held
    client.outgoing.on_write = None
    client.session.caught_up()
    room.follower.announced(store.mutate((2, "L")))
    assert [type(message) for message in client.outgoing.take()] == [Snapshot, Delta]


async def test_one_that_stays_behind_is_closed(connect: Connect, store: HistoryStore, room: Room) -> None:
    """With 4001 when its time is over; one that caught up in time is not."""
    late, recovered = await greeted(connect), await greeted(connect)
    for client in (late, recovered):
        client.session.fell_behind()
    timers = [client.session._slow_timer for client in (late, recovered)]
    recovered.session.caught_up()
    assert timers[1] is not None
    assert timers[1].cancelled()
    assert timers[0] is not None
    assert 9 < timers[0].when() - asyncio.get_running_loop().time() <= 10
    timers[0]._run()
    assert (late.outgoing.closed, recovered.outgoing.closed) == (CloseCode.SLOW_CONSUMER, None)


async def test_a_full_inbox_stays_closed_to_more(connect: Connect, store: HistoryStore) -> None:
    """Catching up does not open it: with so many requests waiting, each new one holds the reading."""
    client = await greeted(connect)
    store.answers += [Granted(version=1, seats=(1,), holdings=holdings(store)) for _ in range(INBOX_LIMIT + 3)]
    for number in range(INBOX_LIMIT + 2):
        client.session.receive(b'{"type":"lock","id":%d,"seats":[1]}' % number, binary=False)
    client.session.fell_behind()
    client.session.caught_up()
    client.session.receive(b'{"type":"lock","id":99,"seats":[1]}', binary=False)
    assert client.outgoing.held
    await settle()
    await settle()
    assert len(client.outgoing.of(Locked)) == INBOX_LIMIT + 3
    assert client.outgoing.held is False


async def test_a_grant_that_comes_too_late(connect: Connect, store: HistoryStore) -> None:
    """A session that left while its request was under way keeps no timer, and no task, for what was granted."""
    client = await greeted(connect)
    granted = Granted(version=1, seats=(1,), holdings=holdings(store, hold(1, 1_900_000)))
    store.answers.append(granted)
    client.session.receive(b'{"type":"lock","id":1,"seats":[1]}', binary=False)
    client.session.leave()
    client.session.watch(granted.holdings)
    await settle()
    assert client.session._warner is None
    assert client.session._inbox is None


async def test_requests_do_not_wait_behind_holds_that_cannot_be_read(
    connect: Connect, room: Room, store: HistoryStore
) -> None:
    """While the store is away, holders who wait for their holds keep nobody's request from its refusal."""
    client = await greeted(connect)
    desk = client.session._desk
    store.holdings = lambda *_: asyncio.Event().wait()  # type: ignore[method-assign, assignment]
    for _ in range(300):
        newcomer = connect()
        newcomer.session._desk = desk
        newcomer.session.reread()
    await settle()
    store.away = True
    assert (await client.rejected(type="lock", id=1, seats=[1])).code is Code.UNAVAILABLE
    await desk.readings.close()


async def test_a_resumed_one_that_left_meanwhile(connect: Connect, room: Room) -> None:
    """Greeting a session that has ended tells it nothing and lets it into no room."""
    client = connect()
    client.session.leave()
    await client.session.greet(Position("x", 1))
    assert client.outgoing.take() == []
    assert room.members == set()
    assert room._holders == {}
