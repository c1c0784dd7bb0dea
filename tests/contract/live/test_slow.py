"""Clients that do not take what they are told: they cost nobody but themselves."""

import asyncio
import itertools

import pytest

from protocol.codec import JSON, MSGPACK, Codec
from protocol.codes import CloseCode
from protocol.from_server import Delta, Snapshot
from server.live.bounds import Bounds
from server.live.session import Session
from tests.contract.live.engine import Engine
from tests.contract.live.peer import Connect, Peer
from tests.unit.live.recording import replay

SMALL = 2048
"""The receive buffer of a client that will not read."""

WAITING = 32 * 1024

PLENTY = 4000
"""More deltas than fit into all the buffers between a room and a client that does not read."""

LIMIT_S = 30


@pytest.fixture
def bounds(request: pytest.FixtureRequest) -> Bounds:
    """How long a client may be slow is a test's to say; else for longer than any test takes.

    So much may wait that what the kernel takes a little later does not make the client catch up.
    """
    return Bounds(coalesce_ms=0, write_bytes=WAITING, slow_ms=getattr(request, "param", 60_000))


async def stalled(engine: Engine, connect: Connect, **options: object) -> tuple[Peer, Session]:
    """A peer that reads no more after its first map, and its session, which is behind."""
    before = set(engine.room.members)
    peer = await connect(receive_buffer=SMALL, **options)
    await peer.until(Snapshot)
    (session,) = engine.room.members - before
    await flood(engine, [(peer, session)])
    return peer, session


async def flood(engine: Engine, clients: list[tuple[Peer, Session]]) -> None:
    """Let so much happen that clients that do not read fall behind, and stay there because all buffers are full."""
    numbers = itertools.count()
    async with asyncio.timeout(LIMIT_S):
        while not all(peer.full and session.behind for peer, session in clients):
            number = next(numbers)
            engine.mutate((number % 12, "L" if number % 24 < 12 else "A"))
            # A writer that is a task needs its turn, and so do those who read.
            await asyncio.sleep(0)


def waiting_for(session: Session) -> int:
    """How many bytes the server keeps for a client."""
    outgoing = session.outgoing
    transport = getattr(outgoing, "_transport", None)
    return int(outgoing._queued if transport is None else transport.get_write_buffer_size())  # type: ignore[attr-defined]


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_a_stalled_reader_gets_one_snapshot(engine: Engine, connect: Connect, codec: Codec) -> None:
    """Nothing piles up for it; when it reads again, one snapshot brings it up to date, and then it hears all."""
    peer, session = await stalled(engine, connect, codec=codec)
    before = waiting_for(session)
    assert not engine.reads(session)
    for number in range(PLENTY):
        engine.mutate((number % 12, "O"))
    assert waiting_for(session) <= before <= WAITING + 1024
    last = engine.store.version
    heard = [await peer.until(Snapshot)]
    assert heard[0].version == last
    assert heard[0].seats == "".join(engine.store.letters)
    engine.mutate((1, "B"))
    assert await peer.hear() == Delta(from_version=last, version=last + 1, changes=[(1, "B")])
    assert not session.behind
    assert engine.reads(session)


async def test_what_a_stalled_reader_heard_is_whole(engine: Engine, connect: Connect) -> None:
    """Up to the snapshot it hears every delta before it fell behind, none left out and none twice."""
    peer, _ = await stalled(engine, connect)
    engine.mutate((0, "B"))
    heard: list[Delta | Snapshot] = []
    while not heard or not isinstance(heard[-1], Snapshot):
        message = await peer.hear()
        assert isinstance(message, Delta | Snapshot)
        heard.append(message)
    deltas = [message for message in heard if isinstance(message, Delta)]
    assert [delta.from_version for delta in deltas] == list(range(1, len(deltas) + 1))
    seat_map = replay(heard[-1:])
    assert seat_map is not None
    assert seat_map.letters == "".join(engine.store.letters)


async def test_others_notice_nothing(engine: Engine, connect: Connect) -> None:
    """Those who read hear every delta once and in order, also the one in which somebody fell behind."""
    readers = [await connect() for _ in range(3)]
    for reader in readers:
        await reader.until(Snapshot)
    told: list[list[int]] = [[] for _ in readers]

    async def listen(reader: Peer, versions: list[int]) -> None:
        while True:
            delta = await reader.heard(Delta)
            assert delta.from_version == delta.version - 1
            versions.append(delta.version)

    listening = [asyncio.create_task(listen(reader, versions)) for reader, versions in zip(readers, told, strict=True)]
    slow: list[tuple[Peer, Session]] = []
    for _ in range(3):
        before = set(engine.room.members)
        peer = await connect(receive_buffer=SMALL)
        await peer.until(Snapshot)
        (session,) = engine.room.members - before
        slow.append((peer, session))
    await flood(engine, slow)
    async with asyncio.timeout(LIMIT_S):
        for _ in range(50):
            engine.mutate((0, "L"))
            await asyncio.sleep(0)
        while any(not versions or versions[-1] < engine.store.version for versions in told):
            assert not any(task.done() for task in listening)
            await asyncio.sleep(0.01)
    for versions in told:
        assert versions == list(range(2, engine.store.version + 1))
    for task in listening:
        task.cancel()


@pytest.mark.parametrize("bounds", [1000], indirect=True)
async def test_one_that_stays_away_is_given_up(engine: Engine, connect: Connect) -> None:
    """Past the limit it is given up and leaves the room; the connection is cut soon, read or not."""
    peer, session = await stalled(engine, connect)
    async with asyncio.timeout(LIMIT_S):
        while not session.ended:
            await asyncio.sleep(0.01)
        if engine.detached:
            # It reads nothing all the while.
            while engine.server.server_state.connections:
                await asyncio.sleep(0.01)
    await engine.forgets_everybody()
    await peer.end()


@pytest.mark.parametrize("bounds", [1000], indirect=True)
async def test_one_that_reads_late_is_told_why(engine: Engine, connect: Connect) -> None:
    """A client that reads on in time for the close hears 4001, and no delta after those that waited."""
    peer, session = await stalled(engine, connect)
    async with asyncio.timeout(LIMIT_S):
        while session in engine.room.members and not _closing(session):
            await asyncio.sleep(0.01)
    assert await peer.close_code() == CloseCode.SLOW_CONSUMER


def _closing(session: Session) -> bool:
    outgoing = session.outgoing
    return bool(outgoing._closing if hasattr(outgoing, "_closing") else outgoing.closing)  # type: ignore[attr-defined]


@pytest.mark.parametrize("bounds", [10_000], indirect=True)
async def test_one_that_recovers_has_its_time_anew(engine: Engine, connect: Connect) -> None:
    """Whoever caught up is not closed for what was before."""
    peer, session = await stalled(engine, connect)
    await peer.until(Snapshot)
    async with asyncio.timeout(LIMIT_S):
        while session.behind:
            await asyncio.sleep(0)
    assert session._slow_timer is None
    engine.mutate((3, "B"))
    await peer.until(Delta)


async def test_requests_of_a_stalled_reader_pile_nothing_up(engine: Engine, connect: Connect) -> None:
    """Asking for the map again and again without reading makes the server keep no more of it."""
    peer, session = await stalled(engine, connect)
    for _ in range(200):
        peer.send(*(peer.frame(type="resync", epoch="none", version=0) for _ in range(20)))
        await asyncio.sleep(0)
    other = await connect()
    await other.until(Snapshot)
    assert waiting_for(session) <= WAITING + 1024
    assert session.behind


async def test_a_half_closed_reader_is_not_kept(engine: Engine, connect: Connect) -> None:
    """A client that ended its stream and does not take what waits for it is cut off soon, though it is not behind."""
    if not engine.detached:
        return  # there the server's own protocol class owns the transport
    peer = await connect(receive_buffer=SMALL)
    await peer.until(Snapshot)
    (session,) = engine.room.members
    while waiting_for(session) < WAITING / 2:
        engine.mutate((1, "L"))
        await asyncio.sleep(0)
    assert not session.behind
    peer.half_close()
    await engine.forgets_everybody()


async def test_a_map_larger_than_the_bound(engine: Engine, connect: Connect) -> None:
    """A snapshot that fills the buffer by itself leaves the client behind, and no delta is written until it drained."""
    engine.store.letters = ["A"] * 100_000
    engine.store.begin = lambda: None  # type: ignore[method-assign]
    engine.store.epoch = "large"
    engine.room.follower.refill()
    async with asyncio.timeout(LIMIT_S):
        while engine.room.follower.reading:
            await asyncio.sleep(0)
    peer = await connect(receive_buffer=SMALL)
    async with asyncio.timeout(LIMIT_S):
        while not engine.room.members:
            await asyncio.sleep(0)
    (session,) = engine.room.members
    async with asyncio.timeout(LIMIT_S):
        while not session.behind:
            await asyncio.sleep(0)
    peer.say(type="ping", id=0)
    await asyncio.sleep(0)
    assert not engine.reads(session)
    before = waiting_for(session)
    for number in range(1000):
        engine.mutate((number, "L"))
    assert waiting_for(session) <= before
    peer.send(*(peer.frame(type="resync", epoch="none", version=0) for _ in range(20)))
    seen = await _large(peer)
    assert seen[0] == engine.store.version


async def _large(peer: Peer) -> list[int]:
    """Read until the newest map was heard; the versions of the last one."""
    while True:
        async with asyncio.timeout(LIMIT_S):
            first, size = await peer._reader.readexactly(2)
            width = {126: 2, 127: 8}.get(size, 0)
            if width:
                size = int.from_bytes(await peer._reader.readexactly(width))
            payload = await peer._reader.readexactly(size)
        assert first == 0x81
        message = JSON.decode_server(payload)
        if isinstance(message, Snapshot) and "L" in message.seats:
            return [message.version]
