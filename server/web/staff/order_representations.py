"""What staff are told about orders and their money, and what they ask; amounts are in the minor unit."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.scalars import MAX_INTEGER, Integer, Milliseconds, SeatId
from server.domain.orders import EffectKind, Order, PaymentState, Refund, RefundState
from server.domain.refunds import closable_at
from server.domain.showtimes import Showtime
from server.ports.outbox import DeadLetter
from server.web.orders.representations import Amount, OrderFields, Reason, Reference, order_fields
from server.web.problems import ProblemError
from server.web.representations import SeatIds, check_distinct


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back: the price of `seats`, which are freed, or an `amount`, which frees none, or everything."""

    reason: Reason
    seats: SeatIds | UnsetType = UNSET
    amount: Amount | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.seats is UNSET:
            return
        check_distinct(self.seats)
        if self.amount is not UNSET:
            raise ProblemError.bad_request("body", "one of `seats` and `amount`, or neither")


class CloseRefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How a refund ended that did not go its way, and what that is known from; `on`: when the money went back."""

    outcome: Literal["done", "failed"]
    reason: Reason
    on: date | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.outcome == "done") != (self.on is not UNSET):
            raise ProblemError.bad_request("on", "the day of what is `done`, and none of what `failed`")


class StaffCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """Who ordered."""

    email: str
    phone: str | None
    name: str | None
    locale: Literal["vi", "en"]


class StaffPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay; `captured` is what the gateway took, `gateway_id` its own number, `code` its reason."""

    reference: Reference
    gateway: str
    gateway_id: str | None
    state: PaymentState
    amount: Integer
    captured: Integer
    code: str | None
    created_at: Milliseconds
    expires_at: Milliseconds
    pays: bool


class StaffClosing(msgspec.Struct, frozen=True, kw_only=True):
    """How staff said that a refund ended: `on` is the day of one that is done.

    `said` is what the gateway said of it, at `said_at`, or before they did: then that is when the refund began.
    `contradicted`: it is another end.
    """

    outcome: RefundState
    by: str
    reason: str
    on: date | None
    said: RefundState | None
    said_at: Milliseconds | None
    contradicted: bool


class StaffRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Money sent back from the `payment` with that reference; `by` is a login, or `system`.

    From `closable_at` on a manager may say how it ended, of one that failed alone that it was paid back otherwise;
    `closing` is what one said.
    """

    reference: Reference
    payment: Reference
    amount: Integer
    state: RefundState
    reason: str
    by: str
    seats: tuple[SeatId, ...]
    gateway_id: str | None
    code: str | None
    created_at: Milliseconds
    closable_at: Milliseconds | None
    closing: StaffClosing | None


class StaffOrderAnswer(OrderFields, frozen=True, kw_only=True, omit_defaults=True):
    """An order with all its money; `live` are the seats that are its own now."""

    customer: StaffCustomer
    live: tuple[SeatId, ...]
    payments: tuple[StaffPayment, ...]
    refunds: tuple[StaffRefund, ...]


def staff_order(order: Order, showtime: Showtime) -> StaffOrderAnswer:
    """The order as staff are shown it."""
    return StaffOrderAnswer(
        **order_fields(order, showtime),
        customer=msgspec.convert(msgspec.to_builtins(order.customer), StaffCustomer),
        live=order.live_seats(),
        payments=tuple(
            _picked(payment, StaffPayment, pays=payment.reference == order.paid_by) for payment in order.payments
        ),
        refunds=tuple(_refund(row) for row in order.refunds),
    )


def _refund(row: Refund) -> StaffRefund:
    closing: StaffClosing | None = None if row.closing is None else _picked(row.closing, StaffClosing)
    refund: StaffRefund = _picked(row, StaffRefund, closable_at=closable_at(row), closing=closing)
    return refund


def _picked(row: msgspec.Struct, shape: type, **more: Any) -> Any:
    """The fields of `row` that `shape` has, and `more`."""
    fields = {name: getattr(row, name) for name in shape.__struct_fields__ if name not in more}  # type: ignore[attr-defined]  # shapes are structs
    return shape(**fields, **more)


class DeadLetterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One effect of an order that was given up after `attempts`; `error` names the kind of failure."""

    job: Integer
    order: str
    kind: EffectKind
    subject: str
    attempts: Integer
    error: str
    created_at: Milliseconds
    died_at: Milliseconds

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterAnswer":
        """The answer that tells of `letter`."""
        job = letter.job
        return cls(
            job=job.id,
            order=job.order,
            kind=job.effect.kind,
            subject=job.effect.subject,
            attempts=job.attempt,
            error=letter.error,
            created_at=job.created_at,
            died_at=letter.died_at,
        )


class OutboxAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was given up, the newest first, at most a hundred; `waiting` are those that are neither done nor dead."""

    waiting: Integer
    dead: tuple[DeadLetterAnswer, ...]


class RetriedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """It is queued again."""

    queued: bool


JobId = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
"""The number of an effect in the outbox."""
