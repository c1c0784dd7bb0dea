"""What a worker's calls tell of seats, event by event."""

import pytest

from server.domain.errors import CineBookError
from server.domain.ledger import SeatEvent, hash_of
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, START, Adapter, Clock

Told = list[tuple[int, str, int, str | None, str | None, str | None]]
"""(version, event, seat, holder, order, reason) of each event."""

NAMES = {hash_of(name): name for name in ("alice", "bob", "carol")}


@pytest.fixture
def events() -> list[SeatEvent]:
    """All that was told, in order."""
    return []


@pytest.fixture
async def recording(adapter: Adapter, clock: Clock, events: list[SeatEvent]) -> SeatStore:
    """A store that tells."""
    return await adapter.open(clock=clock, record=events.append)


def told(events: list[SeatEvent]) -> Told:
    """The events since the last time, with holders by name."""
    found: Told = [
        (event.version, event.event, event.seat, NAMES.get(event.holder_hash), event.order, event.reason)
        for event in events
    ]
    events.clear()
    return found


async def test_grants_and_releases_are_told(recording: SeatStore, events: list[SeatEvent], clock: Clock) -> None:
    """Each seat once, at the version, the epoch and the time of the mutation; an extension is no event."""
    clock.advance(5)
    granted = await recording.lock("demo", ALICE, (1, 0), "all")
    assert [(event.showtime, event.epoch, event.at) for event in events] == [
        ("demo", granted.holdings.epoch, START + 5)
    ] * 2
    assert told(events) == [(2, "granted", seat, "alice", None, "lock") for seat in (1, 0)]

    await recording.lock("demo", ALICE, (0, 2), "all")
    await recording.lock("demo", ALICE, (0, 2), "all")
    clock.advance(5)
    await recording.extend("demo", ALICE, None)
    await recording.unlock("demo", ALICE, (1,))
    assert told(events) == [(3, "granted", 2, "alice", None, "lock"), (5, "released", 1, "alice", None, "unlock")]


async def test_ends_and_takeovers_are_told(recording: SeatStore, events: list[SeatEvent], clock: Clock) -> None:
    """The end before the grant, with whose call it was that found the lock past its time."""
    await recording.lock("demo", ALICE, (0, 1), "all")
    clock.advance(HOLD_MS)
    events.clear()

    await recording.lock("demo", BOB, (0,), "all")
    await recording.expire("demo")

    assert told(events) == [
        (3, "expired", 0, "alice", None, "lock"),
        (3, "granted", 0, "bob", None, "lock"),
        (4, "expired", 1, "alice", None, "expire"),
    ]


async def test_refusals_are_told_with_their_code(recording: SeatStore, events: list[SeatEvent]) -> None:
    """The seats that a request failed by, or all that it named, at the position where it was refused."""
    await recording.lock("demo", ALICE, (0, 1, 2), "all")
    events.clear()
    await recording.lock("demo", BOB, (1, 6), "any")
    for seats in ((0, 5), (5, 7, 8, 9), (99,)):
        with pytest.raises(CineBookError):
            await recording.lock("demo", BOB, seats, "all")
    with pytest.raises(CineBookError):
        await recording.lock("demo", BOB, (0, 1), "any")
    assert told(events) == [
        (3, "granted", 6, "bob", None, "lock"),
        (3, "refused", 1, "bob", None, "seats_unavailable"),
        (3, "refused", 0, "bob", None, "seats_unavailable"),
        *((3, "refused", seat, "bob", None, "limit_exceeded") for seat in (5, 7, 8, 9)),
        (3, "refused", 0, "bob", None, "seats_unavailable"),
        (3, "refused", 1, "bob", None, "seats_unavailable"),
    ]


async def test_orders_are_told(recording: SeatStore, events: list[SeatEvent], clock: Clock) -> None:
    """Pins, sales and their ends, with the order; what is told twice happens once."""
    await recording.lock("demo", ALICE, (0, 1), "all")
    events.clear()
    await recording.pin("demo", ALICE, (0, 1), "order", deadline=START + 1000)
    for _ in range(2):
        await recording.apply("demo", "order", "alice", (0, 1), deadline=None, row_version=1, all_seats=(0, 1))
    await recording.apply("demo", "order", "alice", (0,), deadline=None, row_version=2, all_seats=(0, 1))
    await recording.occupy("demo", "bob", (1,), "another", deadline=START + 1000)
    await recording.release("demo", None, "another")
    assert told(events) == [
        (3, "pinned", 0, "alice", "order", "pin"),
        (3, "pinned", 1, "alice", "order", "pin"),
        (4, "sold", 0, "alice", "order", "apply"),
        (4, "sold", 1, "alice", "order", "apply"),
        (5, "released", 1, "alice", "order", "apply"),
        (6, "pinned", 1, "bob", "another", "occupy"),
        (7, "released", 1, "bob", "another", "release"),
    ]


async def test_a_refused_checkout_is_told(recording: SeatStore, events: list[SeatEvent]) -> None:
    """With its order and why."""
    await recording.lock("demo", ALICE, (0,), "all")
    events.clear()
    with pytest.raises(CineBookError):
        await recording.pin("demo", BOB, (0, 1), "order", deadline=START + 1000)
    with pytest.raises(CineBookError):
        await recording.occupy("demo", "bob", (0, 1), "order", deadline=START + 1000)
    assert told(events) == [
        (2, "refused", 0, "bob", "order", "not_held"),
        (2, "refused", 1, "bob", "order", "not_held"),
        (2, "refused", 0, "bob", "order", "seats_unavailable"),
    ]


async def test_blocks_are_told_of_nobody(recording: SeatStore, events: list[SeatEvent]) -> None:
    """House seats have no holder."""
    await recording.block("demo", (0,), blocked=True)
    await recording.block("demo", (0,), blocked=True)
    await recording.block("demo", (0,), blocked=False)
    assert [event.holder_hash for event in events] == [None, None]
    assert told(events) == [(2, "blocked", 0, None, None, "block"), (3, "unblocked", 0, None, None, "block")]


def test_holders_are_told_by_their_hash() -> None:
    """Sixteen hexadecimal digits, from which nobody reads the id; nobody has none."""
    assert hash_of("alice") == "2bd806c97f0e00af"
    assert hash_of("") is None
