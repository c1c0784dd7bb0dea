"""The accounts of staff in PostgreSQL."""

import secrets
from typing import Any

from sqlalchemy import Row, delete, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.db.audit import record
from server.db.engine import reading
from server.db.instants import to_ms
from server.db.tables.staff import staff, staff_sessions
from server.db.writing import writing
from server.domain.staff import Actor, AuditEntry, Credentials, Role, StaffError, StaffMember


class PostgresStaffAccounts:
    """`StaffAccounts` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, *, login: str, name: str, role: Role, password_hash: str, actor: Actor) -> StaffMember:
        """Open an account; see `StaffAccounts`."""
        row = {
            "id": secrets.token_hex(8),
            "login": login,
            "name": name,
            "role": role.value,
            "password_hash": password_hash,
        }
        query = insert(staff).values(row).on_conflict_do_nothing(index_elements=["login"]).returning(staff)
        async with writing(self._engine) as connection:
            added = (await connection.execute(query)).one_or_none()
            if added is None:
                raise StaffError(f"there is an account {login!r} already")
            await record(connection, _entry(actor, "staff.add", added.id, role=role.value))
        return member_of(added)

    async def members(self) -> tuple[StaffMember, ...]:
        """Every account in the order of logins; see `StaffAccounts`."""
        async with reading(self._engine) as connection:
            return tuple(map(member_of, (await connection.execute(select(staff).order_by(staff.c.login))).all()))

    async def credentials(self, login: str) -> Credentials | None:
        """The account with this login and its password's hash; see `StaffAccounts`."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(staff).where(staff.c.login == login))).one_or_none()
        return None if row is None else Credentials(member=member_of(row), password_hash=row.password_hash)

    async def set_password(self, login: str, password_hash: str, *, actor: Actor) -> StaffMember:
        """Give the account another password and end all its sign-ins; see `StaffAccounts`."""
        return await self._end(login, "staff.password", actor, password_hash=password_hash)

    async def disable(self, login: str, *, actor: Actor) -> StaffMember:
        """Let the account sign in no more and end all its sign-ins; see `StaffAccounts`."""
        return await self._end(login, "staff.disable", actor, disabled_at=func.clock_timestamp())

    async def enable(self, login: str, *, actor: Actor) -> StaffMember:
        """Let a disabled account sign in again; see `StaffAccounts`."""
        async with writing(self._engine) as connection:
            known = await _locked(connection, login)
            if known.disabled_at is None:
                raise StaffError(f"the account {login!r} is not disabled")
            query = update(staff).where(staff.c.id == known.id).values(disabled_at=null()).returning(staff)
            enabled = (await connection.execute(query)).one()
            await record(connection, _entry(actor, "staff.enable", known.id))
        return member_of(enabled)

    async def rehash(self, known: Credentials, password_hash: str) -> Credentials:
        """Keep the same password under another hash; see `StaffAccounts`."""
        query = (
            update(staff)
            .where(staff.c.id == known.member.id, staff.c.password_hash == known.password_hash)
            .values(password_hash=password_hash)
            .returning(staff.c.id)
        )
        async with writing(self._engine) as connection:
            changed = (await connection.execute(query)).one_or_none()
        return known if changed is None else Credentials(member=known.member, password_hash=password_hash)

    async def _end(self, login: str, action: str, actor: Actor, **values: Any) -> StaffMember:
        """Change an account that may sign in, and end its sign-ins."""
        async with writing(self._engine) as connection:
            # Locked before the sign-ins are removed, so that none is opened by what it was until now.
            known = await _locked(connection, login)
            if known.disabled_at is not None:
                raise StaffError(f"the account {login!r} is disabled")
            query = update(staff).where(staff.c.id == known.id).values(**values).returning(staff)
            changed = (await connection.execute(query)).one()
            ended = await connection.execute(delete(staff_sessions).where(staff_sessions.c.staff == known.id))
            await record(connection, _entry(actor, action, known.id, sessions_ended=ended.rowcount))
        return member_of(changed)


async def _locked(connection: AsyncConnection, login: str) -> StaffMember:
    row = (await connection.execute(select(staff).where(staff.c.login == login).with_for_update())).one_or_none()
    if row is None:
        raise StaffError(f"there is no account {login!r}")
    return member_of(row)


def _entry(actor: Actor, action: str, member: str, **details: str | int) -> AuditEntry:
    return AuditEntry(actor=actor, action=action, subject=f"staff:{member}", details=dict(details))


def member_of(row: "Row[Any]") -> StaffMember:
    """The account that a row of `staff` is."""
    return StaffMember(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        disabled_at=None if row.disabled_at is None else to_ms(row.disabled_at),
    )
