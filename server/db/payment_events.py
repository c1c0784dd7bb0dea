"""The messages of gateways, as they came."""

from typing import Final

from sqlalchemy import case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.instants import to_datetime
from server.db.slugs import SLUG
from server.db.tables.orders import payment_events
from server.domain.payments import Verdict
from server.ports.orders import CallbackRecord, Keeping

FINAL: Final = (Verdict.RECORDED.value, Verdict.MISMATCH.value)
"""What became of a message that changed an order; that it came again does not change that."""


async def keep(connection: AsyncConnection, record: CallbackRecord) -> bool:
    """Write a message down, or count that it came again; whether it was new.

    Of a message that came more than once the last verdict stands, unless an earlier one changed an order. Its first
    address is that of whoever was first believed: a stranger may have sent a copy ahead. A reference that cannot be one
    is not kept apart from the message.
    """
    received_at = to_datetime(record.received_at)
    statement = insert(payment_events).values(
        gateway=record.gateway,
        kind=record.kind,
        raw=record.raw,
        verified=record.verified,
        verdict=record.verdict,
        reference=record.reference if record.reference and SLUG.fullmatch(record.reference) else None,
        received_at=received_at,
        last_at=received_at,
        seen=1,
        address=record.address,
        last_address=record.address,
    )
    known, new = payment_events.c, statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[known.gateway, known.kind, known.digest],
        set_={
            "seen": known.seen + 1,
            "last_at": func.greatest(known.last_at, new.last_at),
            "verified": or_(known.verified, new.verified),
            "verdict": case((known.verdict.in_(FINAL), known.verdict), else_=new.verdict),
            "reference": func.coalesce(known.reference, new.reference),
            "address": case((~known.verified & new.verified, new.address), else_=known.address),
            "last_address": new.last_address,
        },
    )
    seen: int = (await connection.execute(statement.returning(known.seen))).scalar_one()
    return seen == 1


async def keep_unverified(connection: AsyncConnection, record: CallbackRecord, *, most: int, since: int) -> Keeping:
    """Write a message down that nobody vouches for, or count that it came again; see `Orders.record_unverified`."""
    columns = payment_events.c
    same = (columns.gateway == record.gateway) & (columns.kind == record.kind)
    known = select(columns.id).where(same, columns.digest == func.sha256(record.raw))
    if not (await connection.execute(known)).first():
        late = select(columns.id).where(
            columns.gateway == record.gateway, ~columns.verified, columns.received_at > to_datetime(max(0, since))
        )
        if (await connection.execute(late.offset(most - 1).limit(1))).first():
            return Keeping.NO_ROOM
    return Keeping.NEW if await keep(connection, record) else Keeping.KNOWN
