"""What `SeatStore` lets see: snapshot, since, positions, letters, holdings, settled, signed."""

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.from_server import Delta
from protocol.seatmap import Applied, SeatMap
from server.domain.errors import CineBookError
from server.ports import Position, SeatStore
from tests.contract.seats.world import (
    ALICE,
    BOB,
    CAROL,
    HOLD_MS,
    SEATS,
    START,
    Adapter,
    Clock,
    make_layout,
    owned,
)


async def test_a_showtime_opens_with_what_the_database_says(store: SeatStore, adapter: Adapter) -> None:
    """The first touch opens it at version 1, with its sold and blocked seats and its layout."""
    adapter.catalogue.add("other", make_layout(version=7, seats=6), occupations=(owned(0),), blocked=(5,))

    snapshot = await store.snapshot("other")

    assert (snapshot.seats, snapshot.version, snapshot.layout) == ("OAAAAB", 1, 7)
    assert await store.apply("other", "order", "alice", (), deadline=None, row_version=2, all_seats=(0,)) == 2


async def test_since_folds_the_changes(store: SeatStore) -> None:
    """All changes after a position, the last letter of each seat; empty at the present one."""
    opened = await store.snapshot("demo")
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.unlock("demo", ALICE, (0,))
    await store.extend("demo", ALICE, None)

    assert await store.since("demo", Position(opened.epoch, 1)) == Delta(
        from_version=1, version=4, changes=[(0, "A"), (1, "L")]
    )
    assert await store.since("demo", Position(opened.epoch, 3)) == Delta(from_version=3, version=4, changes=[])
    assert await store.since("demo", Position(opened.epoch, 4)) == Delta(from_version=4, version=4, changes=[])


async def test_since_tells_nothing_it_cannot_know(store: SeatStore) -> None:
    """Another epoch, a version of the future, and one before the opening have no changes to be told."""
    epoch = (await store.snapshot("demo")).epoch

    assert await store.since("demo", Position("another", 1)) is None
    for version in (2, 0, -1, 2**53 - 1, 1 - 2**53):
        assert await store.since("demo", Position(epoch, version)) is None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    actions=st.lists(
        st.tuples(
            st.sampled_from(
                ["lock", "unlock", "extend", "pin", "occupy", "sell", "release", "block", "unblock", "wait"]
            ),
            st.sampled_from([ALICE, BOB, CAROL]),
            st.lists(st.integers(0, SEATS - 1), min_size=1, max_size=4, unique=True).map(tuple),
        ),
        max_size=15,
    )
)
async def test_since_leads_every_map_to_the_snapshot(
    store: SeatStore, clock: Clock, actions: list[tuple[str, object, tuple[int, ...]]]
) -> None:
    """After any sequence of mutations, the changes since any version make of its map the present one."""
    maps = [SeatMap.of(await store.snapshot("demo"))]
    for action, holder, seats in actions:
        try:
            await _act(store, clock, action, holder, seats)
        except CineBookError:
            continue
        finally:
            maps.append(SeatMap.of(await store.snapshot("demo")))

    last = await store.snapshot("demo")
    for known in maps:
        delta = await store.since("demo", Position(known.epoch, known.version))
        assert delta is not None
        expected = Applied.STALE if known.version == last.version else Applied.APPLIED
        assert known.apply(delta) is expected
        assert known.letters == last.seats
    assert await store.letters(("demo",)) == (last.seats,)
    await _clear(store, clock)


async def _act(store: SeatStore, clock: Clock, action: str, holder: object, seats: tuple[int, ...]) -> None:
    who = next(known for known in (ALICE, BOB, CAROL) if known is holder)
    match action:
        case "lock":
            await store.lock("demo", who, seats, "any")
        case "unlock":
            await store.unlock("demo", who, seats)
        case "extend":
            await store.extend("demo", who, None)
        case "pin":
            await store.pin("demo", who, seats, who.id, deadline=clock.now + HOLD_MS)
        case "occupy":
            await store.occupy("demo", who.id, seats, who.id, deadline=clock.now + HOLD_MS)
        case "sell":
            await _say(store, who.id, seats)
        case "release":
            await store.release("demo", None, who.id)
        case "block" | "unblock":
            await store.block("demo", seats, blocked=action == "block")
        case _:
            clock.advance(HOLD_MS // 2)


ROW_VERSIONS = itertools.count(1)


async def _say(store: SeatStore, name: str, seats: tuple[int, ...]) -> None:
    """Have the database say that the holder's one order owns these seats, paid for, and no others."""
    everything = tuple(range(SEATS))
    await store.apply("demo", name, name, seats, deadline=None, row_version=next(ROW_VERSIONS), all_seats=everything)


async def _clear(store: SeatStore, clock: Clock) -> None:
    """Leave every seat free for the next example; sales must not end either."""
    everything = tuple(range(SEATS))
    for holder in (ALICE, BOB, CAROL):
        await _say(store, holder.id, ())
        await store.unlock("demo", holder, None)
    await store.expire("demo")
    await store.block("demo", everything, blocked=False)
    clock.now = START


async def test_positions_and_letters_open_nothing(store: SeatStore, adapter: Adapter) -> None:
    """They tell of each showtime in the order asked, None where it was never opened, and read no database."""
    adapter.catalogue.add("other", make_layout())
    epoch = (await store.snapshot("demo")).epoch
    await store.lock("demo", ALICE, (0,), "all")
    reads = adapter.catalogue.reads

    assert await store.positions(("other", "demo", "nowhere")) == (None, Position(epoch, 2), None)
    assert await store.letters(("other", "demo", "nowhere")) == (None, "L" + "A" * (SEATS - 1), None)
    assert await store.positions(()) == ()
    assert await store.letters(()) == ()
    assert adapter.catalogue.reads == reads


async def test_holdings_are_the_holders_alone(store: SeatStore, clock: Clock) -> None:
    """All that the holder has, at the position of reading, without locks past their expiry; another worker agrees."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(1)
    await store.lock("demo", ALICE, (1,), "all")
    await store.lock("demo", BOB, (2,), "all")
    clock.advance(HOLD_MS - 1)

    holdings = await store.holdings("demo", ALICE)

    assert [hold.seat for hold in holdings.holds] == [1]
    snapshot = await store.snapshot("demo")
    assert (holdings.epoch, holdings.version) == (snapshot.epoch, snapshot.version)
    assert (await store.holdings("demo", CAROL)).holds == ()


async def test_receipts_are_opaque_ascii_of_bounded_size(store: SeatStore) -> None:
    """Each answer brings a receipt, of at most 2 KiB of ASCII; it differs by holder and by what is held."""
    granted = await store.lock("demo", ALICE, (0, 1), "all")
    others = await store.lock("demo", BOB, (2,), "all")
    released = await store.unlock("demo", ALICE, (0,))

    receipts = [granted.holdings.receipt, others.holdings.receipt, released.holdings.receipt]
    assert len(set(receipts)) == 3
    assert all(receipt.isascii() and receipt.isprintable() and 0 < len(receipt) <= 2048 for receipt in receipts)


async def test_what_was_announced_can_be_signed(store: SeatStore) -> None:
    """The receipt for holds that an announcement told of is the one that a read at that position gives."""
    read = (await store.lock("demo", ALICE, (0, 1), "all")).holdings
    layout = (await store.snapshot("demo")).layout

    assert store.signed("demo", ALICE, layout, Position(read.epoch, read.version), read.holds) == read


async def test_settled_waits_for_the_stores_clock(store: SeatStore, clock: Clock) -> None:
    """The holdings are told only once the store's clock has passed the time given."""
    await store.lock("demo", ALICE, (0,), "all")
    waiting = asyncio.create_task(store.settled("demo", ALICE, clock.now + 10))
    for _ in range(20):
        await store.snapshot("demo")
    assert not waiting.done()

    clock.advance(10)
    await store.snapshot("demo")
    assert not waiting.done()
    clock.advance(1)

    async with asyncio.timeout(30):
        assert [hold.seat for hold in (await waiting).holds] == [0]


async def test_workers_share_the_seats(store: SeatStore, adapter: Adapter, clock: Clock) -> None:
    """What one worker's store grants, another's refuses and tells, in the same epoch."""
    other = await adapter.open(clock=clock)
    granted = await store.lock("demo", ALICE, (0,), "all")

    with pytest.raises(CineBookError):
        await other.lock("demo", BOB, (0,), "all")
    assert await other.snapshot("demo") == await store.snapshot("demo")
    assert (await other.holdings("demo", ALICE)) == granted.holdings
    assert other.channel("demo") == store.channel("demo") != store.channel("other")


async def test_now_is_the_stores_clock(store: SeatStore, clock: Clock) -> None:
    """`now` follows the store's clock, not the worker's."""
    clock.advance(123)
    assert store.now() == START + 123
