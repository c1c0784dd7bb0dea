"""`SeatStore.pin`, `occupy` and `release`: seats in a checkout that the database has not confirmed."""

import pytest

from server.domain.errors import (
    ConflictError,
    GoneError,
    LimitExceededError,
    NotHeldError,
    RefusedError,
    SalesClosedError,
    SeatsUnavailableError,
    UnknownSeatError,
)
from server.domain.holds import Hold
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, SEATS, START, Adapter, Clock, sell

DEADLINE = START + 300_000
PIN_MS = 30_000


async def test_a_pin_keeps_the_lock_underneath(store: SeatStore) -> None:
    """Others see `O`; the holder keeps the seat, with the order and its deadline; release brings the lock back."""
    locked = await store.lock("demo", ALICE, (0, 1), "all")

    assert (await store.pin("demo", ALICE, (0,), "order", deadline=DEADLINE)).version == 3
    holdings = await store.holdings("demo", ALICE)
    assert (await store.snapshot("demo")).seats[:2] == "OL"
    assert holdings.holds[0] == Hold(seat=0, expires_at=DEADLINE, first_at=START, ordinal=1, fence=2, order="order")

    assert await store.release("demo", (0,), "order") == 4
    assert (await store.snapshot("demo")).seats[:2] == "LL"
    assert (await store.holdings("demo", ALICE)).holds == locked.holdings.holds


async def test_a_pin_answers_the_fences_of_the_grants(store: SeatStore, clock: Clock) -> None:
    """In the order of the seats, and those of the locks, not of the pin; taken over without a lock, its own."""
    await store.lock("demo", ALICE, (3,), "all")
    await store.lock("demo", ALICE, (1, 2), "all")

    assert (await store.pin("demo", ALICE, (1, 3), "order", deadline=DEADLINE)).fences == ((1, 3), (1, 2))
    assert (await store.occupy("demo", "alice", (5, 3, 2), "order", deadline=DEADLINE)).fences == (
        (1, 5),
        (1, 2),
        (1, 3),
    )


async def test_a_pin_of_the_same_order_changes_nothing_but_its_end(store: SeatStore, clock: Clock) -> None:
    """Sent again it answers the same; its end and its deadline move, the end never to sooner."""
    await store.lock("demo", ALICE, (0, 1), "all")
    first = await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    assert await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE) == first
    assert await store.pin("demo", ALICE, (0,), "order", pin_ms=1, deadline=DEADLINE) == type(first)(
        version=first.version, fences=first.fences[:1]
    )

    clock.advance(PIN_MS - 1)
    assert (await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE + 1)).version == first.version + 1
    assert [hold.expires_at for hold in (await store.holdings("demo", ALICE)).holds] == [DEADLINE + 1] * 2
    clock.advance(1)
    assert await store.overdue_pins(("demo",)) == ()
    clock.advance(PIN_MS)
    assert await store.overdue_pins(("demo",)) == (("demo", "order"),)


async def test_a_pin_never_falls_by_itself(store: SeatStore, clock: Clock) -> None:
    """From its end on it is overdue; the seat stays occupied until somebody has asked the database."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    clock.advance(PIN_MS - 1)
    assert await store.overdue_pins(("demo",)) == ()
    clock.advance(1)
    assert await store.overdue_pins(("other", "demo")) == (("demo", "order"),)
    clock.advance(10 * HOLD_MS)
    assert await store.expire("demo") == 0
    assert (await store.snapshot("demo")).seats[:2] == "OO"

    await store.release("demo", None, "order")

    assert await store.overdue_pins(("demo",)) == ()
    assert (await store.snapshot("demo")).seats[:2] == "AA"


async def test_a_pin_whose_lock_has_ended_is_released_to_all(store: SeatStore, clock: Clock) -> None:
    """Where the lock underneath does not run any more, release makes the seat free; its holder's hold is gone."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.pin("demo", ALICE, (0,), "order", deadline=START + 2 * HOLD_MS)
    clock.advance(HOLD_MS)
    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [0]

    await store.release("demo", (0,), "order")

    assert (await store.snapshot("demo")).seats[0] == "A"
    assert (await store.holdings("demo", ALICE)).holds == ()
    with pytest.raises(GoneError):
        await store.pin("demo", ALICE, (0,), "another", deadline=DEADLINE)


async def test_a_pinned_seat_is_nobodys_to_lock(store: SeatStore) -> None:
    """It is `seats_unavailable` to all, its own holder included, and counts against the holder's limit."""
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)

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


async def refused(store: SeatStore, kind: type[RefusedError], seats: tuple[int, ...]) -> RefusedError:
    """The refusal of a pin of Alice's for another order, which has changed nothing."""
    before = await store.snapshot("demo")
    with pytest.raises(kind) as refusal:
        await store.pin("demo", ALICE, seats, "another", deadline=DEADLINE)
    assert await store.snapshot("demo") == before
    return refusal.value


async def test_a_second_checkout_is_a_conflict(store: SeatStore) -> None:
    """Seats in another order of the same holder, in payment or paid for: `conflict` names the order and the seats."""
    await store.lock("demo", ALICE, (0, 1, 2), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)

    for _ in range(2):
        refusal = await refused(store, ConflictError, (2, 1, 9))
        assert isinstance(refusal, ConflictError)
        assert (refusal.order, refusal.seats) == ("order", (1,))
        await sell(store, (0, 1), "order")


async def test_a_hold_that_ended_is_gone(store: SeatStore, clock: Clock) -> None:
    """Stale, swept, or taken by another meanwhile: `gone`, for an hour; after that it is not held like any other."""
    await store.lock("demo", ALICE, (0, 1, 2), "all")
    clock.advance(HOLD_MS)
    assert (await refused(store, GoneError, (0,))).seats == (0,)
    await store.lock("demo", BOB, (1,), "all")
    await store.expire("demo")

    assert (await refused(store, GoneError, (0, 9, 1, 2))).seats == (0, 1, 2)
    clock.advance(60 * 60_000 - 1)
    await store.expire("demo")
    assert (await refused(store, GoneError, (2,))).seats == (2,)
    clock.advance(1)
    assert (await refused(store, NotHeldError, (2,))).seats == (2,)


async def test_a_hold_given_up_is_not_gone(store: SeatStore, clock: Clock) -> None:
    """Who unlocked a seat does not hold it, even where an earlier hold on it had ended by itself."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(HOLD_MS)
    await store.expire("demo")
    await store.lock("demo", ALICE, (0,), "all")
    await store.unlock("demo", ALICE, (0,))

    assert (await refused(store, NotHeldError, (0,))).seats == (0,)


async def test_what_is_not_ones_own_is_not_held(store: SeatStore) -> None:
    """Free seats, others' locks and pins, sold and blocked ones; one such seat refuses the whole."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.lock("demo", BOB, (1, 2), "all")
    await store.pin("demo", BOB, (2,), "order of bob", deadline=DEADLINE)
    await sell(store, (3,), "order of carol", holder="carol")
    await store.block("demo", (4,), blocked=True)

    assert (await refused(store, NotHeldError, (0, 1, 2, 3, 4, 5))).seats == (1, 2, 3, 4, 5)


async def test_what_is_refused_first(store: SeatStore, adapter: Adapter, clock: Clock) -> None:
    """Unknown seats before closed sales, before `conflict`, before `gone`, before `not_held`."""
    await store.lock("demo", ALICE, (0, 1), "all")
    clock.advance(HOLD_MS - 1)
    await store.lock("demo", ALICE, (2,), "all")
    await store.pin("demo", ALICE, (2,), "order", deadline=DEADLINE)
    clock.advance(1)

    await refused(store, GoneError, (9, 0))
    await refused(store, ConflictError, (9, 0, 2))
    clock.now = adapter.catalogue.facts_of["demo"].sales.closes_at
    await refused(store, SalesClosedError, (9, 0, 2))
    await refused(store, UnknownSeatError, (9, 0, 2, SEATS))


async def test_occupy_takes_what_is_free(store: SeatStore, adapter: Adapter, clock: Clock) -> None:
    """Free seats, stale locks, own locks and own pins, though sales have closed; release makes free what was free."""
    await store.lock("demo", BOB, (0,), "all")
    clock.now = adapter.catalogue.facts_of["demo"].sales.closes_at - 1
    await store.lock("demo", ALICE, (1, 2), "all")
    await store.pin("demo", ALICE, (2,), "order", deadline=DEADLINE)
    clock.advance(1)

    await store.occupy("demo", "alice", (0, 1, 2, 3), "order", deadline=clock.now + HOLD_MS)

    assert (await store.snapshot("demo")).seats[:4] == "OOOO"
    assert [hold.order for hold in (await store.holdings("demo", ALICE)).holds] == ["order"] * 4
    assert (await store.holdings("demo", BOB)).holds == ()
    await store.release("demo", (0, 1, 2, 3), "order")
    assert (await store.snapshot("demo")).seats[:4] == "ALLA"


async def test_occupy_is_all_or_nothing(store: SeatStore) -> None:
    """One seat that is another's, in payment, sold or blocked refuses the whole, and is named."""
    await store.lock("demo", BOB, (1, 4), "all")
    await store.pin("demo", BOB, (4,), "order of bob", deadline=DEADLINE)
    await sell(store, (2,), "another order")
    await store.block("demo", (3,), blocked=True)
    before = await store.snapshot("demo")

    with pytest.raises(SeatsUnavailableError) as refusal:
        await store.occupy("demo", "alice", (0, 1, 2, 3, 4), "order", deadline=DEADLINE)

    assert refusal.value.seats == (1, 2, 3, 4)
    assert await store.snapshot("demo") == before


async def test_release_undoes_only_the_orders_own_pins(store: SeatStore) -> None:
    """Another order's seat, a lock, a free seat and a sale of its own stay; nothing to release changes nothing."""
    await sell(store, (0,), "order")
    await store.lock("demo", ALICE, (1, 2, 3), "all")
    await store.pin("demo", ALICE, (1,), "another order", deadline=DEADLINE)
    await store.pin("demo", ALICE, (3,), "order", deadline=DEADLINE)

    assert await store.release("demo", (0, 1, 2, 4), "order") == 5
    assert await store.release("demo", None, "order") == 6
    assert await store.release("demo", None, "order") == 6
    assert (await store.snapshot("demo")).seats[:5] == "OOLLA"


async def test_unknown_seats_are_refused(store: SeatStore) -> None:
    """Orders name seats of the layout alone."""
    with pytest.raises(UnknownSeatError):
        await store.occupy("demo", "alice", (SEATS,), "order", deadline=DEADLINE)
    with pytest.raises(UnknownSeatError):
        await store.release("demo", (-1,), "order")
    for seats, everything in (((0,), (0, SEATS)), ((-1,), (0,))):
        with pytest.raises(UnknownSeatError):
            await store.apply("demo", "order", "alice", seats, deadline=None, row_version=1, all_seats=everything)
