"""The audit in PostgreSQL.

A repository that changes something calls `record` inside its own transaction, so that the act and its entry stand or
fall together.
"""

import re
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.db.engine import reading
from server.db.instants import to_ms
from server.db.tables.staff import audit, staff
from server.db.writing import writing
from server.domain.staff import AuditEntry, AuditPage, AuditRecord

LIMIT: Final = 100
"""The greatest number of records on a page."""

_CURSOR: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


async def record(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Write `entry` within the transaction of `connection`."""
    await connection.execute(
        insert(audit).values(
            actor=entry.actor.id,
            action=entry.action,
            subject=entry.subject,
            details=entry.details,
            request=entry.actor.request,
        )
    )


class PostgresAudit:
    """`Audit` on PostgreSQL; a cursor is the id of the last record that was shown."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def record(self, entry: AuditEntry) -> None:
        """Write `entry` in a transaction of its own; see `Audit`."""
        async with writing(self._engine) as connection:
            await record(connection, entry)

    async def page(self, *, after: str | None, limit: int) -> AuditPage:
        """At most `limit` records, the newest first; see `Audit`."""
        if not 1 <= limit <= LIMIT:
            raise ValueError(f"the limit is 1 to {LIMIT}")
        by, whom = staff.alias(), staff.alias()
        query = (
            select(audit, by.c.name.label("actor_name"), whom.c.name.label("subject_name"))
            .outerjoin(by, by.c.id == audit.c.actor)
            .outerjoin(whom, "staff:" + whom.c.id == audit.c.subject)
            .order_by(audit.c.id.desc())
            .limit(limit + 1)
        )
        if after is not None:
            if not _CURSOR.fullmatch(after):
                raise ValueError("the cursor is none of ours")
            query = query.where(audit.c.id < int(after))
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        records = tuple(
            AuditRecord(
                id=row.id,
                at=to_ms(row.at),
                actor=row.actor,
                actor_name=row.actor_name,
                action=row.action,
                subject=row.subject,
                subject_name=row.subject_name,
                details=row.details,
                request=row.request,
            )
            for row in rows[:limit]
        )
        return AuditPage(records=records, next=str(records[-1].id) if len(rows) > limit else None)
