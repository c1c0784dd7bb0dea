"""`SeatStore.occupy`, `release` and `block`: seats in a checkout, sold ones and house seats."""

import pytest

from server.domain.errors import LimitExceededError, SeatsUnavailableError, UnknownSeatError
from server.domain.holds import Hold
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, SEATS, START, Clock

DEADLINE = START + 30_000


async def test_a_pin_keeps_the_lock_underneath(store: SeatStore) -> None:
    """Others see `O`; the holder keeps the seat, with the order and its deadline; release brings the lock back."""
    locked = await store.lock("demo", ALICE, (0, 1), "all")

    assert await store.occupy("demo", ALICE, (0,), "order", DEADLINE) == 3
    holdings = await store.holdings("demo", ALICE)
    assert (await store.snapshot("demo")).seats[:2] == "OL"
    assert holdings.holds[0] == Hold(seat=0, expires_at=DEADLINE, first_at=START, ordinal=1, fence=2, order="order")

    assert await store.release("demo", (0,), "order") == 4
    assert (await store.snapshot("demo")).seats[:2] == "LL"
    assert (await store.holdings("demo", ALICE)).holds == locked.holdings.holds


async def test_a_pin_whose_lock_has_ended_is_released_to_all(store: SeatStore, clock: Clock) -> None:
    """Where the lock underneath does not run any more, release makes the seat free."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.occupy("demo", ALICE, (0,), "order", START + 2 * HOLD_MS)
    clock.advance(HOLD_MS)
    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [0]

    await store.release("demo", (0,), "order")

    assert (await store.snapshot("demo")).seats[0] == "A"
    assert (await store.holdings("demo", ALICE)).holds == ()


async def test_a_free_seat_may_be_pinned(store: SeatStore) -> None:
    """A free seat is pinned for the holder without a lock underneath; release makes it free."""
    await store.occupy("demo", ALICE, (0,), "order", DEADLINE)
    (hold,) = (await store.holdings("demo", ALICE)).holds
    assert (hold.expires_at, hold.order) == (DEADLINE, "order")

    await store.release("demo", (0,), "order")
    assert (await store.snapshot("demo")).seats[0] == "A"


async def test_a_pinned_seat_is_nobodys_to_lock(store: SeatStore) -> None:
    """It is `seats_unavailable` to all, its own holder included, and counts against the holder's limit."""
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    await store.occupy("demo", ALICE, (0, 1), "order", DEADLINE)

    for holder in (ALICE, BOB):
        for mode in ("all", "any"):
            with pytest.raises(SeatsUnavailableError) as refusal:
                await store.lock("demo", holder, (0,), mode)
            assert refusal.value.seats == (0,)
    with pytest.raises(LimitExceededError):
        await store.lock("demo", ALICE, (4,), "all")
    await store.unlock("demo", ALICE, (3,))
    with pytest.raises(SeatsUnavailableError) as once:
        await store.lock("demo", ALICE, (0, 4), "all")
    assert once.value.seats == (0,), "a seat in one's own checkout counts once"


async def test_a_sale_ends_the_lock(store: SeatStore) -> None:
    """A sold seat is no hold of anybody's, and counts against no limit; a release, as for a refund, frees it."""
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    await store.occupy("demo", ALICE, (0, 1), "order", DEADLINE)

    assert await store.occupy("demo", ALICE, (0, 1), "order", None) == 4

    assert (await store.snapshot("demo")).seats[:4] == "OOLL"
    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [2, 3]
    assert (await store.lock("demo", ALICE, (4, 5), "all")).seats == (4, 5)
    await store.release("demo", (0, 1), "order")
    assert (await store.snapshot("demo")).seats[:2] == "AA"


async def test_occupy_is_all_or_nothing(store: SeatStore) -> None:
    """One seat that is another's, sold or blocked refuses the whole, and names it."""
    await store.lock("demo", BOB, (1,), "all")
    await store.occupy("demo", None, (2,), "another order", None)
    await store.block("demo", (3,), blocked=True)
    before = await store.snapshot("demo")

    with pytest.raises(SeatsUnavailableError) as refusal:
        await store.occupy("demo", ALICE, (0, 1, 2, 3), "order", DEADLINE)
    with pytest.raises(SeatsUnavailableError):
        await store.occupy("demo", None, (1,), "order", None)

    assert refusal.value.seats == (1, 2, 3)
    assert await store.snapshot("demo") == before


async def test_occupy_takes_a_stale_lock(store: SeatStore, clock: Clock) -> None:
    """A lock past its expiry is free for an order too, whoever had it."""
    await store.lock("demo", BOB, (0,), "all")
    clock.advance(HOLD_MS)

    await store.occupy("demo", ALICE, (0,), "order", clock.now + 1000)

    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [0]
    assert (await store.holdings("demo", BOB)).holds == ()
    await store.release("demo", (0,), "order")
    assert (await store.snapshot("demo")).seats[0] == "A"


async def test_occupy_again_moves_the_deadline_or_changes_nothing(store: SeatStore) -> None:
    """The same order may pin again: to a later deadline, or, told the same twice, without a new version."""
    await store.lock("demo", ALICE, (0,), "all")
    first = await store.occupy("demo", ALICE, (0,), "order", DEADLINE)

    assert await store.occupy("demo", ALICE, (0,), "order", DEADLINE) == first
    assert await store.occupy("demo", ALICE, (0,), "order", DEADLINE + 60_000) == first + 1
    assert (await store.holdings("demo", ALICE)).holds[0].expires_at == DEADLINE + 60_000
    await store.release("demo", (0,), "order")
    assert (await store.holdings("demo", ALICE)).holds[0].expires_at == START + HOLD_MS


async def test_release_frees_only_the_orders_own_seats(store: SeatStore) -> None:
    """Another order's seat, a lock and a free seat are left alone; nothing to release changes nothing."""
    await store.occupy("demo", None, (0,), "order", None)
    await store.occupy("demo", None, (1,), "another order", None)
    await store.lock("demo", ALICE, (2,), "all")

    assert await store.release("demo", (1, 2, 3), "order") == 4
    assert await store.release("demo", (0, 1, 2, 3), "order") == 5
    assert (await store.snapshot("demo")).seats[:4] == "AOLA"


async def test_block_sets_house_seats(store: SeatStore, clock: Clock) -> None:
    """Free seats become `B` and blocked ones `A` again; told twice, nothing changes; a stale lock is free."""
    await store.lock("demo", ALICE, (1,), "all")
    clock.advance(HOLD_MS)

    assert await store.block("demo", (0, 1), blocked=True) == 3
    assert await store.block("demo", (0, 1), blocked=True) == 3
    assert (await store.snapshot("demo")).seats[:2] == "BB"
    assert await store.expire("demo") == 0
    with pytest.raises(SeatsUnavailableError):
        await store.lock("demo", ALICE, (0,), "all")

    assert await store.block("demo", (0, 1, 2), blocked=False) == 4
    assert await store.block("demo", (0,), blocked=False) == 4
    assert (await store.snapshot("demo")).seats[:3] == "AAA"


async def test_block_refuses_seats_that_somebody_has(store: SeatStore) -> None:
    """Locked and occupied seats refuse the whole, either way, and nothing changes."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.occupy("demo", None, (1,), "order", None)

    for blocked in (True, False):
        with pytest.raises(SeatsUnavailableError) as refusal:
            await store.block("demo", (0, 1, 2), blocked=blocked)
        assert refusal.value.seats == (0, 1)
    assert (await store.snapshot("demo")).seats[:3] == "LOA"


async def test_unknown_seats_are_refused(store: SeatStore) -> None:
    """Orders and blocks name seats of the layout alone."""
    with pytest.raises(UnknownSeatError):
        await store.occupy("demo", None, (SEATS,), "order", None)
    with pytest.raises(UnknownSeatError):
        await store.release("demo", (-1,), "order")
    with pytest.raises(UnknownSeatError):
        await store.block("demo", (SEATS,), blocked=True)
