"""Many checkouts of the same seats at once: one order gets them, the others are told why not."""

import asyncio

import pytest

from server.domain.errors import ConflictError, NotHeldError, RefusedError, SeatsUnavailableError
from server.domain.holds import Holder, Pinned
from server.seats.scripts import Operation, Scripts, build, load_scripts, source
from tests.contract.seats.world import ALICE, HOLD_MS, START, Clock, RedisAdapter

SEATS = (0, 1, 2, 3)
TABS = 40
DEADLINE = START + HOLD_MS


def without_the_guard() -> Scripts:
    """The scripts, of which pin does not look at whose seats they are."""
    text = source(Operation.PIN)
    guard = "for _, seat in ipairs(seats) do"
    assert text.count(guard) == 1
    body = text.replace(guard, "for _, seat in ipairs({}) do")
    return {**load_scripts(), Operation.PIN: build(source("prelude"), body, Operation.PIN)}


async def tabs_of_one_holder(adapter: RedisAdapter, scripts: Scripts | None = None) -> list[Pinned | RefusedError]:
    """What each of many tabs on three workers is answered that check the holder's seats out at once."""
    stores = [await adapter.open(clock=Clock(), scripts=scripts) for _ in range(3)]
    await stores[0].lock("demo", ALICE, SEATS, "all")

    async def pin(tab: int) -> Pinned | RefusedError:
        try:
            return await stores[tab % 3].pin("demo", ALICE, SEATS, f"order {tab}", deadline=DEADLINE)
        except RefusedError as error:
            return error

    return await asyncio.gather(*map(pin, range(TABS)))


async def test_of_many_tabs_one_order_wins(adapter: RedisAdapter) -> None:
    """The others get `conflict` with the order that did, and all of its seats."""
    answers = await tabs_of_one_holder(adapter)

    (winner,) = [tab for tab, answer in enumerate(answers) if isinstance(answer, Pinned)]
    losers = [answer for answer in answers if isinstance(answer, ConflictError)]
    assert len(losers) == TABS - 1
    assert {(loser.order, loser.seats) for loser in losers} == {(f"order {winner}", SEATS)}


async def test_without_the_guard_many_orders_win(adapter: RedisAdapter) -> None:
    """The check of whose seats they are is what keeps the orders apart."""
    answers = await tabs_of_one_holder(adapter, without_the_guard())
    assert sum(isinstance(answer, Pinned) for answer in answers) > 1


@pytest.mark.parametrize("seed", range(3))
async def test_of_many_buyers_each_seat_has_one_order(adapter: RedisAdapter, seed: int) -> None:
    """Buyers on three workers lock, check out, buy or give up the same seats: in the end each is sold, to one order."""
    clock = Clock()
    stores = [await adapter.open(clock=clock) for _ in range(3)]
    sold: dict[int, list[str]] = {}

    async def buy(number: int) -> None:
        store, buyer = stores[number % 3], Holder(id=f"buyer {number}", expires_at=2 * START)
        order = f"order {number}"
        while len(sold) < len(SEATS):
            try:
                granted = await store.lock("demo", buyer, SEATS, "any")
                await store.pin("demo", buyer, granted.seats, order, deadline=DEADLINE)
            except (SeatsUnavailableError, NotHeldError):
                continue
            if (number + seed) % 3:
                await store.release("demo", None, order)
                await store.unlock("demo", buyer, None)
                continue
            seats = granted.seats
            await store.apply("demo", order, buyer.id, seats, deadline=None, row_version=1, all_seats=seats)
            for seat in seats:
                sold.setdefault(seat, []).append(order)

    await asyncio.gather(*map(buy, range(TABS)))

    assert (await stores[0].snapshot("demo")).seats[: len(SEATS)] == "OOOO"
    assert all(len(orders) == 1 for orders in sold.values())
