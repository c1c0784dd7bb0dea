"""A room follows the store whatever becomes of its announcements."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from protocol.codec import JSON, MSGPACK
from protocol.codes import NoticeCode
from protocol.from_server import Delta, Holds, Notice, Snapshot, Viewers, Welcome
from server.live import follower
from server.live.bounds import Bounds
from server.live.room import Room
from server.live.session import Session
from server.ports import Announcement, Origin, Position, PrivateChange, SeatStore
from tests.unit.live.clients import desk_of
from tests.unit.live.recording import HOLDER, SEATS, SHOWTIME, HistoryStore, RecordingOutgoing


def session_of(
    room: Room, store: HistoryStore, outgoing: RecordingOutgoing, number: int = 1, **extra: object
) -> Session:
    """A session as the handshake makes it."""
    options: dict[str, object] = {"holder": None, "display": False, **extra}
    return Session(
        room=room,
        desk=desk_of(store),
        outgoing=outgoing,
        origin=Origin("w", number),
        language="en",
        **options,  # type: ignore[arg-type]
    )


async def open_room(store: HistoryStore, log_length: int = 100, coalesce_ms: int = 0) -> Room:
    """A room that has read the store once."""
    room = Room(SHOWTIME, store, Bounds(log_length=log_length, coalesce_ms=coalesce_ms))  # type: ignore[arg-type]  # as above
    room.follower.refill()
    await room.ready()
    await quiet(room)
    return room


async def quiet(room: Room) -> None:
    """Let the room finish what it is doing."""
    while room.follower.reading:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def store() -> HistoryStore:
    """A store at version 1 of its first epoch."""
    return HistoryStore()


@pytest.fixture
async def room(store: HistoryStore) -> AsyncIterator[Room]:
    """A room on the store."""
    room = await open_room(store)
    yield room
    room.close()


async def test_a_delta_starts_where_the_room_was_last_sent(room: Room, store: HistoryStore) -> None:
    """A version that changes no letter is not sent on its own, and the next delta spans it."""
    outgoing = RecordingOutgoing()
    await session_of(room, store, outgoing).greet(None)
    outgoing.take()
    room.follower.announced(store.mutate((0, "L")))
    room.follower.announced(store.mutate())
    room.follower.announced(store.mutate((1, "L")))
    assert outgoing.take() == [
        Delta(from_version=1, version=2, changes=[(0, "L")]),
        Delta(from_version=2, version=4, changes=[(1, "L")]),
    ]


async def test_both_codecs_hear_the_same(room: Room, store: HistoryStore) -> None:
    """A delta reaches every member, each in its own codec."""
    ways = [RecordingOutgoing(JSON), RecordingOutgoing(MSGPACK)]
    for number, outgoing in enumerate(ways):
        await session_of(room, store, outgoing, number).greet(None)
        outgoing.take()
    room.follower.announced(store.mutate((3, "L")))
    assert ways[0].take() == ways[1].take() == [Delta(from_version=1, version=2, changes=[(3, "L")])]


async def test_a_gap_is_read_from_the_log(room: Room, store: HistoryStore) -> None:
    """Members get one folded delta for what was missed, and no snapshot."""
    outgoing = RecordingOutgoing()
    await session_of(room, store, outgoing).greet(None)
    outgoing.take()
    store.mutate((0, "L"))
    store.mutate((0, "A"), (1, "L"))
    room.follower.announced(store.mutate((2, "L")))
    await quiet(room)
    assert outgoing.take() == [Delta(from_version=1, version=4, changes=[(0, "A"), (1, "L"), (2, "L")])]
    assert room.follower.map.letters == "".join(store.letters)


async def test_a_gap_beyond_the_log_is_a_snapshot(room: Room, store: HistoryStore) -> None:
    """Where the log has dropped the versions that were missed, members get the whole map."""
    outgoing = RecordingOutgoing()
    await session_of(room, store, outgoing).greet(None)
    outgoing.take()
    for index in range(4):
        store.mutate((index, "L"))
    store.log_reach = 2
    room.follower.announced(store.mutate((5, "O")))
    await quiet(room)
    assert outgoing.take() == [Snapshot(epoch=store.epoch, version=6, layout=1, seats="".join(store.letters))]


async def test_a_new_epoch_is_a_snapshot_and_holds(room: Room, store: HistoryStore) -> None:
    """The snapshot of a new epoch comes before its first delta, and holders are told what they have now."""
    outgoing = RecordingOutgoing()
    await session_of(room, store, outgoing, holder=HOLDER).greet(None)
    outgoing.take()
    store.begin()
    room.follower.announced(store.mutate((0, "L")))
    await quiet(room)
    room.follower.announced(store.mutate((1, "L")))
    first, *rest = outgoing.take()
    assert first == Snapshot(epoch=store.epoch, version=2, layout=1, seats="L" + "A" * (SEATS - 1))
    assert rest == [
        Holds(holds=[], holds_version=2, receipt="read"),
        Delta(from_version=2, version=3, changes=[(1, "L")]),
    ]


async def test_repeated_and_old_announcements_change_nothing(room: Room, store: HistoryStore) -> None:
    """What was applied once is ignored, also from an epoch that is over."""
    outgoing = RecordingOutgoing()
    await session_of(room, store, outgoing).greet(None)
    first = store.mutate((0, "L"))
    room.follower.announced(first)
    outgoing.take()
    room.follower.announced(first)
    room.follower.announced(Announcement("gone", 7, ((1, "O"),), 0, (), None))
    await quiet(room)
    assert outgoing.take() == []
    assert room.follower.map.letters == "".join(store.letters)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
async def test_resume_from_any_known_version(store: HistoryStore, version: int) -> None:
    """A client that resumes gets exactly one delta, from its own version, whatever the room has just been through."""
    for index in range(2):
        store.mutate((index, "L"))
    room = await open_room(store)
    room.follower.announced(store.mutate((0, "A"), (7, "B")))
    answer = room.catch_up(Position(store.epoch, version)).message
    assert isinstance(answer, Delta)
    assert (answer.from_version, answer.version) == (version, 4)
    if version == 4:
        assert answer.changes == []
    room.close()


async def test_a_position_that_cannot_be_resumed_is_a_snapshot(store: HistoryStore) -> None:
    """Another epoch, no position, a future version, and one that the log dropped all lead to a snapshot."""
    for index in range(6):
        store.mutate((index, "L"))
    store.log_reach = 3
    room = await open_room(store, log_length=3)
    for position in (None, Position("other", 5), Position(store.epoch, 99), Position(store.epoch, 2)):
        assert room.catch_up(position).message == room.follower.map.snapshot()
    room.close()


async def test_a_map_that_was_replaced_is_not_resumed_across(room: Room, store: HistoryStore) -> None:
    """What was sent before the store's log fell short leads nobody over what was missed then."""
    room.follower.announced(store.mutate((0, "L")))
    store.mutate((1, "L"))
    store.log_reach = 0
    room.follower.announced(store.mutate((2, "L")))
    await quiet(room)
    assert room.catch_up(Position(store.epoch, 1)).message == room.follower.map.snapshot()
    room.follower.announced(store.mutate((3, "L")))
    answer = room.catch_up(Position(store.epoch, 4)).message
    assert answer == Delta(from_version=4, version=5, changes=[(3, "L")])


async def test_a_store_that_is_away_is_told_once_and_its_return_too(
    room: Room, store: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store does not answer, members know that locks are paused; nothing is lost when it comes back."""
    monkeypatch.setattr(follower, "RETRY_DELAYS_S", (0.001,))
    outgoing = RecordingOutgoing()
    await session_of(room, store, outgoing).greet(None)
    outgoing.take()
    store.away = True
    missed = store.mutate((2, "L"))
    room.follower.announced(store.mutate((3, "L")))
    while store.calls.count("since") < 4:
        await asyncio.sleep(0.001)
    store.away = False
    await quiet(room)
    room.follower.announced(missed)
    assert [notice.code for notice in outgoing.of(Notice)] == [NoticeCode.LOCKS_PAUSED, NoticeCode.LOCKS_RESUMED]
    assert room.follower.map.letters == "".join(store.letters)


async def test_viewers_are_told_when_they_changed(room: Room, store: HistoryStore) -> None:
    """An unchanged count is not sent again."""
    watcher = RecordingOutgoing()
    await session_of(room, store, watcher).greet(None)
    for count in (3, 3, 4):
        room.tell_viewers(count)
    assert watcher.of(Viewers) == [Viewers(count=3), Viewers(count=4)]


async def test_viewers_count_for_those_who_came_meanwhile(room: Room, store: HistoryStore) -> None:
    """One whose `welcome` said another count hears the count even if it is again what others were told last."""
    first, newcomer = RecordingOutgoing(), RecordingOutgoing()
    before = session_of(room, store, first, 1)
    await before.greet(None)
    room.tell_viewers(1)
    await session_of(room, store, newcomer, 2).greet(None)
    assert [welcome.viewers for welcome in newcomer.of(Welcome)] == [2]
    before.leave()
    room.tell_viewers(1)
    assert newcomer.of(Viewers) == [Viewers(count=1)]


async def test_a_holder_is_told_on_other_connections_only(room: Room, store: HistoryStore) -> None:
    """The connection that asked is answered, not told; the holder's other ones are told; strangers never."""
    asker, tab, stranger = RecordingOutgoing(), RecordingOutgoing(), RecordingOutgoing()
    await session_of(room, store, asker, 1, holder=HOLDER).greet(None)
    await session_of(room, store, tab, 2, holder=HOLDER).greet(None)
    await session_of(room, store, stranger, 3).greet(None)
    for outgoing in (asker, tab, stranger):
        outgoing.take()
    change = PrivateChange(HOLDER.id, "granted", (4,), ((4, 1_900_000, 1_000_000, 1, 2, None),))
    room.follower.announced(store.mutate((4, "L"), private=(change,), origin=Origin("w", 1)))
    assert asker.of(Holds) == []
    assert [[hold.seat for hold in told.holds] for told in tab.of(Holds)] == [[4]]
    assert stranger.of(Holds) == []


def test_the_fake_offers_what_rooms_and_sessions_use() -> None:
    """The fake store has the port's methods that these tests exercise, under the port's names."""
    used = {
        "now",
        "channel",
        "signed",
        "snapshot",
        "since",
        "positions",
        "holdings",
        "settled",
        "lock",
        "unlock",
        "extend",
    }
    assert used <= {name for name in dir(SeatStore) if not name.startswith("_")}
    assert used <= set(dir(HistoryStore))
