"""The tickets of an order, as pages and mails show them."""

from typing import Final

import msgspec

from server.domain.layout import Layout
from server.domain.orders import Order, OrderState
from server.domain.showtimes import Showtime
from server.tickets.codes import TicketCode, TicketSigner
from server.tickets.qr import qr_svg

_BOUGHT: Final = frozenset({OrderState.PAID, OrderState.REFUNDING, OrderState.PARTLY_REFUNDED})


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket: seat by id, row and number; `code` is the text of the QR code, `qr` its picture as SVG."""

    seat: str
    row: str
    number: int
    zone: str
    code: str
    qr: str


def ticket_code(order: Order, showtime: Showtime, seat: str, signer: TicketSigner) -> str:
    """The code of one seat of an order."""
    return signer.issue(TicketCode(order=order.id, showtime=showtime.id, seat=seat, starts_at=showtime.starts_at))


def ticketed_seats(order: Order) -> tuple[str, ...]:
    """The seats that there are tickets for: those paid and not given back; none while the payment is in doubt."""
    return order.live_seats() if order.state in _BOUGHT else ()


def ticket_view(order: Order, showtime: Showtime, layout: Layout, signer: TicketSigner) -> tuple[TicketView, ...]:
    """The order's tickets in its order of seats; a seat that the layout does not have any more shows its id alone."""
    names = {zone.id: zone.name for zone in showtime.zones}
    zones = {seat.seat: seat.zone for seat in order.seats}
    views = []
    for seat in ticketed_seats(order):
        code = ticket_code(order, showtime, seat, signer)
        place = layout.index_of.get(seat)
        known = None if place is None else layout.seats[place]
        views.append(
            TicketView(
                seat=seat,
                row="" if known is None else known.row,
                number=0 if known is None else known.number,
                zone=names.get(zones[seat], zones[seat]),
                code=code,
                qr=qr_svg(code),
            )
        )
    return tuple(views)
