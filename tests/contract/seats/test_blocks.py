"""`SeatStore.block`: house seats."""

import pytest

from server.domain.errors import SeatsUnavailableError, UnknownSeatError
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, HOLD_MS, SEATS, Clock, sell


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
    await sell(store, (1,))

    for blocked in (True, False):
        with pytest.raises(SeatsUnavailableError) as refusal:
            await store.block("demo", (0, 1, 2), blocked=blocked)
        assert refusal.value.seats == (0, 1)
    assert (await store.snapshot("demo")).seats[:3] == "LOA"


async def test_unknown_seats_are_refused(store: SeatStore) -> None:
    """Blocks name seats of the layout alone."""
    with pytest.raises(UnknownSeatError):
        await store.block("demo", (SEATS,), blocked=True)
