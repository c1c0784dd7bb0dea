"""Reads and writes whole orders within a transaction that somebody else began."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.order_rows import Values, order_values, payment_values, refund_values, seat_values, to_order
from server.db.tables.orders import order_seats, orders, payments, refunds
from server.domain.orders import Order, PaymentState

UNSETTLED: Final = (PaymentState.STARTED.value, PaymentState.AUTHORISED.value)
"""States of a payment about which its gateway's last word has not come."""


async def load(connection: AsyncConnection, ids: Sequence[str], *, lock: bool = False) -> dict[str, Order]:
    """The orders with these ids that there are, whole; `lock`: their rows are locked, in the order of ids.

    Parts change only under the lock of their order, so what was read under it is one state.
    """
    heads = select(orders).where(orders.c.id.in_(ids)).order_by(orders.c.id)
    found = (await connection.execute(heads.with_for_update() if lock else heads)).all()
    if not found:
        return {}
    known = [row.id for row in found]
    parts = [await _parts(connection, table, known) for table in (order_seats, payments, refunds)]
    return {row.id: to_order(row, *(part.get(row.id, ()) for part in parts)) for row in found}


async def _parts(connection: AsyncConnection, table: Table, ids: list[str]) -> dict[str, list[Row[Any]]]:
    by_order: dict[str, list[Row[Any]]] = {}
    query = select(table).where(table.c.order.in_(ids)).order_by(table.c.order, table.c.place)
    for row in await connection.execute(query):
        by_order.setdefault(row.order, []).append(row)
    return by_order


async def add_money(connection: AsyncConnection, order: Order) -> None:
    """Write the payments and refunds of an order that is new."""
    await _save_payments(connection, None, order, None)
    await _save_refunds(connection, None, order)


async def save(connection: AsyncConnection, before: Order, after: Order, *, told_at: datetime | None = None) -> None:
    """Write what of `after` differs from `before`, whose row is locked.

    `told_at` is when the message came that this follows from; without one it is now. Seats are made live one by one in
    the order of their ids, so that two who do so at once do not wait for each other. Raises `IntegrityError`, and
    ValueError where a part was taken away.
    """
    changed = _changed(order_values(before), order_values(after))
    if changed:
        await connection.execute(update(orders).where(orders.c.id == before.id).values(changed))
    await _save_seats(connection, before, after)
    await _save_payments(connection, before, after, told_at)
    await _save_refunds(connection, before, after)


async def _save_seats(connection: AsyncConnection, before: Order, after: Order) -> None:
    added, changes = _differences(seat_values(before), seat_values(after), "seat")
    if added:
        raise ValueError(f"order {after.id} got seats after it was placed")
    freed = [seat for seat, values in changes.items() if values == {"live": False}]
    own = update(order_seats).where(order_seats.c.order == after.id)
    if freed:
        await connection.execute(own.where(order_seats.c.seat.in_(freed)).values(live=False))
    for seat in sorted(changes.keys() - freed):
        await connection.execute(own.where(order_seats.c.seat == seat).values(changes[seat]))


async def _save_payments(
    connection: AsyncConnection, before: Order | None, after: Order, told_at: datetime | None
) -> None:
    added, changes = _differences(payment_values(before) if before else [], payment_values(after), "reference")
    for row in added:
        await connection.execute(insert(payments).values(row | _settled(row["state"], told_at)))
    own = update(payments).where(payments.c.order == after.id)
    for reference, values in changes.items():
        settled = _settled(values["state"], told_at) if "state" in values else {}
        # A new time to ask is not held up by the lease of the last question.
        lease = {"leased_until": None} if "ask_at" in values else {}
        await connection.execute(own.where(payments.c.reference == reference).values(values | settled | lease))


def _settled(state: str, told_at: datetime | None) -> Values:
    return {"settled_at": None if state in UNSETTLED else told_at or func.clock_timestamp()}


async def _save_refunds(connection: AsyncConnection, before: Order | None, after: Order) -> None:
    added, changes = _differences(refund_values(before) if before else [], refund_values(after), "reference")
    if added:
        await connection.execute(insert(refunds), added)
    own = update(refunds).where(refunds.c.order == after.id)
    for reference, values in changes.items():
        await connection.execute(own.where(refunds.c.reference == reference).values(values))


def _differences(before: list[Values], after: list[Values], key: str) -> tuple[list[Values], dict[str, Values]]:
    """The rows that are new, and by `key` the columns that are not what they were."""
    known = {row[key]: row for row in before}
    if missing := known.keys() - {row[key] for row in after}:
        raise ValueError(f"an order lost its {key} {', '.join(sorted(missing))}")
    added = [row for row in after if row[key] not in known]
    changes = {row[key]: _changed(known[row[key]], row) for row in after if row[key] in known}
    return added, {name: values for name, values in changes.items() if values}


def _changed(before: Values, after: Values) -> Values:
    return {column: value for column, value in after.items() if before[column] != value}
