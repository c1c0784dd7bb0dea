"""The ledger of seats in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import reading
from server.db.instants import LAST_MS, to_datetime, to_ms
from server.db.slugs import SLUG
from server.db.tables.ledger import seat_ledger
from server.db.writing import writing
from server.domain.ledger import SeatEvent
from server.ports.ledger import SeatHistory

REFUSED = "refused"


class PostgresSeatLedger:
    """`SeatLedger` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def append(self, events: Sequence[SeatEvent]) -> None:
        """Write events down in one transaction; see `SeatLedger`."""
        if not events:
            return
        rows = [msgspec.structs.asdict(event) | {"at": to_datetime(event.at)} for event in events]
        async with writing(self._engine) as connection:
            await connection.execute(insert(seat_ledger).on_conflict_do_nothing(), rows)

    async def of_seat(
        self, showtime: str, seat: int, *, at: int, around_ms: int = 60_000, limit: int = 200
    ) -> SeatHistory:
        """A seat around an instant; see `SeatLedger`."""
        if not SLUG.fullmatch(showtime) or not 0 <= seat < 1 << 31:
            return SeatHistory(last=None, events=())
        columns = seat_ledger.c
        of_seat = select(seat_ledger).where(columns.showtime == showtime, columns.seat == seat)
        asked = to_datetime(at)
        last = of_seat.where(columns.at <= asked, columns.event != REFUSED)
        last = last.order_by(columns.at.desc(), columns.version.desc(), columns.id.desc()).limit(1)
        since, until = to_datetime(max(0, at - around_ms)), to_datetime(min(LAST_MS, at + around_ms))
        distance = func.abs(func.extract("epoch", columns.at - asked))
        near = of_seat.where(columns.at.between(since, until)).order_by(distance, columns.id).limit(limit)
        async with reading(self._engine) as connection:
            found = (await connection.execute(last)).one_or_none()
            rows = (await connection.execute(near)).all()
        rows = sorted(rows, key=lambda row: (row.at, row.version, row.id))
        return SeatHistory(last=_event(found) if found else None, events=tuple(map(_event, rows)))


def _event(row: Row[Any]) -> SeatEvent:
    return SeatEvent(
        showtime=row.showtime,
        epoch=row.epoch,
        version=row.version,
        seat=row.seat,
        event=row.event,
        holder_hash=row.holder_hash,
        order=row.order,
        reason=row.reason,
        at=to_ms(row.at),
    )
