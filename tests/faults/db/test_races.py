"""Crowds: whatever they do at once, no seat is sold twice and no money is lost."""

import asyncio
import contextlib
import random
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db import placing
from server.db.orders import PostgresOrders
from server.domain.errors import ConflictError, IdempotencyInProgressError
from server.domain.holds import Once
from server.domain.orders import OrderState
from server.domain.refunds import RefundRefusedError, refund
from server.domain.settlement import cancel, expire, reseat
from tests.contract.orders.world import NOW, PAYMENT_MS, make, new_id, new_order, paid, with_payment
from tests.faults.db.books import all_orders, check_books, count_seats, sold_twice

SEATS = ("A1", "A2", "A3", "A4", "B1", "B2")
BUYERS = 40
SEED = 20_260_101


async def everybody_buys(orders: PostgresOrders, seed: int) -> list[BaseException | None]:
    """Forty holders place orders of some of the seats, each in an order of its own, all at once."""
    chance = random.Random(seed)

    async def buy(number: int) -> None:
        seats = chance.sample(SEATS, chance.randint(2, len(SEATS)))
        await orders.place(new_order(f"o{number}", *seats, holder=f"holder-{number}"))

    return await asyncio.gather(*(buy(number) for number in range(BUYERS)), return_exceptions=True)


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
async def test_one_buyer_a_seat(orders: PostgresOrders, engine: AsyncEngine, seed: int) -> None:
    """Of forty who want the same seats in all orders, some win, each with all it asked for; the others get nothing."""
    results = await everybody_buys(orders, seed)
    refused = [result for result in results if result is not None]
    assert all(type(result) is ConflictError for result in refused), refused
    placed = await all_orders(engine)
    assert placed
    assert len(placed) == BUYERS - len(refused)
    assert await count_seats(engine) == sum(len(order.live_seats()) for order in placed)
    await check_books(engine)


async def test_without_the_index_seats_are_sold_twice(
    orders: PostgresOrders, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same crowd and the same check find doubles once the index is gone: it is what holds, and the check sees."""

    class Unguarded(Insert):
        """The same statement, which names no index that must be there."""

        inherit_cache = False

        def on_conflict_do_nothing(self, *_: Any, **__: Any) -> "Unguarded":
            return super().on_conflict_do_nothing()

    monkeypatch.setattr(placing, "insert", Unguarded)
    async with engine.begin() as connection:
        await connection.execute(text("DROP INDEX order_seats_live"))
    await everybody_buys(orders, SEED)
    assert await sold_twice(engine)


async def test_forty_tabs_of_one_holder(orders: PostgresOrders, engine: AsyncEngine) -> None:
    """One of forty checkouts of one holder wins, and all the others are told which."""
    results = await asyncio.gather(
        *(orders.place(new_order(f"o{number}", *SEATS)) for number in range(BUYERS)), return_exceptions=True
    )
    (winner,) = await all_orders(engine)
    refused = [result for result in results if result is not None]
    assert len(refused) == BUYERS - 1
    assert all(isinstance(result, ConflictError) and result.order == winner.id for result in refused)


async def test_one_key_forty_times(orders: PostgresOrders, engine: AsyncEngine) -> None:
    """One request sent forty times at once places one order; the others learn that it runs."""
    once = Once(key="k", body_hash="h")
    results = await asyncio.gather(
        *(orders.place(new_order("o1", *SEATS), once=once) for _ in range(BUYERS)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert all(result is None or isinstance(result, IdempotencyInProgressError) for result in results)
    assert len(await all_orders(engine)) == 1


async def test_an_overdue_order_is_expired_by_one_of_many(orders: PostgresOrders, engine: AsyncEngine) -> None:
    """Forty who find the same seats overdue expire them once, and one of them gets each."""
    for place, seat in enumerate(SEATS):
        await orders.place(new_order(f"old{place}", seat))
    later = NOW + PAYMENT_MS
    results = await asyncio.gather(
        *(
            orders.place(new_order(f"o{number}", *SEATS[number % 5 : number % 5 + 2], at=later, holder=f"h{number}"))
            for number in range(BUYERS)
        ),
        return_exceptions=True,
    )
    assert all(result is None or type(result) is ConflictError for result in results), results
    old = [order for order in await all_orders(engine) if order.id.startswith("old")]
    assert {order.row_version for order in old} <= {1, 2}
    assert sum(order.state is OrderState.EXPIRED for order in old) >= 2
    await check_books(engine)


async def act(orders: PostgresOrders, order: str, name: str, now: int) -> None:
    """Do to an order what a customer, a gateway, the clock or staff may do at any time."""
    reference = f"pay-{order}"
    if name == "pay":
        await make(orders, order, partial(paid, reference=reference, now=now))
    elif name == "expire":
        await make(orders, order, partial(expire, now=now))
    elif name == "cancel":
        await make(orders, order, cancel)
    elif name == "refund":
        ask = partial(refund, seats=None, amount=None, reason="", by="ann", now=now, new_id=new_id)
        with contextlib.suppress(RefundRefusedError):
            await make(orders, order, ask)
    elif (await orders.order(order)).captured():
        come_back = partial(reseat, reference=reference, now=now, new_id=new_id)
        try:
            await make(orders, order, partial(come_back, seats_free=True))
        except ConflictError:
            await make(orders, order, partial(come_back, seats_free=False))


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
async def test_a_storm(orders: PostgresOrders, engine: AsyncEngine, seed: int) -> None:
    """Placing, paying, letting go, coming back late and refunding, all at once: refusals only, and the books agree."""
    chance = random.Random(seed)

    async def life(number: int) -> None:
        order = f"o{number}"
        seats = chance.sample(SEATS, chance.randint(1, 3))
        at = NOW + chance.randint(0, 2) * PAYMENT_MS
        names = chance.choices(("pay", "expire", "cancel", "reseat", "refund"), k=6)
        await orders.place(with_payment(new_order(order, *seats, at=at, holder=f"h{number % 7}"), f"pay-{order}"))
        for name in names:
            await act(orders, order, name, at + PAYMENT_MS)

    results = await asyncio.gather(*(life(number) for number in range(BUYERS)), return_exceptions=True)
    assert {type(result) for result in results} <= {type(None), ConflictError}, results
    await check_books(engine)
