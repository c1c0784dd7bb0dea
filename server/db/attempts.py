"""Attempts to sign in, counted in PostgreSQL, so that they hold across workers and restarts."""

from typing import Final

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.db.instants import to_datetime, to_ms
from server.db.tables.staff import staff_attempts
from server.db.writing import writing
from server.domain.attempts import FORGET_MS, Attempt, Subject, delay_ms
from server.domain.errors import RateLimitedError

FORGOTTEN_AT_ONCE: Final = 50
"""How many forgotten subjects an attempt removes: more than it adds, so that the table stays small."""


class PostgresSignInAttempts:
    """`SignInAttempts` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, subjects: tuple[Subject, ...], *, now: int) -> Attempt:
        """Count one attempt of each subject; see `SignInAttempts`."""
        async with writing(self._engine) as connection:
            before = await _locked_counts(connection, subjects, now)
            counts = tuple(before[subject.key] + 1 for subject in subjects)
            for subject, count in zip(subjects, counts, strict=True):
                await connection.execute(
                    update(staff_attempts)
                    .where(staff_attempts.c.key == subject.key)
                    .values(
                        count=count,
                        last_at=to_datetime(now),
                        blocked_until=to_datetime(now + delay_ms(count, subject.free)),
                    )
                )
        await self._forget(now)
        return Attempt(subjects=subjects, counts=counts)

    async def forgive(self, attempt: Attempt, *, now: int) -> None:
        """Take the attempt back; see `SignInAttempts`."""
        columns = staff_attempts.c
        first = attempt.subjects[0].key
        # The delay stands where somebody else has failed since.
        async with writing(self._engine) as connection:
            for key, count in sorted((s.key, c) for s, c in zip(attempt.subjects, attempt.counts, strict=True)):
                left = 0 if key == first else func.greatest(columns.count - 1, 0)
                delay = case((columns.count == count, to_datetime(now)), else_=columns.blocked_until)
                query = update(staff_attempts).where(columns.key == key).values(count=left, blocked_until=delay)
                await connection.execute(query)

    async def _forget(self, now: int) -> None:
        """Remove what no longer counts; it waits for nobody, and nobody for it."""
        columns = staff_attempts.c
        old = (
            select(columns.key)
            .where(columns.last_at <= to_datetime(now - FORGET_MS))
            .limit(FORGOTTEN_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        async with writing(self._engine) as connection:
            await connection.execute(delete(staff_attempts).where(columns.key.in_(old)))


async def _locked_counts(connection: AsyncConnection, subjects: tuple[Subject, ...], now: int) -> dict[bytes, int]:
    """How often each subject has failed until now; none of them changes until the end of the transaction."""
    # In one order, so that two attempts never wait for each other.
    keys = sorted(subject.key for subject in subjects)
    instant = to_datetime(now)
    new = [{"key": key, "count": 0, "last_at": instant, "blocked_until": instant} for key in keys]
    query = insert(staff_attempts).values(new)
    # An update of nothing: it locks the rows that were there, and returns them.
    query = query.on_conflict_do_update(index_elements=["key"], set_={"key": query.excluded.key})
    rows = (await connection.execute(query.returning(staff_attempts))).all()
    wait = max(to_ms(row.blocked_until) for row in rows) - now
    if wait > 0:
        raise RateLimitedError(retry_after_ms=wait)
    return {row.key: row.count if to_ms(row.last_at) > now - FORGET_MS else 0 for row in rows}
