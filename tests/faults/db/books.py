"""Checks what stands in the database after a crowd has been there."""

from collections import Counter

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.order_records import load
from server.db.tables.orders import order_seats, orders
from server.domain.orders import LIVE_STATES, EffectKind, Order, OrderState
from server.domain.refunds import balance


async def all_orders(engine: AsyncEngine) -> list[Order]:
    """Every order."""
    async with engine.connect() as connection:
        ids = (await connection.execute(select(orders.c.id))).scalars().all()
        return list((await load(connection, ids)).values())


async def sold_twice(engine: AsyncEngine) -> dict[str, int]:
    """The seats that more than one live order has, with how many have it."""
    owners = Counter(seat for order in await all_orders(engine) for seat in order.live_seats())
    return {seat: count for seat, count in owners.items() if count > 1}


async def check_books(engine: AsyncEngine) -> None:
    """No seat is sold twice, live orders have all their seats, and no coin is without its ticket or its way back."""
    assert await sold_twice(engine) == {}
    for order in await all_orders(engine):
        if order.state in LIVE_STATES:
            assert len(order.live_seats()) == len(order.seats), order
        if not (order.state is OrderState.EXPIRED and await waits_for_seats(engine, order.id)):
            assert balance(order) == 0, order


async def waits_for_seats(engine: AsyncEngine, order: str) -> bool:
    """Whether a late payment of the order is to be seen to still."""
    statement = text('SELECT count(*) FROM outbox WHERE "order" = :order AND kind = :kind AND done_at IS NULL')
    async with engine.connect() as connection:
        found = await connection.execute(statement, {"order": order, "kind": EffectKind.RESEAT.value})
        return bool(found.scalar_one())


async def count_seats(engine: AsyncEngine) -> int:
    """How many seats all orders name."""
    async with engine.connect() as connection:
        count: int = (await connection.execute(select(func.count()).select_from(order_seats))).scalar_one()
        return count
