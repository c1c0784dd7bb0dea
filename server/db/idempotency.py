"""Idempotency keys, written by the very transaction that does what they stand for."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, delete, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.db.engine import reading
from server.db.instants import to_datetime, to_ms
from server.db.tables.orders import idempotency_keys as keys
from server.db.writing import writing
from server.domain.errors import IdempotencyInProgressError, IdempotencyMismatchError, OrderExistsError
from server.domain.holds import Once
from server.ports.orders import KeptAnswer

LEASE_MS: Final = 60_000
"""How long a request that has not answered yet is taken to be running."""

KEPT_MS: Final = 24 * 3_600_000

RETRY_MS: Final = 1000
"""When to ask again for the answer of a request that is running: most take less."""


class KeyVanishedError(Exception):
    """The key was there, and is no more: its transaction was undone. The claim may be tried again."""


async def claim(
    connection: AsyncConnection, holder: str, once: Once, *, order: str, now: int, kept: KeptAnswer | None
) -> None:
    """Write the key of a request that places `order`, waiting for any other transaction that is about to.

    Raises `IdempotencyMismatchError`, `IdempotencyInProgressError`, `OrderExistsError` for a request that is answered
    or died, and `KeyVanishedError`.
    """
    row = {
        "holder": holder,
        "key": once.key,
        "body_hash": once.body_hash,
        "order": order,
        "created_at": to_datetime(now),
        "leased_until": to_datetime(now + LEASE_MS) if kept is None else None,
        "status": kept.status if kept else None,
        "body": kept.body if kept else None,
    }
    if (await connection.execute(insert(keys).values(row).on_conflict_do_nothing().returning(keys.c.key))).first():
        return
    found = (await connection.execute(_of(holder, once))).one_or_none()
    if found is None:
        raise KeyVanishedError
    _check(once, found.body_hash)
    if found.leased_until is not None and to_ms(found.leased_until) > now:
        raise IdempotencyInProgressError(RETRY_MS)
    raise OrderExistsError(found.order)


async def finish(connection: AsyncConnection, holder: str, once: Once, *, order: str, kept: KeptAnswer) -> None:
    """Write the answer under the key, whether `claim` left it unfinished or it is new.

    Raises `IdempotencyMismatchError`, and `IdempotencyInProgressError` if the same request was answered meanwhile.
    """
    answer = {"status": kept.status, "body": kept.body, "leased_until": null()}
    statement = insert(keys).values(
        holder=holder,
        key=once.key,
        body_hash=once.body_hash,
        order=order,
        created_at=func.clock_timestamp(),
        **answer,
    )
    statement = statement.on_conflict_do_update(
        index_elements=[keys.c.holder, keys.c.key],
        set_=answer,
        where=keys.c.body.is_(None) & (keys.c.body_hash == once.body_hash),
    )
    if (await connection.execute(statement.returning(keys.c.key))).first():
        return
    found = (await connection.execute(_of(holder, once))).one_or_none()
    if found is not None:
        _check(once, found.body_hash)
    raise IdempotencyInProgressError(RETRY_MS)


async def look_up(engine: AsyncEngine, holder: str, once: Once, *, now: int) -> KeptAnswer | str | None:
    """What is kept under a key; see `Orders.kept`. Whoever is given an order has the lease of its request anew."""
    async with reading(engine) as connection:
        found = (await connection.execute(_of(holder, once))).one_or_none()
    if found is None:
        return None
    _check(once, found.body_hash)
    if found.body is not None:
        return KeptAnswer(status=found.status, body=found.body)
    async with writing(engine) as connection:
        again = (
            update(keys)
            .where(keys.c.holder == holder, keys.c.key == once.key, keys.c.leased_until <= to_datetime(now))
            .values(leased_until=to_datetime(now + LEASE_MS))
            .returning(keys.c.order)
        )
        order: str | None = (await connection.execute(again)).scalar_one_or_none()
    if order is None:
        raise IdempotencyInProgressError(RETRY_MS)
    return order


async def forget(engine: AsyncEngine, *, now: int) -> int:
    """Remove the keys that are older than a day; how many."""
    until: datetime = to_datetime(max(0, now - KEPT_MS))
    async with writing(engine) as connection:
        return (await connection.execute(delete(keys).where(keys.c.created_at <= until))).rowcount


def _of(holder: str, once: Once) -> "Select[Any]":
    return select(keys).where(keys.c.holder == holder, keys.c.key == once.key)


def _check(once: Once, body_hash: str) -> None:
    if body_hash != once.body_hash:
        raise IdempotencyMismatchError
