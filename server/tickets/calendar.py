"""Calendar entries: one event in the iCalendar format (RFC 5545)."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Final

import msgspec

_LINE: Final = 75
"""Octets of a line without its end; a longer one is folded."""

_ESCAPES: Final = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event; times are ms. Under the same `uid` a later one replaces an earlier one.

    It has no link to the order's page: calendars are shared, and the link is a key.
    """

    uid: str
    stamp: int
    starts_at: int
    ends_at: int
    title: str
    location: str
    description: str


def calendar(event: Event) -> bytes:
    """The event as a file of its own, in UTF-8."""
    return _lines(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//CineBook Live//Tickets//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            f"UID:{_text(event.uid)}",
            f"DTSTAMP:{_time(event.stamp)}",
            f"DTSTART:{_time(event.starts_at)}",
            f"DTEND:{_time(event.ends_at)}",
            f"SUMMARY:{_text(event.title)}",
            f"LOCATION:{_text(event.location)}",
            f"DESCRIPTION:{_text(event.description)}",
            "STATUS:CONFIRMED",
            "TRANSP:OPAQUE",
            "END:VEVENT",
            "END:VCALENDAR",
        )
    )


def _lines(lines: Iterable[str]) -> bytes:
    return b"".join(part + b"\r\n" for line in lines for part in _folded(line))


def _folded(line: str) -> Iterable[bytes]:
    """The line in pieces of at most 75 octets, each but the first after a space; no letter is cut in two."""
    piece = b""
    for letter in line:
        octets = letter.encode()
        if len(piece) + len(octets) > _LINE:
            yield piece
            piece = b" "
        piece += octets
    yield piece


def _text(value: str) -> str:
    plain = _CONTROL.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(_ESCAPES.get(letter, letter) for letter in plain)


def _time(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).strftime("%Y%m%dT%H%M%SZ")
