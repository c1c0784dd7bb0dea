"""The outbox in PostgreSQL."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.db.audit import record
from server.db.engine import reading
from server.db.instants import to_datetime, to_ms
from server.db.tables.orders import outbox
from server.db.writing import writing
from server.domain.orders import Effect, EffectKind, Order
from server.domain.staff import AuditEntry
from server.ports.outbox import DeadLetter, Job

OF_A_CHANGE: Final = frozenset({EffectKind.SEATS, EffectKind.NOTICE})
"""Effects of which each change that states one has its own; the others are the same by whichever change."""

LONGEST_ERROR: Final = 500


def key_of(order: Order, effect: Effect) -> str:
    """The name of an effect of the change that made `order` what it is.

    What is said about a payment or a refund is one effect however many changes state it: its subject names it. News for
    the seat store and for the customer are one effect a change, told apart by the row version that the change made; as
    a change is committed once, none of them is there twice.
    """
    name = f"{order.id}:{effect.kind.value}:{effect.subject}"
    return f"{name}:{order.row_version}" if effect.kind in OF_A_CHANGE else name


async def enqueue(connection: AsyncConnection, order: Order, effects: Iterable[Effect]) -> None:
    """Write the effects of a change in its transaction.

    One that waits already stays one, and is done once more if it is being done right now: that may be too early for
    what this change says. One that was done or given up is queued again.
    """
    rows = {
        key_of(order, effect): {"order": order.id, "kind": effect.kind.value, "subject": effect.subject}
        for effect in effects
    }
    if not rows:
        return
    statement = insert(outbox).values([{"key": key, **row} for key, row in rows.items()])
    ended = or_(outbox.c.done_at.is_not(None), outbox.c.died_at.is_not(None))
    statement = statement.on_conflict_do_update(
        index_elements=[outbox.c.key],
        set_={
            "lease": outbox.c.lease + 1,
            "created_at": case((ended, statement.excluded.created_at), else_=outbox.c.created_at),
            "due_at": case((ended, null()), else_=outbox.c.due_at),
            "attempt": case((ended, 0), else_=outbox.c.attempt),
            "error": case((ended, null()), else_=outbox.c.error),
            "done_at": null(),
            "died_at": null(),
        },
    )
    await connection.execute(statement)


class PostgresOutbox:
    """`Outbox` on PostgreSQL. Jobs that are done stay as rows, so that an effect that comes back is known."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(
        self, *, now: int, lease_ms: int, limit: int = 20, kinds: Collection[EffectKind] = tuple(EffectKind)
    ) -> tuple[Job, ...]:
        """Jobs that are due, each for this worker alone until `now + lease_ms`; see `Outbox`."""
        older = outbox.alias("older")
        first = ~exists().where(
            older.c.order == outbox.c.order,
            older.c.kind == outbox.c.kind,
            older.c.id < outbox.c.id,
            older.c.done_at.is_(None),
            older.c.died_at.is_(None),
        )
        due = (
            select(outbox.c.id)
            .where(_waits(), or_(outbox.c.due_at.is_(None), outbox.c.due_at <= to_datetime(now)), first)
            .where(outbox.c.kind.in_([kind.value for kind in kinds]))
            .order_by(outbox.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        statement = (
            update(outbox)
            .where(outbox.c.id == due.c.id)
            .values(
                due_at=to_datetime(now + lease_ms), attempt=outbox.c.attempt + 1, lease=outbox.c.lease + 1, error=null()
            )
            .returning(outbox)
        )
        async with writing(self._engine) as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(sorted(map(_job, rows), key=lambda job: job.id))

    async def done(self, job: Job) -> None:
        """It was done; see `Outbox`."""
        await self._end(job, {"done_at": func.clock_timestamp(), "due_at": null()})

    async def failed(self, job: Job, error: str, *, again_at: int | None) -> None:
        """It was not; see `Outbox`."""
        said = error.encode("utf-8", "replace").decode().replace("\x00", "")[:LONGEST_ERROR]
        end: dict[str, Any] = {"error": said}
        if again_at is None:
            await self._end(job, end | {"died_at": func.clock_timestamp(), "due_at": null()})
        else:
            await self._end(job, end | {"due_at": to_datetime(again_at)})

    async def dead(self, *, limit: int = 100) -> tuple[DeadLetter, ...]:
        """What was given up, newest first."""
        query = select(outbox).where(outbox.c.died_at.is_not(None))
        query = query.order_by(outbox.c.died_at.desc(), outbox.c.id.desc()).limit(limit)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return tuple(DeadLetter(job=_job(row), error=row.error, died_at=to_ms(row.died_at)) for row in rows)

    async def revive(self, job: int, *, now: int, audit: AuditEntry) -> bool:
        """Queue a dead letter again, to be tried as often as a new one; see `Outbox`."""
        statement = (
            update(outbox)
            .where(outbox.c.id == job, outbox.c.died_at.is_not(None))
            .values(died_at=null(), due_at=to_datetime(now), attempt=0, lease=outbox.c.lease + 1)
        )
        async with writing(self._engine) as connection:
            revived = (await connection.execute(statement)).rowcount == 1
            if revived:
                await record(connection, audit)
        return revived

    async def waiting(self) -> int:
        """How many jobs are not done and not dead."""
        async with reading(self._engine) as connection:
            count: int = (await connection.execute(select(func.count()).where(_waits()))).scalar_one()
        return count

    async def _end(self, job: Job, values: dict[str, Any]) -> None:
        mine = and_(outbox.c.id == job.id, outbox.c.lease == job.lease, _waits())
        async with writing(self._engine) as connection:
            await connection.execute(update(outbox).where(mine).values(values))


def _waits() -> ColumnElement[bool]:
    return and_(outbox.c.done_at.is_(None), outbox.c.died_at.is_(None))


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        key=row.key,
        order=row.order,
        effect=Effect(kind=EffectKind(row.kind), subject=row.subject),
        attempt=row.attempt,
        created_at=to_ms(row.created_at),
        lease=row.lease,
    )
