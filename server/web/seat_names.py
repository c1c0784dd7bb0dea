"""Seats by the ids printed on them, which REST speaks of, and by the indexes that the store knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from protocol.codes import Code
from server.domain.errors import RefusedError
from server.domain.holds import Holdings, RejectedSeat
from server.domain.layout import Layout
from server.domain.showtimes import Showtime
from server.web import representations as shapes
from server.web.context import Context
from server.web.problems import ProblemError, facts_of
from server.web.problems import RejectedSeat as RejectedSeatShape


@dataclass(frozen=True, kw_only=True)
class SeatNames:
    """Translates between the seat ids of REST and the indexes of the store."""

    showtime: Showtime
    layout: Layout

    @classmethod
    async def of(cls, context: Context, showtime_id: str) -> "SeatNames":
        """The names in the showtime's hall; raises `ShowtimeNotFoundError`."""
        showtime = await context.catalogue.showtime(showtime_id)
        return cls(showtime=showtime, layout=await context.catalogue.layout(showtime.layout))

    def indexes(self, ids: tuple[str, ...]) -> tuple[int, ...]:
        """The indexes of these seats; `unknown_seat` with those that the hall does not have."""
        known = self.layout.index_of
        unknown = tuple(seat for seat in ids if seat not in known)
        if unknown:
            raise ProblemError(Code.UNKNOWN_SEAT, seats=unknown)
        return tuple(known[seat] for seat in ids)

    def ids(self, indexes: tuple[int, ...]) -> tuple[str, ...]:
        """What is printed on these seats."""
        return tuple(self.layout.seats[index].id for index in indexes)

    def rejected(self, seats: tuple[RejectedSeat, ...]) -> tuple[RejectedSeatShape, ...]:
        """Each seat that mode `any` did not grant, with its code."""
        return tuple(RejectedSeatShape(seat=self.layout.seats[seat.seat].id, code=seat.code) for seat in seats)

    def holdings(self, holdings: Holdings) -> dict[str, Any]:
        """The fields that every answer about a holder's seats has."""
        return {
            "holds": tuple(
                shapes.HeldSeat(
                    seat=self.layout.seats[hold.seat].id,
                    expires_at=hold.expires_at,
                    first_at=hold.first_at,
                    order=UNSET if hold.order is None else hold.order,
                )
                for hold in holdings.holds
            ),
            "holds_version": holdings.version,
            "receipt": holdings.receipt,
        }

    @contextmanager
    def naming_refusals(self) -> Iterator[None]:
        """A refusal by the store becomes a problem that names its seats by id."""
        try:
            yield
        except RefusedError as error:
            fields = facts_of(error)
            if error.seats:
                fields["seats"] = self.ids(error.seats)
            if error.rejected:
                fields["rejected"] = self.rejected(error.rejected)
            raise ProblemError(error.code, **fields) from error
