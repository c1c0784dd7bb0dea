"""From a notice to the mail that tells it: text and HTML, the tickets' QR codes, and the showtime for the calendar."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from server.domain.errors import DeliveryError
from server.notify import rendering
from server.notify.content import Content, content_of
from server.notify.formats import one_line
from server.notify.words import BRAND
from server.ports.notices import Notice
from server.tickets.calendar import Event, calendar
from server.tickets.codes import TicketSigner
from server.tickets.qr import qr_png
from server.tickets.view import ticket_code

_ADDRESS: Final = re.compile(r"[^\s@<>(),:;\"\[\]\\\x00-\x1f\x7f]{1,64}@[^\s@<>(),:;\"\[\]\\\x00-\x1f\x7f]{1,255}")
_MAX_ADDRESS: Final = 254
_PICTURED: Final = 50
"""Tickets with a picture in the mail; the page has them all."""


class MailWriter:
    """Writes mails from `sender` (`Name <address>`, or an address), answers going to `reply_to` where it is not empty.

    `clock` returns milliseconds since the Unix epoch.
    """

    def __init__(self, sender: str, reply_to: str, signer: TicketSigner, clock: Callable[[], int]) -> None:
        self._sender = _address(sender)
        self._reply_to = _address(reply_to) if reply_to else None
        self._signer = signer
        self._clock = clock

    def write(self, notice: Notice) -> EmailMessage:
        """The mail; raises a permanent `DeliveryError` for an address that no mail can be sent to.

        Its Message-ID is made from the notice's key, so that a mail sent twice can be known as one.
        """
        content = content_of(notice)
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = _recipient(notice.order.customer.email)
        if self._reply_to is not None:
            message["Reply-To"] = self._reply_to
        message["Subject"] = content.subject
        message["Date"] = format_datetime(datetime.fromtimestamp(self._clock() / 1000, UTC))
        message["Message-ID"] = f"<{message_name(notice)}@{self._sender.domain}>"
        # Nobody's holiday notice answers a machine (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(rendering.plain(content))
        self._add_html(message, notice, content)
        if content.tickets:
            message.add_attachment(
                self._calendar(notice, content),
                maintype="text",
                subtype="calendar",
                filename="showtime.ics",
                params={"charset": "utf-8", "method": "PUBLISH"},
            )
        # Last: the library moves earlier headers of this kind into the first part.
        message["Content-Language"] = content.locale
        return message

    def _add_html(self, message: EmailMessage, notice: Notice, content: Content) -> None:
        tickets = content.tickets[:_PICTURED]
        pictures = {ticket.seat: f"{ticket.seat}.{message_name(notice)}@{self._sender.domain}" for ticket in tickets}
        message.add_alternative(rendering.html(content, pictures), subtype="html")
        alternatives = message.get_payload()
        assert isinstance(alternatives, list)  # noqa: S101 - narrows what the library leaves open
        page = alternatives[-1]
        assert isinstance(page, EmailMessage)  # noqa: S101 - as above
        for ticket in tickets:
            code = ticket_code(notice.order, notice.showtime, ticket.seat, self._signer)
            page.add_related(
                qr_png(code),
                maintype="image",
                subtype="png",
                cid=f"<{pictures[ticket.seat]}>",
                filename=f"{ticket.seat}.png",
                disposition="inline",
            )

    def _calendar(self, notice: Notice, content: Content) -> bytes:
        order, showtime = notice.order, notice.showtime
        labels = content.labels
        return calendar(
            Event(
                uid=f"{order.id}@{self._sender.domain}",
                stamp=order.created_at,
                starts_at=showtime.starts_at,
                ends_at=showtime.starts_at + showtime.film.duration_minutes * 60_000,
                title=one_line(showtime.film.title),
                location=one_line(f"{showtime.cinema.name}, {showtime.hall.name}"),
                description=f"{labels.seats}: {', '.join(ticket.seat for ticket in content.tickets)}\n"
                f"{labels.order}: {order.id}",
            )
        )


def message_name(notice: Notice) -> str:
    """A short name of the notice that says nothing: the same whenever it is sent again."""
    return hashlib.sha256(notice.key.encode()).hexdigest()[:32]


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    if not _ADDRESS.fullmatch(spec):
        raise ValueError("must be an address, or a name with an address in <>")
    return Address(display_name=name or BRAND, addr_spec=spec)


def _recipient(email: str) -> Address:
    """One address and nothing else, whatever a customer typed.

    A domain in any script goes out as the name system has it; a name before the @ must be ASCII, as almost every mail
    server wants it.
    """
    if len(email) > _MAX_ADDRESS or not _ADDRESS.fullmatch(email):
        raise DeliveryError("unusable address", permanent=True)
    try:
        name, _, domain = email.rpartition("@")
        return Address(addr_spec=f"{name}@{domain.encode('idna').decode()}")
    except (MessageError, ValueError, IndexError) as error:
        raise DeliveryError("unusable address", permanent=True) from error
