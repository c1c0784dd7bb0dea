"""The sign-ins of staff in PostgreSQL, shared by all workers."""

from typing import Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.audit import record
from server.db.engine import reading
from server.db.instants import to_datetime, to_ms
from server.db.staff import member_of
from server.db.tables.staff import staff, staff_sessions
from server.db.writing import writing
from server.domain.staff import Actor, AuditEntry, Credentials, StaffSession

TOUCHES: Final = 20
"""Into so many parts the idle time is divided: use is noted once in each, not with every request."""


class PostgresStaffSessions:
    """`StaffSessions` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def open(
        self, known: Credentials, token_hash: bytes, *, now: int, session_ms: int, idle_ms: int, actor: Actor
    ) -> StaffSession | None:
        """Sign the account in; see `StaffSessions`. Its sign-ins that have ended are removed."""
        own = staff_sessions.c.staff == known.member.id
        unchanged = (
            select(staff)
            .where(
                staff.c.id == known.member.id,
                staff.c.password_hash == known.password_hash,
                staff.c.disabled_at.is_(None),
            )
            .with_for_update()
        )
        async with writing(self._engine) as connection:
            row = (await connection.execute(unchanged)).one_or_none()
            if row is None:
                return None
            over = or_(
                staff_sessions.c.expires_at <= to_datetime(now),
                staff_sessions.c.seen_at <= to_datetime(now - idle_ms),
            )
            await connection.execute(delete(staff_sessions).where(own, over))
            await connection.execute(
                insert(staff_sessions).values(
                    token_hash=token_hash,
                    staff=row.id,
                    created_at=to_datetime(now),
                    seen_at=to_datetime(now),
                    expires_at=to_datetime(now + session_ms),
                )
            )
            await record(connection, AuditEntry(actor=actor, action="staff.sign_in", subject=f"staff:{row.id}"))
        return StaffSession(member=member_of(row), expires_at=now + session_ms)

    async def find(self, token_hash: bytes, *, now: int, idle_ms: int) -> StaffSession | None:
        """The sign-in, if it has not ended; see `StaffSessions`."""
        query = (
            select(staff, staff_sessions.c.seen_at, staff_sessions.c.expires_at)
            .join_from(staff_sessions, staff)
            .where(
                staff_sessions.c.token_hash == token_hash,
                staff_sessions.c.expires_at > to_datetime(now),
                staff_sessions.c.seen_at > to_datetime(now - idle_ms),
                staff.c.disabled_at.is_(None),
            )
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if to_ms(row.seen_at) < now - idle_ms // TOUCHES:
            await self._touch(token_hash, now)
        return StaffSession(member=member_of(row), expires_at=to_ms(row.expires_at))

    async def close(self, token_hash: bytes, *, actor: Actor) -> None:
        """End the sign-in; see `StaffSessions`."""
        query = (
            delete(staff_sessions).where(staff_sessions.c.token_hash == token_hash).returning(staff_sessions.c.staff)
        )
        async with writing(self._engine) as connection:
            closed = (await connection.execute(query)).scalar_one_or_none()
            if closed is not None:
                entry = AuditEntry(actor=actor, action="staff.sign_out", subject=f"staff:{closed}")
                await record(connection, entry)

    async def _touch(self, token_hash: bytes, now: int) -> None:
        # Never back: another worker's clock may be ahead.
        seen_at = func.greatest(staff_sessions.c.seen_at, to_datetime(now))
        query = update(staff_sessions).where(staff_sessions.c.token_hash == token_hash).values(seen_at=seen_at)
        async with writing(self._engine) as connection:
            await connection.execute(query)
