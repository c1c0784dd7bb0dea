"""`SeatStore.unlock`, `extend` and `expire`: how locks end, and how they last."""

import pytest

from server.domain.errors import HoldCapError, NotHeldError, SeatsUnavailableError, UnknownSeatError
from server.domain.holds import Holdings
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, MAX_HOLD_MS, SEATS, START, Clock


def seats_of(holdings: Holdings) -> list[int]:
    """The seats of some holdings, in their order."""
    return [hold.seat for hold in holdings.holds]


async def test_unlock_releases_those_named(store: SeatStore) -> None:
    """Named seats of the holder's become free; the others stay."""
    await store.lock("demo", ALICE, (0, 1, 2), "all")

    released = await store.unlock("demo", ALICE, (1, 0))

    assert released.seats == (1, 0)
    assert released.version == released.holdings.version == 3
    assert seats_of(released.holdings) == [2]
    assert (await store.snapshot("demo")).seats[:3] == "AAL"
    assert (await store.lock("demo", BOB, (0, 1), "all")).seats == (0, 1)


async def test_unlock_without_seats_releases_all(store: SeatStore) -> None:
    """No seats named means every lock of this holder's, and of nobody else's."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.lock("demo", BOB, (2,), "all")

    released = await store.unlock("demo", ALICE, None)

    assert released.seats == (0, 1)
    assert released.holdings.holds == ()
    assert (await store.snapshot("demo")).seats[:3] == "AAL"


async def test_unlock_leaves_out_what_is_not_ones_own(store: SeatStore, clock: Clock) -> None:
    """Seats of others, free seats, and locks past their expiry are left out; nothing to release changes nothing."""
    await store.lock("demo", BOB, (1,), "all")
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(HOLD_MS)

    released = await store.unlock("demo", ALICE, (0, 1, 2))

    assert released.seats == ()
    assert released.holdings.version == 3
    assert (await store.unlock("demo", ALICE, None)).seats == ()
    assert (await store.snapshot("demo")).version == 3


async def test_unlock_leaves_seats_in_a_checkout(store: SeatStore) -> None:
    """A seat in a checkout is not released, named or not."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0,), "order", deadline=START + 30_000)

    assert (await store.unlock("demo", ALICE, (0,))).seats == ()
    assert (await store.unlock("demo", ALICE, None)).seats == (1,)
    assert (await store.snapshot("demo")).seats[:2] == "OA"


async def test_unlock_releases_pairs_together(store: SeatStore) -> None:
    """Half a couple seat takes the other half along, if the same holder has it."""
    left, right = SEATS - 2, SEATS - 1
    await store.lock("demo", ALICE, (left, right), "all")
    assert (await store.unlock("demo", ALICE, (right,))).seats == (right, left)

    await store.lock("demo", ALICE, (left,), "all")
    await store.lock("demo", BOB, (right,), "all")
    assert (await store.unlock("demo", ALICE, (left,))).seats == (left,)
    assert seats_of(await store.holdings("demo", BOB)) == [right]


async def test_unlock_and_extend_refuse_unknown_seats(store: SeatStore) -> None:
    """One unknown seat refuses the whole request."""
    await store.lock("demo", ALICE, (0,), "all")

    with pytest.raises(UnknownSeatError) as unlocking:
        await store.unlock("demo", ALICE, (0, SEATS))
    with pytest.raises(UnknownSeatError) as extending:
        await store.extend("demo", ALICE, (-1, 0))

    assert (unlocking.value.seats, extending.value.seats) == ((SEATS,), (-1,))
    assert seats_of(await store.holdings("demo", ALICE)) == [0]


async def test_extend_gives_a_full_hold_anew(store: SeatStore, clock: Clock) -> None:
    """A seat named gets a full hold from now; first-lock time, fence and the others' expiry stay."""
    locked = await store.lock("demo", ALICE, (0, 1), "all")
    clock.advance(60_000)

    extended = await store.extend("demo", ALICE, (1,))

    assert extended.seats == (1,)
    assert extended.version == locked.version, "an extension changes no letter"
    assert extended.holdings.version == locked.version + 1
    first, second = extended.holdings.holds
    assert (first.expires_at, second.expires_at) == (START + HOLD_MS, clock.now + HOLD_MS)
    assert (second.first_at, second.fence) == (START, 2)
    clock.advance(HOLD_MS - 1)
    assert seats_of(await store.holdings("demo", ALICE)) == [1]


async def test_extend_without_seats_extends_all(store: SeatStore, clock: Clock) -> None:
    """No seats named means every lock that runs."""
    await store.lock("demo", ALICE, (0, 1), "all")
    clock.advance(1000)

    extended = await store.extend("demo", ALICE, None)

    assert extended.seats == (0, 1)
    assert {hold.expires_at for hold in extended.holdings.holds} == {clock.now + HOLD_MS}


async def test_extend_works_within_the_millisecond_of_the_lock(store: SeatStore) -> None:
    """An extension that comes at once is no cap: it is granted."""
    await store.lock("demo", ALICE, (0,), "all")

    assert (await store.extend("demo", ALICE, (0,))).seats == (0,)


async def test_extend_ends_at_the_cap(store: SeatStore, clock: Clock) -> None:
    """A hold never lasts past `max_hold_ms` from its first lock; where no seat would gain, that is said."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(HOLD_MS - 1)
    await store.extend("demo", ALICE, (0,))
    await store.lock("demo", ALICE, (1,), "all")
    clock.advance(HOLD_MS - 1)

    extended = await store.extend("demo", ALICE, None)
    assert [hold.expires_at for hold in extended.holdings.holds] == [START + MAX_HOLD_MS, clock.now + HOLD_MS]

    with pytest.raises(HoldCapError):
        await store.extend("demo", ALICE, (0,))
    assert (await store.extend("demo", ALICE, (0, 1))).seats == (1,), "only those that gain are extended"


async def test_extend_of_what_is_not_held_changes_nothing(store: SeatStore, clock: Clock) -> None:
    """Seats of others, free seats, seats in a checkout and ended locks are `not_held`, and the held ones stay as is."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.lock("demo", BOB, (2,), "all")
    await store.pin("demo", ALICE, (1,), "order", deadline=START + 30_000)
    clock.advance(1000)

    with pytest.raises(NotHeldError) as refusal:
        await store.extend("demo", ALICE, (0, 1, 2, 3))

    assert refusal.value.seats == (1, 2, 3)
    assert (await store.holdings("demo", ALICE)).holds[0].expires_at == START + HOLD_MS


async def test_extend_with_nothing_held_is_not_held(store: SeatStore, clock: Clock) -> None:
    """No seats named and none held: `not_held`, without seats; also where all have ended or are in a checkout."""
    with pytest.raises(NotHeldError) as nothing:
        await store.extend("demo", ALICE, None)
    assert nothing.value.seats == ()

    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (1,), "order", deadline=START + 2 * HOLD_MS)
    clock.advance(HOLD_MS)
    with pytest.raises(NotHeldError):
        await store.extend("demo", ALICE, None)


async def test_expire_frees_what_has_ended(store: SeatStore, clock: Clock) -> None:
    """Locks past their expiry become free, at most so many at once; others stay; nothing due changes nothing."""
    await store.lock("demo", ALICE, (0, 1, 2), "all")
    clock.advance(1)
    await store.lock("demo", BOB, (3,), "all")
    assert await store.expire("demo") == 0
    clock.advance(HOLD_MS - 1)

    assert await store.expire("demo", limit=2) == 2
    assert await store.expire("demo", limit=2) == 1
    assert await store.expire("demo", limit=2) == 0

    snapshot = await store.snapshot("demo")
    assert (snapshot.seats[:4], snapshot.version) == ("AAAL", 5)
    assert (await store.lock("demo", ALICE, (0,), "all")).seats == (0,)


async def test_expire_leaves_a_lock_that_was_extended(store: SeatStore, clock: Clock) -> None:
    """The expiry that counts is the last one given."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(1000)
    await store.extend("demo", ALICE, None)
    clock.advance(HOLD_MS - 1)

    assert await store.expire("demo") == 0
    with pytest.raises(SeatsUnavailableError):
        await store.lock("demo", BOB, (0,), "all")


async def test_expire_leaves_pins(store: SeatStore, clock: Clock) -> None:
    """A seat in a checkout is not swept with the locks, even where the lock underneath has ended."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.pin("demo", ALICE, (0,), "order", deadline=START + 30_000)
    clock.advance(2 * HOLD_MS)

    assert await store.expire("demo") == 0
    assert (await store.snapshot("demo")).seats[0] == "O"
