"""What a client asks, and in which order it is answered."""

import asyncio

import pytest
from structlog.testing import capture_logs

from protocol.codec import JSON, MSGPACK, Codec
from protocol.codes import CloseCode, Code
from protocol.from_server import Delta, Locked, Pong, Rejected, Snapshot
from server.domain.errors import SeatsUnavailableError
from server.live.session import INBOX_LIMIT, Session
from tests.contract.live.engine import Engine
from tests.contract.live.peer import Connect, Peer
from tests.unit.live.client_frames import close, ping, text


async def greeted(connect: Connect, **options: object) -> Peer:
    """A peer past its first map."""
    peer = await connect(**options)
    await peer.until(Snapshot)
    return peer


async def asked(engine: Engine, what: str, times: int = 1) -> None:
    """Wait until the store was asked so often."""
    async with asyncio.timeout(30):
        while sum(call.startswith(what) for call in engine.store.calls) < times:
            await asyncio.sleep(0)


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_a_lock_is_answered(engine: Engine, connect: Connect, codec: Codec) -> None:
    """Granted or refused, by its id."""
    peer = await greeted(connect, codec=codec, token="one")
    peer.say(type="lock", id="a", seats=[4, 5])
    answer = await peer.heard(Locked)
    assert (answer.id, answer.seats) == ("a", [4, 5])
    engine.store.answers.append(SeatsUnavailableError(seats=(4,)))
    peer.say(type="lock", id="b", seats=[4])
    refusal = await peer.heard(Rejected)
    assert (refusal.id, refusal.code, refusal.seats) == ("b", Code.SEATS_UNAVAILABLE, [4])


async def test_many_messages_at_once_keep_their_order(engine: Engine, connect: Connect) -> None:
    """Requests of one segment are carried out one after the other, and answered in their order."""
    peer = await greeted(connect, token="one")
    count = 3 * INBOX_LIMIT
    peer.send(*(peer.frame(type="lock", id=number, seats=[number % 12]) for number in range(count)))
    assert [(await peer.heard(Locked)).id for _ in range(count)] == list(range(count))
    assert [call for call in engine.store.calls if call.startswith("lock")] == [
        f"lock ({number % 12},)" for number in range(count)
    ]


async def test_a_ping_does_not_wait_behind_a_request(engine: Engine, connect: Connect) -> None:
    """While the store is slow, a sign of life is answered at once."""
    peer = await greeted(connect, token="one")
    engine.store.gate.clear()
    peer.say(type="lock", id=1, seats=[1])
    peer.say(type="ping", id=2)
    assert (await peer.heard(Pong)).id == 2
    engine.store.gate.set()
    assert (await peer.heard(Locked)).id == 1


async def test_requests_that_wait_hold_the_reading(engine: Engine, connect: Connect) -> None:
    """While too many wait for the store, no more is taken in; nothing is lost, and then it goes on."""
    peer = await greeted(connect, token="one")
    (member,) = engine.room.members
    engine.store.gate.clear()
    waiting = 20 * INBOX_LIMIT
    for number in range(waiting):
        peer.say(type="lock", id=number, seats=[1])
        # Each in a segment of its own, as far as the loop lets it.
        await asyncio.sleep(0)
    peer.say(type="ping", id="last")
    await asked(engine, "lock")
    others = await greeted(connect)
    others.say(type="ping", id=0)
    await others.heard(Pong)
    async with asyncio.timeout(30):
        while engine.reads(member):
            await asyncio.sleep(0)
    assert member._inbox is not None
    if engine.detached:
        assert len(member._inbox) < waiting
    else:
        assert len(member._inbox) <= INBOX_LIMIT
    engine.store.gate.set()
    heard = [await peer.hear() for _ in range(waiting + 1)]
    assert [answer.id for answer in heard if isinstance(answer, Locked)] == list(range(waiting))
    assert sum(isinstance(answer, Pong) for answer in heard) == 1


@pytest.mark.parametrize("way", ["vanish", "half_close"])
async def test_a_client_that_leaves_during_its_request(engine: Engine, connect: Connect, way: str) -> None:
    """The request is carried out, its answer goes nowhere, later ones are dropped, and nothing is complained about."""
    peer = await greeted(connect, token="one")
    engine.store.gate.clear()
    peer.say(type="lock", id=1, seats=[1])
    peer.say(type="lock", id=2, seats=[2])
    await asked(engine, "lock")
    getattr(peer, way)()
    await engine.forgets_everybody()
    with capture_logs() as complaints:
        engine.store.gate.set()
        other = await greeted(connect, token="one")
        other.say(type="lock", id=3, seats=[3])
        await other.heard(Locked)
    assert [call for call in engine.store.calls if call.startswith("lock")] == ["lock (1,)", "lock (3,)"]
    assert complaints == []


async def test_an_error_of_ours_leaves_nobody_waiting(engine: Engine, connect: Connect) -> None:
    """A request that fails unexpectedly closes with 1011, and hurts nobody else."""
    other = await greeted(connect)
    peer = await greeted(connect, token="one")
    engine.store.answers.append(RuntimeError("a defect"))
    peer.say(type="lock", id=1, seats=[1])
    assert await peer.close_code() == CloseCode.INTERNAL_ERROR
    engine.mutate((1, "L"))
    await other.heard(Delta)


async def test_nothing_follows_a_close(engine: Engine, connect: Connect) -> None:
    """An answer that comes after the connection was closed is not sent: the close frame is the last one."""
    peer = await greeted(connect, token="one")
    engine.store.gate.clear()
    peer.say(type="lock", id=1, seats=[1])
    await asked(engine, "lock")
    peer.send(*[text(b"{")] * 3, ping(b"x"))
    assert await peer.close_code() == CloseCode.BAD_MESSAGE
    engine.store.gate.set()
    engine.mutate((1, "L"))
    other = await greeted(connect)
    other.say(type="ping", id=0)
    await other.heard(Pong)
    peer.send(close(CloseCode.BAD_MESSAGE))
    assert await peer.end() == b""


async def test_a_defect_ends_its_connection_alone(
    engine: Engine, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where taking a message fails for a reason of ours, that client is cut off or told 1011, and no other."""
    other, peer = await greeted(connect), await greeted(connect)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr(Session, "receive", fail)
        peer.say(type="ping", id=1)
        if engine.detached:
            assert await peer.end() == b""
        else:
            assert await peer.close_code() == CloseCode.INTERNAL_ERROR
    engine.mutate((1, "L"))
    await other.heard(Delta)


async def test_a_resync_is_answered(engine: Engine, connect: Connect) -> None:
    """By the changes since, or by the whole map."""
    peer = await greeted(connect)
    engine.mutate((1, "L"))
    await peer.heard(Delta)
    peer.say(type="resync", epoch=engine.store.epoch, version=1)
    assert await peer.hear() == Delta(from_version=1, version=2, changes=[(1, "L")])
    peer.say(type="resync", epoch="other", version=1)
    assert (await peer.heard(Snapshot)).version == 2
