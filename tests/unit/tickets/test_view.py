"""The tickets of an order, and their pictures."""

from xml.etree import ElementTree as ET

import msgspec
import pytest
import segno

from server.domain.orders import OrderState
from server.tickets.codes import TicketSigner, verify
from server.tickets.qr import qr_png, qr_svg
from server.tickets.view import ticket_view
from tests.notices import LAYOUT, SHOWTIME, STARTS_AT, make_order

SIGNER = TicketSigner(b"s" * 32)


def test_each_seat_has_a_ticket_that_verifies() -> None:
    """With where it is, and a code for just that seat."""
    first, second = ticket_view(make_order(), SHOWTIME, LAYOUT, SIGNER)
    assert (first.seat, first.row, first.number, first.zone) == ("F7", "F", 7, "Thường")
    assert (second.seat, second.row, second.number, second.zone) == ("F8", "F", 8, "VIP")
    read = verify(SIGNER.public_key, second.code)
    assert (read.order, read.showtime, read.seat, read.starts_at) == (make_order().id, SHOWTIME.id, "F8", STARTS_AT)
    assert second.qr == qr_svg(second.code)


def test_a_seat_given_back_has_no_ticket() -> None:
    """The others of the order keep theirs, also while the money is on its way."""
    kept, gone = make_order().seats
    seats = (kept, msgspec.structs.replace(gone, live=False))
    for state in (OrderState.REFUNDING, OrderState.PARTLY_REFUNDED):
        views = ticket_view(make_order(state=state, seats=seats), SHOWTIME, LAYOUT, SIGNER)
        assert [view.seat for view in views] == ["F7"]


@pytest.mark.parametrize("state", [OrderState.OPEN, OrderState.REVIEW, OrderState.EXPIRED, OrderState.CANCELLED])
def test_what_is_not_paid_has_no_tickets(state: OrderState) -> None:
    """Though its seats are live: nobody gets in on a payment in doubt."""
    assert ticket_view(make_order(state=state), SHOWTIME, LAYOUT, SIGNER) == ()


def test_a_seat_that_the_layout_lost_keeps_its_ticket() -> None:
    """By its printed id: somebody paid for it."""
    bare = msgspec.structs.replace(LAYOUT, seats=())
    assert [(view.seat, view.row) for view in ticket_view(make_order(), SHOWTIME, bare, SIGNER)] == [
        ("F7", ""),
        ("F8", ""),
    ]


def test_pictures_are_whole_and_run_nothing() -> None:
    """The SVG is one element of paths, the PNG is one; both have the white frame that scanners need."""
    (view, _) = ticket_view(make_order(), SHOWTIME, LAYOUT, SIGNER)
    modules = segno.make_qr(view.code, error="m").symbol_size(border=4)[0]
    svg = ET.fromstring(view.qr)  # noqa: S314 - our own
    assert svg.get("viewBox") == f"0 0 {modules} {modules}"
    assert {child.tag for child in svg} == {"path"}
    assert "style" not in view.qr
    png = qr_png(view.code, scale=2)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 2 * modules
