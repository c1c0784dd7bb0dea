"""What a worker's own calls did to seats, told event by event to whoever keeps the ledger."""

from collections.abc import Callable
from typing import Final

import msgspec

from protocol.codes import Code
from server.domain.errors import RefusedError
from server.domain.holds import RejectedSeat
from server.domain.ledger import SeatEvent, SeatEventName, hash_of
from server.seats.replies import Answer, Told
from server.seats.scripts import Operation

_EVENTS: Final[dict[str, SeatEventName]] = {
    "granted": "granted",
    "released": "released",
    "expired": "expired",
    "blocked": "blocked",
    "unblocked": "unblocked",
}
"""By cause; extensions are none, and `ordered` is `pinned` or `sold`."""

_told: Final = msgspec.msgpack.Decoder(tuple[Told, ...])


class Recorder:
    """Calls `record`, which must not block, for each event of one worker's calls; does nothing without it.

    What became of a call whose outcome is unknown is not told.
    """

    def __init__(self, record: Callable[[SeatEvent], None] | None) -> None:
        self._record = record

    def happened(
        self, operation: Operation, showtime: str, epoch: str, answer: Answer, *, order: str | None, sold: bool
    ) -> None:
        """What a mutation did; `sold`: the seats that were given to the order are paid for."""
        if self._record is None:
            return
        for holder, cause, seats in _told.decode(answer.told):
            event = ("sold" if sold else "pinned") if cause == "ordered" else _EVENTS.get(cause)
            if event is not None:
                self._tell(showtime, epoch, answer, event, seats, holder=holder, order=order, reason=operation)

    def refused(
        self,
        showtime: str,
        epoch: str,
        answer: Answer,
        error: RefusedError,
        *,
        holder: str,
        seats: tuple[int, ...],
        order: str | None = None,
    ) -> None:
        """A request for `seats` that granted nothing: those that it failed by, or all if it was none in particular."""
        if error.rejected:
            self.rejected(showtime, epoch, answer, error.rejected, holder=holder)
        elif error.code not in {Code.UNKNOWN_SEAT, Code.IDEMPOTENCY_MISMATCH}:
            named = error.seats or seats
            self._tell(showtime, epoch, answer, "refused", named, holder=holder, order=order, reason=error.code)

    def rejected(
        self, showtime: str, epoch: str, answer: Answer, rejected: tuple[RejectedSeat, ...], *, holder: str
    ) -> None:
        """The seats that a request in mode `any` did not get."""
        for one in rejected:
            self._tell(showtime, epoch, answer, "refused", (one.seat,), holder=holder, order=None, reason=one.code)

    def _tell(
        self,
        showtime: str,
        epoch: str,
        answer: Answer,
        event: SeatEventName,
        seats: tuple[int, ...],
        *,
        holder: str,
        order: str | None,
        reason: str,
    ) -> None:
        if self._record is None:
            return
        who = hash_of(holder)
        for seat in seats:
            self._record(
                SeatEvent(
                    showtime=showtime,
                    epoch=epoch,
                    version=answer.version,
                    seat=seat,
                    event=event,
                    holder_hash=who,
                    order=order,
                    reason=str(reason),
                    at=answer.now,
                )
            )
