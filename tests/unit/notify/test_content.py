"""What the notices say, in every kind and language, and that nothing of it is taken for markup."""

from html.parser import HTMLParser

import jinja2
import msgspec
import pytest

from server.domain.orders import NoticeKind, OrderState, RefundState
from server.notify import rendering
from server.notify.content import content_of
from tests.notices import SHOWTIME, make_customer, make_notice, make_order, make_refund, notice_as_caused

HOSTILE = "</title><script>alert(1)</script> ' OR 1=1;-- {{ 7*7 }} {seats} \r\nBcc: x@y.vn"

every_notice = pytest.mark.parametrize("kind", NoticeKind)
every_locale = pytest.mark.parametrize("locale", ["vi", "en"])


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: set[str] = set()
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(kind: NoticeKind, locale: str) -> Page:
    """A notice as HTML."""
    content = content_of(notice_as_caused(kind, locale))
    return Page(rendering.html(content, {ticket.seat: f"{ticket.seat}@x" for ticket in content.tickets}))


@every_notice
@every_locale
def test_every_notice_says_what_it_is_about(kind: NoticeKind, locale: str) -> None:
    """In text and HTML: film, time, place, seats, money, order and the way to its page; no name is left unfilled."""
    notice = notice_as_caused(kind, locale)
    content = content_of(notice)
    for form in (rendering.plain(content), page_of(kind, locale).text):
        for fact in ("Mùa Sen Trên Mái Phố", "20:45", "Chân Trời Hà Nội, Phòng 1", "F7", "F8", "170", notice.order.id):
            assert fact in form
        assert notice.order_url in form
        assert not {"{", "}", "None", "Undefined"} & set(form.split())
    assert notice.order_url in page_of(kind, locale).links
    assert "{" not in content.sms + content.push + content.subject


@every_notice
def test_the_languages_differ(kind: NoticeKind) -> None:
    """Nobody is told something in the other language."""
    vi, en = (content_of(notice_as_caused(kind, locale)) for locale in ("vi", "en"))
    for part in ("subject", "heading", "greeting", "paragraphs", "action", "sms", "push"):
        assert getattr(vi, part) != getattr(en, part), part


@every_notice
@every_locale
def test_only_tickets_are_tickets(kind: NoticeKind, locale: str) -> None:
    """A picture for each seat in the mail with tickets, none in any other."""
    pictures = [link for link in page_of(kind, locale).links if link.startswith("cid:")]
    assert sorted(pictures) == (["cid:F7@x", "cid:F8@x"] if kind is NoticeKind.TICKETS else [])


@every_notice
def test_names_cannot_bring_markup(kind: NoticeKind) -> None:
    """Titles, halls, zones and customers with HTML, SQL, templates and line ends in them change no tag and no line."""
    plain_notice = notice_as_caused(kind, "en")
    film = msgspec.structs.replace(SHOWTIME.film, title=HOSTILE, rating=HOSTILE)
    showtime = msgspec.structs.replace(
        SHOWTIME,
        film=film,
        cinema=msgspec.structs.replace(SHOWTIME.cinema, name=HOSTILE),
        hall=msgspec.structs.replace(SHOWTIME.hall, name=HOSTILE),
        zones=tuple(msgspec.structs.replace(zone, name=HOSTILE) for zone in SHOWTIME.zones),
    )
    order = msgspec.structs.replace(plain_notice.order, customer=make_customer(locale="en", name=HOSTILE))
    content = content_of(msgspec.structs.replace(plain_notice, showtime=showtime, order=order))
    pictures = {"F7": "F7@x", "F8": "F8@x"}
    page = Page(rendering.html(content, pictures))
    assert page.tags == Page(rendering.html(content_of(plain_notice), pictures)).tags
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    text, expected = rendering.plain(content), rendering.plain(content_of(plain_notice))
    assert len(text.splitlines()) == len(expected.splitlines())
    assert not any(line.startswith("Bcc") for line in text.splitlines())
    for line in (content.subject, content.sms, content.push):
        assert "\n" not in line


def test_a_part_sent_back_leaves_the_other_tickets_valid() -> None:
    """The mail says so, names what is kept, and the money that goes back alone."""
    kept, gone = make_order().seats
    order = make_order(
        state=OrderState.REFUNDING,
        seats=(kept, msgspec.structs.replace(gone, live=False)),
        refunds=(make_refund(1_000, RefundState.DONE), make_refund(95_000, RefundState.REQUESTED, ("F8",))),
        customer=make_customer(locale="en"),
    )
    content = content_of(make_notice(NoticeKind.REFUND_STARTED, order))
    assert "The other tickets of this order stay valid" in content.paragraphs[1]
    assert dict(content.facts)["Seats"] == "F7 (Thường)"
    assert dict(content.facts)["Money back"] == "₫95,000"
    done = content_of(make_notice(NoticeKind.REFUND_DONE, order))
    assert dict(done.facts)["Money back"] == "₫1,000"


def test_many_seats_are_counted_where_room_is_short() -> None:
    """An SMS stays short; the mail names them all."""
    seat = make_order().seats[0]
    order = make_order(seats=tuple(msgspec.structs.replace(seat, seat=f"F{i}") for i in range(1, 13)))
    content = content_of(make_notice(order=order))
    assert "F8 +4" in content.sms
    assert "F12 (Thường)" in dict(content.facts)["Ghế"]


def test_a_missing_name_is_an_error() -> None:
    """Not an empty place in somebody's mail."""
    with pytest.raises(jinja2.UndefinedError):
        rendering.html(content_of(make_notice()), {})
