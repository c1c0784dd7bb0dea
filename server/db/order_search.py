"""Finding orders in PostgreSQL."""

from typing import Final

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.cursor import Cursor
from server.db.engine import reading
from server.db.instants import to_datetime, to_ms
from server.db.order_records import load
from server.db.tables.orders import orders, payments, refunds
from server.ports.order_search import OrderPage, OrderQuery

LIMIT: Final = 100
"""The greatest number of orders on a page."""


class PostgresOrderSearch:
    """`OrderSearch` on PostgreSQL; a cursor is the instant and the id of the last order that was shown."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def search(self, query: OrderQuery, *, after: str | None, limit: int) -> OrderPage:
        """Orders that are as asked, the newest first; see `OrderSearch`."""
        if not 1 <= limit <= LIMIT:
            raise ValueError(f"the limit is 1 to {LIMIT}")
        asked = _conditions(query)
        if asked is None:
            return OrderPage(orders=(), next=None)
        statement: Select[tuple[str, object]] = select(orders.c.id, orders.c.created_at).where(*asked)
        if after is not None:
            cursor = Cursor.decode(after)
            statement = statement.where(
                tuple_(orders.c.created_at, orders.c.id) < tuple_(to_datetime(cursor.at), cursor.id)
            )
        statement = statement.order_by(orders.c.created_at.desc(), orders.c.id.desc()).limit(limit + 1)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(statement)).all()
            page = rows[:limit]
            found = await load(connection, [row.id for row in page])
        last = Cursor(to_ms(page[-1].created_at), page[-1].id).encode() if len(rows) > limit else None
        return OrderPage(orders=tuple(found[row.id] for row in page), next=last)


def _conditions(query: OrderQuery) -> list[ColumnElement[bool]] | None:
    """What the orders must be; None for what no order can be, because the database has no such text."""
    texts = (query.order, query.email, query.phone, query.reference, query.gateway_id, query.showtime)
    if not all(_is_text(text) for text in texts if text is not None):
        return None
    conditions: list[ColumnElement[bool]] = []
    if query.order is not None:
        conditions.append(orders.c.id == query.order)
    if query.email is not None:
        conditions.append(func.lower(orders.c.email) == func.lower(query.email))
    if query.phone is not None:
        conditions.append(orders.c.phone == query.phone)
    if query.showtime is not None:
        conditions.append(orders.c.showtime == query.showtime)
    if query.state is not None:
        conditions.append(orders.c.state == query.state.value)
    for column, value in (("reference", query.reference), ("gateway_id", query.gateway_id)):
        if value is not None:
            conditions.append(
                or_(*(exists().where(table.c.order == orders.c.id, table.c[column] == value) for table in MONEY))
            )
    return conditions


MONEY: Final = (payments, refunds)
"""The tables of what gateways number."""


def _is_text(value: str) -> bool:
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
