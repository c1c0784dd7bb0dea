"""What a notice says, as plain text: each way puts it into its own form, and escapes it there."""

from typing import Final

import msgspec

from server.domain.orders import NoticeKind, RefundState
from server.notify.formats import Locale, addressable, locale_of, moment, money, one_line, short_moment
from server.notify.words import LABELS, WORDS, Labels
from server.ports.notices import Notice
from server.tickets.view import ticketed_seats

_MONEY_BACK: Final = frozenset({NoticeKind.REFUND_STARTED, NoticeKind.REFUND_DONE})
_SHOWN_SEATS: Final = 8
"""Seats named where room is short."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket of a mail: its title, the name of its zone."""

    seat: str
    title: str
    zone: str


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in words; `facts` are (label, value), `sms` lacks the link at its end. One line each, no markup."""

    locale: Locale
    subject: str
    heading: str
    greeting: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    tickets: tuple[Ticket, ...]
    action: str
    url: str
    labels: Labels
    sms: str
    push: str


def content_of(notice: Notice) -> Content:
    """The words of a notice in its customer's language."""
    order, showtime = notice.order, notice.showtime
    locale = locale_of(order.customer.locale)
    labels, words = LABELS[locale], WORDS[notice.kind][locale]
    tickets = ticketed_seats(order)
    zones = {zone.id: zone.name for zone in showtime.zones}
    zone_names = {seat.seat: one_line(zones.get(seat.zone, seat.zone)) for seat in order.seats}
    seats = [seat.seat for seat in order.seats]
    if notice.kind not in _MONEY_BACK or tickets:
        seats = [seat for seat, _ in notice.seats] or seats
    back = notice.kind in _MONEY_BACK
    amount = money(_returned(notice) if back else order.amount, order.currency, locale)
    names = {
        "film": one_line(showtime.film.title),
        "seats": _some(seats),
        "amount": amount,
        "when": moment(showtime.starts_at, showtime.cinema.time_zone, locale),
        "short": short_moment(showtime.starts_at, showtime.cinema.time_zone),
        "cinema": one_line(f"{showtime.cinema.name}, {showtime.hall.name}"),
    }
    name = addressable(order.customer.name)
    body = words.beside if words.beside and tickets else words.body
    return Content(
        locale=locale,
        subject=words.subject.format(**names),
        heading=words.heading,
        greeting=labels.greeting.format(name=name) if name else labels.stranger,
        paragraphs=tuple(paragraph.format(**names) for paragraph in body),
        facts=(
            (labels.film, f"{names['film']} ({one_line(showtime.film.rating)})"),
            (labels.when, names["when"]),
            (labels.where, names["cinema"]),
            (labels.seats, ", ".join(f"{seat} ({zone_names.get(seat, '')})" for seat in seats)),
            (labels.returned if back else labels.paid, amount),
            (labels.order, order.id),
        ),
        tickets=tuple(
            Ticket(seat=seat, title=labels.seat.format(seat=seat), zone=zone_names[seat])
            for seat in (tickets if notice.kind is NoticeKind.TICKETS else ())
        ),
        action=words.action,
        url=notice.order_url,
        labels=labels,
        sms=words.sms.format(**names),
        push=words.push.format(**names),
    )


def _returned(notice: Notice) -> int:
    """The money that the notice is about: what was sent back, or what is on its way; all of it, if none is any more."""
    done = notice.kind is NoticeKind.REFUND_DONE
    refunds = notice.order.refunds
    meant = [refund for refund in refunds if (refund.state is RefundState.DONE) == done] or refunds
    return sum(refund.amount for refund in meant)


def _some(seats: list[str]) -> str:
    more = len(seats) - _SHOWN_SEATS
    return ", ".join(seats[:_SHOWN_SEATS]) + (f" +{more}" if more > 0 else "")
