"""A session answers what its client says, and tells it what it must know."""

import asyncio

import pytest

from protocol.codec import JSON
from protocol.codes import CloseCode, Code, NoticeCode, Outcome
from protocol.from_server import (
    Authenticated,
    Delta,
    Holds,
    Locked,
    Notice,
    Pong,
    Rejected,
    SeatRejection,
    Snapshot,
    Unlocked,
    Welcome,
)
from server.domain.errors import (
    HoldCapError,
    LimitExceededError,
    NotHeldError,
    RefusedError,
    SalesClosedError,
    SeatsUnavailableError,
    UnavailableError,
    UnknownSeatError,
)
from server.domain.holds import Granted, Holder, Holdings, RejectedSeat, Released
from server.live.room import Room
from server.ports import Position, PrivateChange
from tests.unit.live.clients import OTHER, Connect, hold, holdings, settle
from tests.unit.live.recording import HOLDER, SEATS, HistoryStore


async def test_welcome_then_snapshot(connect: Connect, store: HistoryStore) -> None:
    """A first connection gets `welcome` with the holder's holds, then the whole map."""
    store.holds[HOLDER.id] = (hold(3, 1_900_000),)
    client = connect()
    await client.session.greet(None)
    welcome, snapshot = client.outgoing.take()
    assert isinstance(welcome, Welcome)
    assert (welcome.showtime, welcome.layout, welcome.epoch, welcome.version) == ("s1", 1, store.epoch, 1)
    assert (welcome.can_lock, welcome.holds_version, welcome.receipt) == (True, 1, "read")
    assert [(held.seat, held.expires_at, held.first_at) for held in welcome.holds] == [(3, 1_900_000, 1_000_000)]
    assert (welcome.limits.max_seats, welcome.heartbeat_ms, welcome.viewers) == (8, 25_000, 1)
    assert welcome.server_at == store.now()
    assert snapshot == Snapshot(epoch=store.epoch, version=1, layout=1, seats="A" * SEATS)


@pytest.mark.parametrize(("holder", "display"), [(None, False), (HOLDER, True)])
async def test_watchers_may_not_lock(connect: Connect, holder: Holder | None, display: bool) -> None:
    """Without a holder, or on a display, every request about seats is `read_only`, after `bad_request`."""
    client = connect(holder=holder, display=display)
    await client.session.greet(None)
    (welcome, _) = client.outgoing.take()
    assert isinstance(welcome, Welcome)
    assert not welcome.can_lock
    for kind in ("lock", "unlock", "extend"):
        assert (await client.rejected(type=kind, id=1, seats=[999])).code is Code.READ_ONLY
    assert (await client.rejected(type="lock", id=1, seats=[1, 1])).code is Code.BAD_REQUEST


async def test_a_resumed_connection_gets_one_delta(connect: Connect, room: Room, store: HistoryStore) -> None:
    """A position that can be resumed is answered by one delta from it, empty if nothing was missed."""
    room.follower.announced(store.mutate((2, "L")))
    client = connect(holder=None)
    await client.session.greet(Position(store.epoch, 1))
    assert client.outgoing.take()[1:] == [Delta(from_version=1, version=2, changes=[(2, "L")])]
    client = connect(holder=None)
    await client.session.greet(Position(store.epoch, 2))
    assert client.outgoing.take()[1:] == [Delta(from_version=2, version=2, changes=[])]


async def test_a_client_that_is_ahead_makes_the_room_catch_up(connect: Connect, store: HistoryStore) -> None:
    """What is sent is never older than the position that the client gave."""
    store.mutate((2, "L"))
    client = connect(holder=None)
    await client.session.greet(Position(store.epoch, 2))
    assert client.outgoing.take()[1:] == [Delta(from_version=2, version=2, changes=[])]
    store.mutate((3, "L"))
    assert await client.ask(type="resync", epoch=store.epoch, version=3) == [
        Delta(from_version=2, version=3, changes=[(3, "L")]),
        Delta(from_version=3, version=3, changes=[]),
    ]


async def test_lock_is_answered_once(connect: Connect, store: HistoryStore) -> None:
    """`locked` carries what was granted, what was not, and all that the holder has."""
    client = connect()
    await client.session.greet(None)
    store.answers.append(
        Granted(
            version=2,
            seats=(4,),
            holdings=holdings(store, hold(4, 1_900_000)),
            rejected=(RejectedSeat(seat=5, code=Code.SEATS_UNAVAILABLE),),
        )
    )
    (answer,) = await client.ask(type="lock", id="a", seats=[4, 5], mode="any")
    assert isinstance(answer, Locked)
    assert (answer.id, answer.version, answer.seats, answer.holds_version, answer.receipt) == ("a", 2, [4], 1, "r")
    assert answer.rejected == [SeatRejection(seat=5, code=Code.SEATS_UNAVAILABLE)]
    assert store.calls[-1] == "lock (4, 5) any"


async def test_unlock_and_extend_default_to_all(connect: Connect, store: HistoryStore) -> None:
    """Without `seats`, the store is asked for all of the holder's."""
    client = connect()
    await client.session.greet(None)
    store.answers += [
        Released(version=2, seats=(4,), holdings=holdings(store)),
        Granted(version=2, seats=(), holdings=holdings(store)),
    ]
    (unlocked,) = await client.ask(type="unlock", id=1)
    assert isinstance(unlocked, Unlocked)
    assert unlocked.seats == [4]
    await client.ask(type="extend", id=2)
    assert store.calls[-2:] == ["unlock None", "extend None"]


@pytest.mark.parametrize(
    "error",
    [
        UnknownSeatError(seats=(99,)),
        SalesClosedError(),
        LimitExceededError(),
        SeatsUnavailableError(seats=(1, 2)),
        NotHeldError(seats=(3,)),
        HoldCapError(),
        UnavailableError(Outcome.NONE, retry_after_ms=700),
    ],
    ids=lambda error: error.code.value,
)
async def test_refusals_carry_their_code_and_fields(connect: Connect, store: HistoryStore, error: RefusedError) -> None:
    """Each refusal of the store becomes `rejected` with the request's id and the fields of its code."""
    client = connect()
    await client.session.greet(None)
    store.answers.append(error)
    answer = await client.rejected(type="lock", id=7, seats=[1])
    assert (answer.id, answer.code) == (7, error.code)
    assert (answer.seats or []) == list(error.seats)
    if isinstance(error, UnavailableError):
        assert (answer.outcome, answer.retry_after_ms) == (Outcome.NONE, 700)


async def test_best_and_restore_are_final_refusals(connect: Connect) -> None:
    """Where the server cannot do it, it says so and that nothing changed."""
    client = connect()
    await client.session.greet(None)
    for request in ({"type": "best", "count": 2}, {"type": "restore", "receipt": "r"}):
        answer = await client.rejected(id=1, **request)
        assert (answer.code, answer.outcome) == (Code.UNAVAILABLE, Outcome.NONE)


async def test_an_unknown_outcome_is_followed_by_holds(connect: Connect, store: HistoryStore) -> None:
    """A request that timed out is `unknown` at once, and `holds` tells the truth when it can be known."""
    client = connect()
    await client.session.greet(None)
    store.answers.append(UnavailableError(Outcome.UNKNOWN, not_after=1_000_500))
    store.holds[HOLDER.id] = (hold(1, 1_900_000),)
    answer, told = await client.ask(type="lock", id=1, seats=[1])
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.outcome) == (Code.UNAVAILABLE, Outcome.UNKNOWN)
    assert isinstance(told, Holds)
    assert [held.seat for held in told.holds] == [1]


async def test_undecodable_messages_end_at_the_third(connect: Connect) -> None:
    """The first two get `bad_request` with id null, the third closes with 4502."""
    client = connect()
    await client.session.greet(None)
    client.outgoing.take()
    for _ in range(3):
        client.session.receive(b"{", binary=False)
    rejections = client.outgoing.of(Rejected)
    assert [(told.id, told.code) for told in rejections] == [(None, Code.BAD_REQUEST)] * 2
    assert client.outgoing.closed is CloseCode.BAD_MESSAGE


async def test_readable_nonsense_never_closes(connect: Connect) -> None:
    """A message that can be read but not understood is `bad_request` with its id, however often."""
    client = connect()
    await client.session.greet(None)
    for number in range(5):
        answer = await client.rejected(type="dance", id=number)
        assert (answer.id, answer.code) == (number, Code.BAD_REQUEST)
    assert client.outgoing.closed is None


async def test_auth_makes_a_holder(connect: Connect, room: Room, store: HistoryStore) -> None:
    """`auth` answers with the new holder's holds; from then on that holder's changes are told, the old one's not."""
    client = connect(holder=HOLDER)
    await client.session.greet(None)
    store.holds[OTHER.id] = (hold(6, 1_900_000),)
    (answer,) = await client.ask(type="auth", id=1, token="two")
    assert isinstance(answer, Authenticated)
    assert (answer.can_lock, [held.seat for held in answer.holds]) == (True, [6])
    for holder in (HOLDER, OTHER):
        change = PrivateChange(holder.id, "released", (6,), ())
        room.follower.announced(store.mutate((6, "A"), private=(change,)))
    assert [told.holds_version for told in client.outgoing.of(Holds)] == [3]


async def test_a_bad_token_closes(connect: Connect) -> None:
    """A token that is refused ends the connection with 4501."""
    client = connect(holder=None)
    await client.session.greet(None)
    assert await client.ask(type="auth", id=1, token="three") == []
    assert client.outgoing.closed is CloseCode.SESSION_ENDED


async def test_a_session_that_has_run_out_is_closed(connect: Connect) -> None:
    """The end of the holder's session closes with 4501, and not before."""
    client = connect(holder=OTHER)
    await client.session.greet(None)
    client.session.end_if_run_out(OTHER.expires_at - 1)
    assert client.outgoing.closed is None
    client.session.end_if_run_out(OTHER.expires_at)
    assert client.outgoing.closed is CloseCode.SESSION_ENDED


async def test_ping_tells_the_store_clock(connect: Connect, store: HistoryStore) -> None:
    """`pong` repeats the id and tells the time that expiries are measured by."""
    client = connect(holder=None)
    await client.session.greet(None)
    assert await client.ask(type="ping", id="x") == [Pong(id="x", server_at=store.now())]


async def test_a_store_that_is_away_does_not_keep_watchers_out(
    connect: Connect, room: Room, store: HistoryStore
) -> None:
    """The map comes from memory; the holds follow when the store answers."""
    store.away = True
    store.holds[HOLDER.id] = (hold(1, 1_900_000),)
    client = connect()
    await client.session.greet(None)
    welcome, snapshot = client.outgoing.take()[:2]
    assert isinstance(welcome, Welcome)
    assert welcome.holds == []
    assert isinstance(snapshot, Snapshot)
    store.away = False
    while not client.outgoing.of(Holds):
        await asyncio.sleep(0.01)
    assert [held.seat for held in client.outgoing.of(Holds)[0].holds] == [1]


async def test_changes_while_being_greeted_are_not_lost(connect: Connect, room: Room, store: HistoryStore) -> None:
    """What happens to the holder between registration and `welcome` is told after `welcome`, if it is newer."""
    client = connect()
    client.session._room.register(client.session, HOLDER)
    older = PrivateChange(HOLDER.id, "granted", (1,), ((1, 1_900_000, 1_000_000, 1, 2, None),))
    room.follower.announced(store.mutate((1, "L"), private=(older,)))
    greeting = asyncio.ensure_future(client.session.greet(None))
    await greeting
    assert client.outgoing.of(Holds) == []
    newer = PrivateChange(HOLDER.id, "released", (1,), ())
    room.follower.announced(store.mutate((1, "A"), private=(newer,)))
    assert [told.holds_version for told in client.outgoing.of(Holds)] == [3]


async def test_notices_follow_the_language(connect: Connect) -> None:
    """Texts are in the client's language, codes are not."""
    client = connect(language="vi")
    await client.session.greet(None)
    client.outgoing.take()
    client.session.notify(NoticeCode.LOCKS_PAUSED)
    (told,) = client.outgoing.of(Notice)
    assert told.code is NoticeCode.LOCKS_PAUSED
    assert "ghế" in told.message
    assert JSON.encode(told)


async def test_holds_that_come_while_being_greeted_are_told(
    connect: Connect, store: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was away at first, and is back before the greeting ends, has the holds told after it."""
    store.holds[HOLDER.id] = (hold(1, 1_900_000),)
    store.mutate((2, "L"))
    client = connect()
    read, refused = store.holdings, iter([UnavailableError(Outcome.NONE)])

    async def holdings_but_not_at_first(showtime: str, holder: Holder) -> Holdings:
        for error in refused:
            raise error
        return await read(showtime, holder)

    monkeypatch.setattr(store, "holdings", holdings_but_not_at_first)
    # A client that is ahead makes the greeting wait for the store, and the second read end first.
    await client.session.greet(Position(store.epoch, 2))
    await settle()
    assert [[held.seat for held in told.holds] for told in client.outgoing.of(Holds)] == [[1]]
