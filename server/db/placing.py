"""Writes a new order with its seats, all or nothing, in a transaction that somebody else began."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.instants import to_datetime
from server.db.order_records import add_money, load, save
from server.db.order_rows import order_values, seat_values, with_next_version
from server.db.outbox import enqueue
from server.db.tables.catalogue import seats, showtimes
from server.db.tables.orders import order_seats, orders
from server.domain.errors import Conflict, ConflictError, GoneError, OrderExistsError
from server.domain.orders import Effect, Order, OrderState
from server.domain.settlement import expire


class SeatsVanishedError(Exception):
    """Seats were another order's, and were given up before it could be said whose. The placing may be tried again."""


async def place(connection: AsyncConnection, order: Order, effects: Iterable[Effect]) -> None:
    """Write the order, its parts and its effects; see `Orders.place`.

    Locks are taken in one order by everybody: orders that are overdue by their ids, then seats by theirs.
    """
    await _expire_overdue(connection, order)
    head = insert(orders).values(order_values(order)).on_conflict_do_nothing(index_elements=[orders.c.id])
    if not (await connection.execute(head.returning(orders.c.id))).first():
        raise OrderExistsError(order.id)
    await _take_seats(connection, order)
    await _check_fences(connection, order)
    await add_money(connection, order)
    await enqueue(connection, order, effects)


async def _expire_overdue(connection: AsyncConnection, order: Order) -> None:
    """Let open orders of these seats go whose deadline has passed, with what follows from that."""
    wanted = [seat.seat for seat in order.seats]
    overdue = (
        select(orders.c.id)
        .join(order_seats, order_seats.c.order == orders.c.id)
        .where(order_seats.c.showtime == order.showtime, order_seats.c.seat.in_(wanted), order_seats.c.live)
        .where(orders.c.state == OrderState.OPEN.value, orders.c.expires_at <= to_datetime(order.created_at))
        .distinct()
    )
    ids = (await connection.execute(overdue)).scalars().all()
    if not ids:
        return
    for found in (await load(connection, ids, lock=True)).values():
        decision = expire(found, now=order.created_at)
        after = with_next_version(found, decision.order)
        await save(connection, found, after)
        await enqueue(connection, after, decision.effects)


async def _take_seats(connection: AsyncConnection, order: Order) -> None:
    rows = sorted(seat_values(order), key=lambda row: str(row["seat"]))
    statement = insert(order_seats).values(rows)
    statement = statement.on_conflict_do_nothing(
        index_elements=[order_seats.c.showtime, order_seats.c.seat], index_where=order_seats.c.live
    )
    taken = (await connection.execute(statement.returning(order_seats.c.seat))).all()
    if len(taken) == len(rows):
        return
    owners = (
        select(order_seats.c.seat, orders.c.id, orders.c.holder)
        .join(orders, orders.c.id == order_seats.c.order)
        .where(order_seats.c.showtime == order.showtime, order_seats.c.seat.in_([row["seat"] for row in rows]))
        .where(order_seats.c.live, orders.c.id != order.id)
    )
    found = (await connection.execute(owners)).all()
    if not found:
        raise SeatsVanishedError
    own = next((row.id for row in found if row.holder == order.holder), None)
    theirs = [row.seat for row in found if own is None or row.id == own]
    reason = Conflict.SOLD if own is None else Conflict.ORDERED
    raise ConflictError(reason, order=own, seats=await _indexes(connection, order.showtime, theirs))


async def _check_fences(connection: AsyncConnection, order: Order) -> None:
    """Refuse seats whose grant is older than one that is known; asked once the seats are taken and cannot change."""
    known = tuple_(order_seats.c.ordinal, order_seats.c.fence)
    query: Select[Any] = select(order_seats.c.seat).where(order_seats.c.showtime == order.showtime)
    newer = ((order_seats.c.seat == seat.seat) & (known > tuple_(seat.ordinal, seat.fence)) for seat in order.seats)
    stale: set[str] = set((await connection.execute(query.where(or_(*newer)))).scalars())
    if stale:
        raise GoneError(seats=await _indexes(connection, order.showtime, stale))


async def _indexes(connection: AsyncConnection, showtime: str, ids: Iterable[str]) -> tuple[int, ...]:
    """The indexes of seats in the layout that the showtime sells."""
    query = (
        select(seats.c.index)
        .join(showtimes, showtimes.c.layout == seats.c.layout)
        .where(showtimes.c.id == showtime, seats.c.id.in_(list(ids)))
        .order_by(seats.c.index)
    )
    return tuple((await connection.execute(query)).scalars())
