"""Mails as they are written: their parts, and that nobody adds to their headers."""

import datetime as dt
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import msgspec
import pytest

from server.domain.errors import DeliveryError
from server.domain.orders import NoticeKind
from server.notify.messages import MailWriter
from server.tickets.codes import TicketSigner
from tests.notices import SHOWTIME, make_customer, make_notice, make_order, notice_as_caused

NOW = 1_795_600_000_000
WRITER = MailWriter(
    "Rạp Chân Trời <tickets@tickets.example>", "help@tickets.example", TicketSigner(b"s" * 32), lambda: NOW
)


def read(message: EmailMessage) -> EmailMessage:
    """The mail as its reader's program has it, after the wire."""
    parsed = message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    assert not [part.defects for part in parsed.walk() if part.defects]
    return parsed


def test_the_headers_say_who_what_and_when() -> None:
    """With names in any script, and what tells machines from people."""
    mail = read(WRITER.write(make_notice()))
    assert mail["From"].addresses[0].display_name == "Rạp Chân Trời"
    assert mail["From"].addresses[0].addr_spec == "tickets@tickets.example"
    assert mail["To"].addresses[0].addr_spec == "lan@example.vn"
    assert mail["Reply-To"].addresses[0].addr_spec == "help@tickets.example"
    assert mail["Subject"] == "Vé của bạn: Mùa Sen Trên Mái Phố"
    assert mail["Date"].datetime == dt.datetime.fromtimestamp(NOW / 1000, dt.UTC)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "vi"


def test_the_message_id_is_the_notices_own() -> None:
    """The same when it is sent again, another for another notice, and it says nothing of either."""
    first, again = WRITER.write(make_notice()), WRITER.write(make_notice())
    other = WRITER.write(make_notice(NoticeKind.REVIEW))
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert make_order().id not in first["Message-ID"]
    assert first["Message-ID"].endswith("@tickets.example>")


def test_a_mail_with_tickets_has_pictures_and_a_calendar_entry() -> None:
    """Text and HTML to choose from; each picture that the HTML names is there; the entry has no key to the order."""
    mail = read(WRITER.write(make_notice()))
    shape = [part.get_content_type() for part in mail.walk()]
    assert shape == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html"),
        *("image/png", "image/png", "text/calendar"),
    ]
    page = mail.get_body(("html",))
    assert page is not None
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    for picture in pictures:
        assert f"cid:{picture['Content-ID'][1:-1]}" in page.get_content()
        assert picture.get_content().startswith(b"\x89PNG")
        assert picture.get_content_disposition() == "inline"
    (entry,) = mail.iter_attachments()
    assert (entry.get_filename(), entry["Content-Type"].params["method"]) == ("showtime.ics", "PUBLISH")
    text = entry.get_content()
    text = text if isinstance(text, str) else text.decode()
    assert "BEGIN:VEVENT\r\n" in text.replace("\n", "\r\n").replace("\r\r", "\r")
    assert "token" not in text


@pytest.mark.parametrize("kind", set(NoticeKind) - {NoticeKind.TICKETS})
def test_other_mails_are_text_and_html_alone(kind: NoticeKind) -> None:
    """Nothing to be shown at a door."""
    shape = [part.get_content_type() for part in read(WRITER.write(notice_as_caused(kind, "en"))).walk()]
    assert shape == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    "email",
    [
        *("", "lan", "lan@", "@example.vn", "a@b@c.vn", "lan@example.vn, other@example.vn", "lan @example.vn"),
        *("lan@example.vn\r\nBcc: all@example.vn", "lan@example.vn\n", "Lan <lan@example.vn>", '"a b"@example.vn'),
        *(
            "a" * 65 + "@example.vn",
            "a@" + "b" * 250 + ".vn",
            "lan\0@example.vn",
            "lân@example.vn",
            "(x)lan@example.vn",
        ),
    ],
)
def test_what_is_not_one_address_gets_no_mail(email: str) -> None:
    """A fault for good, told without repeating the address."""
    with pytest.raises(DeliveryError) as caught:
        WRITER.write(make_notice(order=make_order(customer=make_customer(email=email))))
    assert caught.value.permanent
    assert str(caught.value) == "unusable address"


def test_a_title_cannot_add_a_header() -> None:
    """Line ends in it are spaces in the subject."""
    film = msgspec.structs.replace(SHOWTIME.film, title="A\r\nBcc: all@example.vn\n\nBody")
    showtime = msgspec.structs.replace(SHOWTIME, film=film)
    mail = read(WRITER.write(make_notice(showtime=showtime)))
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Vé của bạn: A Bcc: all@example.vn Body"


def test_without_a_place_for_answers_none_is_named() -> None:
    """Answers then go to the sender; a bare address gets the house's name."""
    mail = MailWriter("tickets@tickets.example", "", TicketSigner(b"s" * 32), lambda: NOW).write(make_notice())
    assert mail["Reply-To"] is None
    assert str(mail["From"]) == "CineBook Live <tickets@tickets.example>"


@pytest.mark.parametrize("sender", ["", "nobody", "a@b@c", "X <y>"])
def test_a_sender_that_is_no_address_is_refused_at_once(sender: str) -> None:
    """Not with the first mail."""
    with pytest.raises(ValueError, match="must be an address"):
        MailWriter(sender, "", TicketSigner(b"s" * 32), lambda: NOW)
