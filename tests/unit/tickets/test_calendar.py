"""Calendar entries against the grammar of RFC 5545."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from server.tickets.calendar import Event, calendar

EVENT = Event(
    uid="order-1@tickets.example",
    stamp=1_795_600_000_000,
    starts_at=1_795_700_700_000,
    ends_at=1_795_707_420_000,
    title="Mùa Sen Trên Mái Phố",
    location="Chân Trời Hà Nội, Phòng 1",
    description="Ghế: F7\nMã đơn: 1",
)
UNESCAPED = {"\\\\": "\\", "\\;": ";", "\\,": ",", "\\n": "\n"}


def properties(file: bytes) -> list[tuple[str, str]]:
    """Names and raw values in order, unfolded; every physical line is checked on the way."""
    assert file.endswith(b"\r\n")
    lines = file[:-2].split(b"\r\n")
    for line in lines:
        assert len(line) <= 75
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
        line.decode()  # no letter is cut in two
    unfolded = b"\r\n".join(lines).replace(b"\r\n ", b"").decode().split("\r\n")
    return [(line.partition(":")[0], line.partition(":")[2]) for line in unfolded]


def text_of(value: str) -> str:
    """A TEXT value as its reader sees it; a bare special letter is a fault."""
    assert re.fullmatch(r"(?:[^\\;,\n]|\\[\\;,n])*", value)
    return re.sub(r"\\[\\;,n]", lambda match: UNESCAPED[match[0]], value)


def test_an_event_has_all_that_calendars_need() -> None:
    """In the order written, with times in UTC."""
    assert properties(calendar(EVENT)) == [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//CineBook Live//Tickets//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("BEGIN", "VEVENT"),
        ("UID", "order-1@tickets.example"),
        ("DTSTAMP", "20261125T094640Z"),
        ("DTSTART", "20261126T134500Z"),
        ("DTEND", "20261126T153700Z"),
        ("SUMMARY", "Mùa Sen Trên Mái Phố"),
        ("LOCATION", "Chân Trời Hà Nội\\, Phòng 1"),
        ("DESCRIPTION", "Ghế: F7\\nMã đơn: 1"),
        ("STATUS", "CONFIRMED"),
        ("TRANSP", "OPAQUE"),
        ("END", "VEVENT"),
        ("END", "VCALENDAR"),
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@example("\r")
@example("a\r\nEND:VEVENT\r\nBEGIN:VEVENT")
@example("ế" * 100)
@example("\\;,\n" * 30)
@example("🎬" * 40)
def test_any_title_comes_back_and_breaks_nothing(title: str) -> None:
    """Folded, unfolded and unescaped it is what it was, with line ends as one letter and other controls as spaces."""
    event = Event(
        uid="u", stamp=0, starts_at=0, ends_at=0, title=title, location=title, description=f"{title}\n{title}"
    )
    found = properties(calendar(event))
    assert [name for name, _ in found] == [name for name, _ in properties(calendar(EVENT))]
    values = dict(found)
    assert text_of(values["SUMMARY"]) == text_of(values["LOCATION"]) == _printable(title)
    assert text_of(values["DESCRIPTION"]) == _printable(f"{title}\n{title}")


def _printable(text: str) -> str:
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", " ", text.replace("\r\n", "\n").replace("\r", "\n"))
