"""Orders in PostgreSQL: the last word on who owns a seat, and on the money."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, exc, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from protocol.codes import Outcome
from server.db import audit, idempotency, payment_events
from server.db.engine import reading, unavailable_if_gone
from server.db.idempotency import KeyVanishedError
from server.db.instants import to_datetime
from server.db.order_records import load, save
from server.db.order_rows import with_next_version
from server.db.outbox import enqueue
from server.db.placing import SeatsVanishedError, place
from server.db.slugs import SLUG
from server.db.tables.orders import orders, payments, refunds
from server.db.writing import TRIES, constraint, lost, transaction, writing
from server.domain.errors import Conflict, ConflictError, OrderNotFoundError, UnavailableError
from server.domain.holds import Once
from server.domain.orders import Effect, Order, OrderState, RefundState
from server.domain.payments import ABSENT
from server.domain.refunds import ASKED_ON_MS
from server.domain.staff import AuditEntry
from server.ports.orders import CallbackRecord, Keeping, KeptAnswer

LIVE_INDEX: Final = "order_seats_live"
"""The unique index on the seats of live orders."""


class PostgresChange:
    """`Change` of one order."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.effects: list[Effect] = []
        self.audit: list[AuditEntry] = []
        self.callback: CallbackRecord | None = None
        self.answers: list[tuple[str, Once, KeptAnswer]] = []

    def answer(self, holder: str, once: Once, kept: KeptAnswer) -> None:
        """Keep an answer with the change; see `Change`."""
        self.answers.append((holder, once, kept))


class PostgresOrders:
    """`Orders` on PostgreSQL.

    A placing that lost against others, by a deadlock or because the seats' owner let go meanwhile, is run again a few
    times. A change is not: its block cannot be; it is `UnavailableError`, outcome none, and may be made again.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def place(
        self,
        order: Order,
        effects: tuple[Effect, ...] = (),
        *,
        once: Once | None = None,
        kept: KeptAnswer | None = None,
    ) -> None:
        """Write a new order with its seats, all or nothing; see `Orders`."""
        for _ in range(TRIES):
            try:
                async with writing(self._engine) as connection:
                    if once is not None:
                        await idempotency.claim(
                            connection, order.holder, once, order=order.id, now=order.created_at, kept=kept
                        )
                    await place(connection, order, effects)
                return
            except (KeyVanishedError, SeatsVanishedError):
                continue
            except UnavailableError as error:
                if not lost(error):
                    raise
        raise UnavailableError(Outcome.NONE)

    @asynccontextmanager
    async def change(self, order: str) -> AsyncIterator[PostgresChange]:
        """One order for update; see `Orders`."""
        if not SLUG.fullmatch(order):
            raise OrderNotFoundError(order)
        async with transaction(self._engine) as connection:
            with unavailable_if_gone():
                before = (await load(connection, [order], lock=True)).get(order)
            if before is None:
                raise OrderNotFoundError(order)
            change = PostgresChange(before)
            yield change
            with unavailable_if_gone():
                await _write(connection, before, change)

    async def order(self, order: str) -> Order:
        """An order as committed; raises `OrderNotFoundError`."""
        if SLUG.fullmatch(order):
            async with reading(self._engine) as connection:
                found = (await load(connection, [order])).get(order)
            if found is not None:
                return found
        raise OrderNotFoundError(order)

    async def of_reference(self, gateway: str, reference: str) -> str | None:
        """The id of the order that a payment reference is of."""
        if not SLUG.fullmatch(reference):
            return None
        columns = payments.c
        query = select(columns.order).where(columns.gateway == gateway, columns.reference == reference)
        async with reading(self._engine) as connection:
            found: str | None = (await connection.execute(query)).scalar_one_or_none()
        return found

    async def kept(self, holder: str, once: Once, *, now: int) -> KeptAnswer | str | None:
        """What was answered under a key; see `Orders`."""
        return await idempotency.look_up(self._engine, holder, once, now=now)

    async def forget(self, *, now: int) -> int:
        """Remove the idempotency keys that are older than 24 h; how many."""
        return await idempotency.forget(self._engine, now=now)

    async def record(self, callback: CallbackRecord) -> bool:
        """Keep a message that changed nothing; whether it was new."""
        async with writing(self._engine) as connection:
            return await payment_events.keep(connection, callback)

    async def record_unverified(self, callback: CallbackRecord, *, most: int, since: int) -> Keeping:
        """Keep a message that nobody vouches for, while there is room; see `Orders`."""
        async with writing(self._engine) as connection:
            return await payment_events.keep_unverified(connection, callback, most=most, since=since)

    async def overdue(self, *, now: int, limit: int = 100) -> tuple[str, ...]:
        """Open orders whose deadline has passed, oldest first."""
        columns = orders.c
        query = (
            select(columns.id)
            .where(columns.state == OrderState.OPEN.value, columns.expires_at <= to_datetime(now))
            .order_by(columns.expires_at)
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            return tuple((await connection.execute(query)).scalars())

    async def to_ask(self, *, now: int, lease_ms: int = 60_000, limit: int = 20) -> tuple[tuple[str, str], ...]:
        """(order, reference) of payments to ask about, each for this worker alone; see `Orders`."""
        due = select(payments.c.order, payments.c.reference).where(payments.c.ask_at <= to_datetime(now))
        return await self._lease(payments, due, payments.c.ask_at, now=now, lease_ms=lease_ms, limit=limit)

    async def unsettled_refunds(self, *, now: int, lease_ms: int, limit: int = 20) -> tuple[tuple[str, str], ...]:
        """(order, reference) of refunds to ask about, each for this worker alone; see `Orders`."""
        columns = refunds.c
        since = to_datetime(max(0, now - ASKED_ON_MS))
        sent = columns.code.is_distinct_from(ABSENT)
        unsaid = and_(columns.closed_as.is_not(None), columns.said.is_(None), columns.begun_at > since, sent)
        unended = columns.state.in_((RefundState.SENT.value, RefundState.UNKNOWN.value))
        replaced = columns.state == RefundState.REPLACED.value
        due = select(columns.order, columns.reference).where(or_(unended, and_(unsaid, ~replaced)))
        return await self._lease(refunds, due, refunds.c.created_at, now=now, lease_ms=lease_ms, limit=limit)

    async def _lease(
        self, table: Table, due: "Select[Any]", age: "ColumnElement[Any]", *, now: int, lease_ms: int, limit: int
    ) -> tuple[tuple[str, str], ...]:
        leased_until = table.c.leased_until
        free = or_(leased_until.is_(None), leased_until <= to_datetime(now))
        # In turn: the oldest may get no answer for days, and must not keep the others from being asked about.
        turn = due.where(free).order_by(leased_until.asc().nulls_first(), age).limit(limit)
        chosen = turn.with_for_update(skip_locked=True).cte("due")
        statement = (
            update(table)
            .where(and_(table.c.order == chosen.c.order, table.c.reference == chosen.c.reference))
            .values(leased_until=to_datetime(now + lease_ms))
            .returning(table.c.order, table.c.reference)
        )
        async with writing(self._engine) as connection:
            return tuple((row.order, row.reference) for row in await connection.execute(statement))


async def _write(connection: AsyncConnection, before: Order, change: PostgresChange) -> None:
    after = with_next_version(before, change.order)
    told_at = to_datetime(change.callback.received_at) if change.callback else None
    try:
        await save(connection, before, after, told_at=told_at)
    except exc.IntegrityError as error:
        if constraint(error) == LIVE_INDEX:
            raise ConflictError(Conflict.SOLD) from error
        raise
    await enqueue(connection, after, change.effects)
    for entry in change.audit:
        await audit.record(connection, entry)
    if change.callback is not None:
        await payment_events.keep(connection, change.callback)
    for holder, once, kept in change.answers:
        await idempotency.finish(connection, holder, once, order=after.id, kept=kept)
    change.order = after
