"""An order and its states: from held seats to tickets, or to money sent back.

    open ──pay──▶ paid ──refund──▶ refunding ──▶ partly_refunded (──refund──▶ refunding) or refunded
     ├─expire──▶ expired ──pay (late, the same seats again)──▶ paid, or ──refund──▶ refunding
     ├─cancel──▶ cancelled ──refund (late payment)──▶ refunding
     └─suspect─▶ review ──pay (staff)──▶ paid, or ──refund──▶ refunding

The state tells of the one payment that pays the order, `paid_by`. Whatever else was captured is sent back beside it,
and leaves the state alone.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType

import msgspec


class OrderState(StrEnum):
    """Where an order stands; `LIVE_STATES` own their seats."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REVIEW = "review"
    REFUNDING = "refunding"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


class OrderEvent(StrEnum):
    """What can happen to an order; `returned`: every refund was done, and nothing is left; `returned_part`: some is."""

    PAY = "pay"
    EXPIRE = "expire"
    CANCEL = "cancel"
    SUSPECT = "suspect"
    REFUND = "refund"
    RETURNED = "returned"
    RETURNED_PART = "returned_part"


_S, _E = OrderState, OrderEvent

TRANSITIONS: Mapping[tuple[OrderState, OrderEvent], OrderState] = MappingProxyType(
    {
        (_S.OPEN, _E.PAY): _S.PAID,
        (_S.OPEN, _E.EXPIRE): _S.EXPIRED,
        (_S.OPEN, _E.CANCEL): _S.CANCELLED,
        (_S.OPEN, _E.SUSPECT): _S.REVIEW,
        (_S.EXPIRED, _E.PAY): _S.PAID,
        (_S.EXPIRED, _E.REFUND): _S.REFUNDING,
        (_S.CANCELLED, _E.REFUND): _S.REFUNDING,
        (_S.REVIEW, _E.PAY): _S.PAID,
        (_S.REVIEW, _E.REFUND): _S.REFUNDING,
        (_S.PAID, _E.REFUND): _S.REFUNDING,
        (_S.REFUNDING, _E.REFUND): _S.REFUNDING,
        (_S.REFUNDING, _E.RETURNED): _S.REFUNDED,
        (_S.REFUNDING, _E.RETURNED_PART): _S.PARTLY_REFUNDED,
        (_S.PARTLY_REFUNDED, _E.REFUND): _S.REFUNDING,
    }
)
"""All that can happen; what is not here cannot."""

LIVE_STATES = frozenset({_S.OPEN, _S.PAID, _S.REVIEW})
"""States in which every seat of the order is live; in refunding and partly refunded ones, those in no refund are."""


class PaymentState(StrEnum):
    """Where one attempt to pay stands. `mismatched`: another amount than asked was captured, and goes back."""

    STARTED = "started"
    PAID = "paid"
    FAILED = "failed"
    SUSPECTED = "suspected"
    AUTHORISED = "authorised"
    VOIDED = "voided"
    MISMATCHED = "mismatched"


class RefundState(StrEnum):
    """Where a refund stands. `failed` waits for a person; `unknown` for the gateway to be asked.

    `replaced`: it failed, and another of the same amount was sent in its place, under a reference of its own.
    """

    REQUESTED = "requested"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REPLACED = "replaced"


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Whom tickets and news are sent to; `locale` is `vi` or `en`. Personal data: never logged.

    `phone` is international: `+` and digits.
    """

    email: str
    phone: str | None = None
    name: str | None = None
    locale: str = "vi"


class OrderSeat(msgspec.Struct, frozen=True, kw_only=True):
    """One seat of an order by its printed id; (ordinal, fence) is the grant that it was bought under.

    A live seat is the order's alone: the database refuses a second live one of the same showtime.
    """

    seat: str
    zone: str
    price: int
    ordinal: int
    fence: int
    live: bool = True


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay: what was asked of the gateway, and what became of it.

    `captured` is the money that the gateway says it took, 0 for none. `ask_at` is when the gateway is asked next of
    its own accord (None: never again), `asked` how often it was.
    """

    reference: str
    request_id: str
    gateway: str
    amount: int
    created_at: int
    expires_at: int
    state: PaymentState = PaymentState.STARTED
    captured: int = 0
    gateway_id: str | None = None
    code: str | None = None
    redirect_url: str | None = None
    client_ip: str | None = None
    ask_at: int | None = None
    asked: int = 0


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """How staff say that a refund ended which did not go its way: `outcome` is `done` or `failed`.

    `by` is a login, `reason` what they know it from, `on` the day on which the money went back. `said` is what the
    gateway said of it, at `said_at` (ms): after them, or before, which is told by the time at which the refund began.
    """

    outcome: RefundState
    by: str
    reason: str
    on: date | None = None
    said: RefundState | None = None
    said_at: int | None = None

    @property
    def contradicted(self) -> bool:
        """Whether the gateway said another end than staff."""
        return self.said not in {None, self.outcome}


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back from the payment with `payment` as its reference; `seats` are freed by it.

    `reference` and `request_id` go to the gateway, the same whenever it is sent again, unless the gateway takes no
    request id twice. `by` is a staff login, or `system`. `created_at` is when the money was first asked back,
    `begun_at` when this refund was, which may be in the place of one that failed, and from its sending on when it was
    sent last. `closing` is there once staff said how it ended.
    """

    reference: str
    request_id: str
    payment: str
    amount: int
    reason: str
    by: str
    created_at: int
    begun_at: int
    seats: tuple[str, ...] = ()
    state: RefundState = RefundState.REQUESTED
    gateway_id: str | None = None
    code: str | None = None
    closing: Closing | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order with all that belongs to it; `expires_at` is the payment deadline, which never moves.

    `paid_by` is the reference of the payment that pays it. The repository raises `row_version` with each change.
    """

    id: str
    showtime: str
    holder: str
    customer: Customer
    currency: str
    amount: int
    created_at: int
    expires_at: int
    seats: tuple[OrderSeat, ...]
    state: OrderState = OrderState.OPEN
    paid_by: str | None = None
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    row_version: int = 1

    def live_seats(self) -> tuple[str, ...]:
        """The seats that are the order's now."""
        return tuple(seat.seat for seat in self.seats if seat.live)

    def payment(self, reference: str) -> Payment | None:
        """The attempt with this reference."""
        return next((payment for payment in self.payments if payment.reference == reference), None)

    def refund(self, reference: str) -> Refund | None:
        """The refund with this reference."""
        return next((refund for refund in self.refunds if refund.reference == reference), None)

    def owed(self) -> tuple[Refund, ...]:
        """The refunds that count: those that no other took the place of."""
        return tuple(refund for refund in self.refunds if refund.state is not RefundState.REPLACED)

    def captured(self) -> int:
        """All the money that gateways took for this order."""
        return sum(payment.captured for payment in self.payments)

    def returning(self, payment: str) -> int:
        """What of a payment went back or is to; a refund that failed counts, because it is still owed."""
        return sum(refund.amount for refund in self.owed() if refund.payment == payment)

    def after(self, event: OrderEvent) -> OrderState:
        """The state after an event; raises KeyError for one that cannot happen now."""
        return TRANSITIONS[self.state, event]

    def can(self, event: OrderEvent) -> bool:
        """Whether this can happen now."""
        return (self.state, event) in TRANSITIONS


class EffectKind(StrEnum):
    """What follows from a change, done after it was committed, at least once, and idempotent.

    `seats`: tell the seat store what the order is now. `reseat`: try to have the seats of an expired order again for
    the payment named by `subject`. `refund`, `capture` and `void` talk to the gateway about the refund or the payment
    named. `notice`: tell the customer by every way there is; `subject` is a `NoticeKind`.
    """

    SEATS = "seats"
    RESEAT = "reseat"
    REFUND = "refund"
    CAPTURE = "capture"
    VOID = "void"
    NOTICE = "notice"


class NoticeKind(StrEnum):
    """What customers are told: tickets; money going back because the seats are gone, and that it went; a review."""

    TICKETS = "tickets"
    REFUND_STARTED = "refund_started"
    REFUND_DONE = "refund_done"
    REVIEW = "review"


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be done because of a change of an order."""

    kind: EffectKind
    subject: str = ""
