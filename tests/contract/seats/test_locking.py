"""`SeatStore.lock`: who gets which seats, and what is refused first."""

import pytest

from protocol.codes import Code
from server.domain.errors import (
    LimitExceededError,
    SalesClosedError,
    SeatsUnavailableError,
    ShowtimeNotFoundError,
    UnknownSeatError,
)
from server.domain.holds import Hold, RejectedSeat
from server.domain.showtimes import Sales
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, MAX_SEATS, SEATS, START, Adapter, Clock, make_layout, owned


async def test_a_lock_holds_for_the_full_time(store: SeatStore) -> None:
    """A granted seat is held for `hold_ms`, with its first-lock time and the fence of its grant."""
    granted = await store.lock("demo", ALICE, (3, 1), "all")

    assert granted.seats == (3, 1)
    assert granted.rejected == ()
    assert granted.version == granted.holdings.version == 2
    assert granted.holdings.holds == tuple(
        Hold(seat=seat, expires_at=START + HOLD_MS, first_at=START, ordinal=1, fence=2) for seat in (1, 3)
    )
    assert (await store.snapshot("demo")).seats == "ALAL" + "A" * (SEATS - 4)


async def test_a_locked_seat_is_refused_to_others(store: SeatStore) -> None:
    """All or nothing: the seats that are not free are named, the free ones stay free, the version stays."""
    await store.lock("demo", ALICE, (3, 4), "all")

    with pytest.raises(SeatsUnavailableError) as refusal:
        await store.lock("demo", BOB, (2, 4, 3), "all")

    assert refusal.value.seats == (4, 3)
    assert refusal.value.rejected == ()
    snapshot = await store.snapshot("demo")
    assert (snapshot.seats[:5], snapshot.version) == ("AAALL", 2)
    assert (await store.holdings("demo", BOB)).holds == ()


async def test_any_takes_what_is_free(store: SeatStore) -> None:
    """Mode `any` grants the free seats in the order given and rejects each other one with its code."""
    await store.lock("demo", ALICE, (3,), "all")

    granted = await store.lock("demo", BOB, (5, 3, 0), "any")

    assert granted.seats == (5, 0)
    assert granted.rejected == (RejectedSeat(seat=3, code=Code.SEATS_UNAVAILABLE),)
    assert [hold.seat for hold in granted.holdings.holds] == [0, 5]


async def test_any_stops_at_the_limit(store: SeatStore) -> None:
    """Mode `any` grants up to `max_seats`, own seats included, and rejects the rest by the limit."""
    await store.lock("demo", ALICE, (0,), "all")

    granted = await store.lock("demo", ALICE, (4, 3, 2, 0, 1), "any")

    assert granted.seats == (4, 3, 2, 0)
    assert granted.rejected == (RejectedSeat(seat=1, code=Code.LIMIT_EXCEEDED),)
    assert len(granted.holdings.holds) == MAX_SEATS


async def test_any_that_grants_nothing_is_refused(store: SeatStore) -> None:
    """`limit_exceeded` if every seat failed by that, else `seats_unavailable`; both carry each seat's code."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.lock("demo", BOB, (4, 5, 6, 7), "all")

    with pytest.raises(SeatsUnavailableError) as taken:
        await store.lock("demo", ALICE, (4, 5), "any")
    with pytest.raises(LimitExceededError) as full:
        await store.lock("demo", BOB, (8, 9), "any")

    assert taken.value.rejected == tuple(RejectedSeat(seat=seat, code=Code.SEATS_UNAVAILABLE) for seat in (4, 5))
    assert taken.value.seats == (4, 5)
    assert full.value.rejected == tuple(RejectedSeat(seat=seat, code=Code.LIMIT_EXCEEDED) for seat in (8, 9))


async def test_own_seats_count_and_keep_their_expiry(store: SeatStore, clock: Clock) -> None:
    """Seats already held count as granted, and only a new one gets a new expiry."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(1000)

    granted = await store.lock("demo", ALICE, (0, 1), "all")

    assert granted.seats == (0, 1)
    assert [hold.expires_at for hold in granted.holdings.holds] == [START + HOLD_MS, START + 1000 + HOLD_MS]
    assert [hold.fence for hold in granted.holdings.holds] == [2, 3]


async def test_nothing_but_own_seats_changes_nothing(store: SeatStore) -> None:
    """A request for seats that are all held already is granted without a new version."""
    first = await store.lock("demo", ALICE, (0, 1), "all")
    again = await store.lock("demo", ALICE, (1,), "all")

    assert again.seats == (1,)
    assert (again.version, again.holdings) == (first.version, first.holdings)


async def test_the_limit_counts_what_is_held(store: SeatStore) -> None:
    """More than `max_seats` in all is refused, and frees or takes nothing."""
    await store.lock("demo", ALICE, (0, 1, 2), "all")

    with pytest.raises(LimitExceededError):
        await store.lock("demo", ALICE, (3, 4), "all")

    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [0, 1, 2]
    assert (await store.lock("demo", ALICE, (2, 3), "all")).seats == (2, 3)


async def test_the_limit_counts_no_stale_lock(store: SeatStore, clock: Clock) -> None:
    """Locks past their expiry leave room for new ones, swept or not."""
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    clock.advance(HOLD_MS)

    assert (await store.lock("demo", ALICE, (4, 5, 6, 7), "all")).seats == (4, 5, 6, 7)


async def test_the_limit_is_each_holders_own(store: SeatStore) -> None:
    """What others hold does not count."""
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")

    assert len((await store.lock("demo", BOB, (4, 5, 6, 7), "all")).seats) == MAX_SEATS


async def test_refusals_have_an_order(store: SeatStore, adapter: Adapter, clock: Clock) -> None:
    """Unknown seats come before closed sales, those before the limit, that before seats that are taken."""
    await store.lock("demo", BOB, (0,), "all")

    with pytest.raises(LimitExceededError):
        await store.lock("demo", ALICE, (0, 1, 2, 3, 4), "all")
    with pytest.raises(SeatsUnavailableError):
        await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    clock.advance(100 * 2 * HOLD_MS)
    with pytest.raises(SalesClosedError):
        await store.lock("demo", ALICE, (0, 1, 2, 3, 4), "all")
    with pytest.raises(UnknownSeatError) as unknown:
        await store.lock("demo", ALICE, (0, SEATS, -1, 2, 3, 2**53 - 1), "any")
    assert unknown.value.seats == (SEATS, -1, 2**53 - 1)


@pytest.mark.parametrize(("opens", "closes", "open_now"), [(0, 1, True), (1, 2, False), (-1, 0, False)])
async def test_seats_are_sold_from_opening_until_before_closing(
    store: SeatStore, adapter: Adapter, opens: int, closes: int, open_now: bool
) -> None:
    """Sales run from `opens_at`, which is in, to `closes_at`, which is not, by the store's clock."""
    adapter.catalogue.add("other", make_layout())
    adapter.catalogue.change("other", sales=Sales(opens_at=START + opens, closes_at=START + closes))

    if open_now:
        assert (await store.lock("other", ALICE, (0,), "all")).seats == (0,)
    else:
        with pytest.raises(SalesClosedError):
            await store.lock("other", ALICE, (0,), "all")


async def test_blocked_and_occupied_seats_are_unavailable(store: SeatStore, adapter: Adapter) -> None:
    """House seats and sold ones are refused in both modes."""
    adapter.catalogue.add("other", make_layout(), occupations=(owned(1),), blocked=(2,))

    with pytest.raises(SeatsUnavailableError) as refusal:
        await store.lock("other", ALICE, (0, 1, 2), "all")
    granted = await store.lock("other", ALICE, (0, 1, 2), "any")

    assert refusal.value.seats == (1, 2)
    assert granted.seats == (0,)


async def test_a_stale_lock_is_taken_over_in_place(store: SeatStore, clock: Clock) -> None:
    """A lock past its expiry is anybody's, without a sweep; the letter does not change, the fence grows."""
    await store.lock("demo", ALICE, (0, 1), "all")
    clock.advance(HOLD_MS - 1)
    with pytest.raises(SeatsUnavailableError):
        await store.lock("demo", BOB, (0,), "all")
    clock.advance(1)

    granted = await store.lock("demo", BOB, (0,), "all")

    assert granted.holdings.holds == (
        Hold(seat=0, expires_at=clock.now + HOLD_MS, first_at=clock.now, ordinal=1, fence=3),
    )
    assert granted.version == 2, "the last letter change is still the first lock"
    assert granted.holdings.version == 3
    assert (await store.holdings("demo", ALICE)).holds == ()


async def test_ones_own_stale_lock_is_granted_anew(store: SeatStore, clock: Clock) -> None:
    """Taking over one's own stale lock starts over: new expiry, first-lock time and fence."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(HOLD_MS)

    granted = await store.lock("demo", ALICE, (0,), "all")

    assert granted.holdings.holds == (
        Hold(seat=0, expires_at=clock.now + HOLD_MS, first_at=clock.now, ordinal=1, fence=3),
    )


async def test_an_unknown_showtime_is_not_found(store: SeatStore) -> None:
    """A showtime that the database does not have is refused by every method that names one, and leaves no trace."""
    with pytest.raises(ShowtimeNotFoundError):
        await store.lock("nowhere", ALICE, (0,), "all")
    with pytest.raises(ShowtimeNotFoundError):
        await store.snapshot("nowhere")
    with pytest.raises(ShowtimeNotFoundError):
        await store.holdings("nowhere", ALICE)
    assert await store.positions(("nowhere",)) == (None,)
