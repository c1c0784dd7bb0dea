"""Orders, showtimes and notices for tests of what customers get; each part may be replaced by name."""

from typing import Any

import msgspec

from server.domain.layout import Layout, Seat, SeatKind
from server.domain.orders import Customer, NoticeKind, Order, OrderSeat, OrderState, Refund, RefundState
from server.domain.showtimes import Cinema, Film, Hall, Limits, Sales, Showtime, Zone
from server.ports.notices import Notice

STARTS_AT = 1_795_700_700_000
"""Thursday, 26 November 2026, 20:45 in Hà Nội."""

SHOWTIME = Showtime(
    id="ha-noi-1-20261126-2045",
    cinema=Cinema(id="chan-troi-ha-noi", name="Chân Trời Hà Nội", time_zone="Asia/Ho_Chi_Minh"),
    hall=Hall(id="ha-noi-1", name="Phòng 1"),
    film=Film(id="mua-sen", title="Mùa Sen Trên Mái Phố", duration_minutes=112, rating="T13"),
    starts_at=STARTS_AT,
    layout=3,
    sales=Sales(opens_at=0, closes_at=STARTS_AT),
    zones=(
        Zone(id="standard", name="Thường", price=75_000, currency="VND"),
        Zone(id="vip", name="VIP", price=95_000, currency="VND"),
    ),
    limits=Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000),
)

LAYOUT = Layout(
    version=3,
    width=3,
    height=1,
    seats=tuple(
        Seat(index=i, id=f"F{7 + i}", row="F", number=7 + i, x=i, y=1, kind=SeatKind.STANDARD, zone="standard")
        for i in range(3)
    ),
)


def make_order(**changes: Any) -> Order:
    """A paid order of F7 and F8 by somebody who gave a phone number."""
    order = Order(
        id="3f9c1d0e7ab84c52a6f0e1d2c3b4a596",
        showtime=SHOWTIME.id,
        holder="holder-1",
        customer=Customer(email="lan@example.vn", phone="+84912345678", name="Nguyễn Thị Lan", locale="vi"),
        currency="VND",
        amount=170_000,
        created_at=1_795_600_000_000,
        expires_at=1_795_600_900_000,
        seats=(
            OrderSeat(seat="F7", zone="standard", price=75_000, ordinal=1, fence=5),
            OrderSeat(seat="F8", zone="vip", price=95_000, ordinal=1, fence=6),
        ),
        state=OrderState.PAID,
    )
    return msgspec.structs.replace(order, **changes)


def make_customer(**changes: Any) -> Customer:
    """Whom an order is of."""
    return msgspec.structs.replace(make_order().customer, **changes)


def make_refund(amount: int, state: RefundState, seats: tuple[str, ...] = ()) -> Refund:
    """Money on its way back."""
    return Refund(
        reference=f"r{amount}{state}",
        request_id="q",
        payment="p",
        amount=amount,
        reason="late",
        by="system",
        created_at=1,
        begun_at=1,
        seats=seats,
        state=state,
    )


def make_notice(kind: NoticeKind = NoticeKind.TICKETS, order: Order | None = None, **changes: Any) -> Notice:
    """A notice of an order as it would be in the state that causes it."""
    order = order or make_order()
    notice = Notice(
        kind=kind,
        key=f"{order.id}:{kind}",
        order=order,
        showtime=SHOWTIME,
        seats=tuple((seat, "Thường") for seat in order.live_seats()),
        order_url=f"https://tickets.example/orders/{order.id}#token=q83vEjRWeJCrze8SNFZ4kA",
    )
    return msgspec.structs.replace(notice, **changes)


def notice_as_caused(kind: NoticeKind, locale: str) -> Notice:
    """One of each kind, with an order in the state that it is told of."""
    order = make_order(customer=make_customer(locale=locale))
    gone = tuple(msgspec.structs.replace(seat, live=False) for seat in order.seats)
    match kind:
        case NoticeKind.TICKETS:
            pass
        case NoticeKind.REFUND_STARTED:
            refunds = (make_refund(170_000, RefundState.REQUESTED),)
            order = msgspec.structs.replace(order, state=OrderState.REFUNDING, seats=gone, refunds=refunds)
        case NoticeKind.REFUND_DONE:
            refunds = (make_refund(170_000, RefundState.DONE),)
            order = msgspec.structs.replace(order, state=OrderState.REFUNDED, seats=gone, refunds=refunds)
        case NoticeKind.REVIEW:
            order = msgspec.structs.replace(order, state=OrderState.REVIEW)
    return make_notice(kind, order)
