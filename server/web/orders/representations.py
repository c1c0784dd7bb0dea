"""What requests and answers about orders are made of; seats are named by id, amounts are in the minor unit."""

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.scalars import MAX_INTEGER, Integer, Milliseconds, SeatId, ShowtimeId
from server.domain.orders import Customer, Order, OrderState, Payment, PaymentState, RefundState
from server.domain.showtimes import Film, Hall, Showtime
from server.tickets.view import TicketView
from server.web.gateways import GatewayId, GatewayOffer
from server.web.representations import SeatIds, check_distinct

MAX_EMAIL: Final = 254

OrderId = Annotated[str, Meta(pattern=r"^[a-z2-7]{24}\Z")]
"""24 of `[a-z2-7]`."""

Reference = Annotated[str, Meta(pattern=r"^[a-z2-7]{24}\Z")]
"""Our name for a payment or a refund: 24 of `[a-z2-7]`."""

Amount = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
"""Money, a whole number of the currency's minor unit."""

# What the web calls an e-mail address, with a domain that has a dot, and no dots at an end or together before the @.
_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
Email = Annotated[
    str,
    Meta(
        max_length=MAX_EMAIL,
        pattern=rf"^(?=[^@]{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])\Z",
    ),
]

Phone = Annotated[str, Meta(pattern=r"^(?:\+[1-9][0-9]{7,14}|0[1-9][0-9]{8})\Z")]
"""International with its plus, or national: ten digits of Vietnam that begin with a zero."""

_UNSEEN: Final = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
"""Control characters, also those that turn the direction of what follows."""

Name = Annotated[str, Meta(max_length=100, pattern=rf"^(?=.*\S)[^{_UNSEEN}]*\Z")]

Reason = Annotated[str, Meta(max_length=200, pattern=rf"^(?=.*\S)[^{_UNSEEN}]*\Z")]


def international(phone: str) -> str:
    """A phone number as it is kept: with its country."""
    return re.sub(r"^0", "+84", phone)


class CustomerRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Whom tickets and news are sent to; a national phone number is one of Vietnam."""

    email: Email
    phone: Phone | None = None
    name: Name | None = None
    locale: Literal["vi", "en"] = "vi"

    def customer(self) -> Customer:
        """The customer, the phone number in its international form."""
        phone = None if self.phone is None else international(self.phone)
        name = None if self.name is None else self.name.strip()
        return Customer(email=self.email, phone=phone, name=name, locale=self.locale)


class CheckoutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The holder's locked seats, who buys them, how they pay, and the total that they were shown."""

    seats: SeatIds
    customer: CustomerRequest
    gateway: GatewayId
    expected_total: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | None = None

    def __post_init__(self) -> None:
        check_distinct(self.seats)


class PayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How to pay this time."""

    gateway: GatewayId


class OrderedSeat(msgspec.Struct, frozen=True, kw_only=True):
    """One seat at the price it was sold for; `zone` is an id."""

    seat: SeatId
    zone: str
    price: Integer


class PaymentAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An attempt to pay; `redirect_url` is where the customer goes to pay, while that is of use."""

    gateway: str
    state: PaymentState
    redirect_url: str | UnsetType = UNSET

    @classmethod
    def of(cls, order: Order) -> "PaymentAnswer":
        """The attempt that pays the order, or else the latest."""
        payment: Payment = order.payment(order.paid_by or "") or order.payments[-1]
        wanted = order.state is OrderState.OPEN and payment.state is PaymentState.STARTED
        url = payment.redirect_url if wanted else None
        return cls(gateway=payment.gateway, state=payment.state, redirect_url=UNSET if url is None else url)


class RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back, or there; `seats` are those that it gave up."""

    reference: Reference
    amount: Integer
    state: RefundState
    reason: str
    seats: tuple[SeatId, ...]
    created_at: Milliseconds


class OrderFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What everybody who may see an order is told of it; `expires_at` is the payment deadline."""

    id: OrderId
    showtime: ShowtimeId
    state: OrderState
    seats: tuple[OrderedSeat, ...]
    amount: Integer
    currency: str
    created_at: Milliseconds
    expires_at: Milliseconds
    film: Film
    hall: Hall
    starts_at: Milliseconds


class OrderAnswer(OrderFields, frozen=True, kw_only=True, omit_defaults=True):
    """An order. `tickets` are there once it is paid, for the seats that were not given back.

    `payment` is the attempt that pays it, or else the latest; `email` is masked; `gateways` are those that it may be
    paid through while it is open; `server_at` is the time of the answer, and in none that may be sent again.
    """

    payment: PaymentAnswer
    refunds: tuple[RefundAnswer, ...]
    email: str
    tickets: tuple[TicketView, ...] | UnsetType = UNSET
    gateways: tuple[GatewayOffer, ...] | UnsetType = UNSET
    server_at: Milliseconds | UnsetType = UNSET


def order_answer(order: Order, showtime: Showtime, **more: Any) -> OrderAnswer:
    """The order as its customer is shown it; `more` are fields that are not always told."""
    return OrderAnswer(
        **order_fields(order, showtime),
        payment=PaymentAnswer.of(order),
        refunds=refund_answers(order),
        email=masked(order.customer.email),
        **more,
    )


def order_fields(order: Order, showtime: Showtime) -> dict[str, Any]:
    """The fields of `OrderFields`."""
    return {
        "id": order.id,
        "showtime": order.showtime,
        "state": order.state,
        "seats": tuple(OrderedSeat(seat=seat.seat, zone=seat.zone, price=seat.price) for seat in order.seats),
        "amount": order.amount,
        "currency": order.currency,
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "film": showtime.film,
        "hall": showtime.hall,
        "starts_at": showtime.starts_at,
    }


def refund_answers(order: Order) -> tuple[RefundAnswer, ...]:
    """The order's refunds that count, the oldest first."""
    return tuple(
        RefundAnswer(
            reference=row.reference,
            amount=row.amount,
            state=row.state,
            reason=row.reason,
            seats=row.seats,
            created_at=row.created_at,
        )
        for row in order.owed()
    )


def masked(email: str) -> str:
    """An address that its owner knows again and nobody else can write to: `a***@example.vn`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}***@{domain}"
