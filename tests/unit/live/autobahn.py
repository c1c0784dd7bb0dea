"""Cases after groups 1 to 7 of the Autobahn WebSocket test suite, by its groups: what is sent and what it means."""

from collections.abc import Iterator
from typing import NamedTuple

from server.live.framing import Binary, Closed, Event, Ping, Pong, Text, Violation
from tests.unit.live.client_frames import (
    BINARY,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    TEXT,
    binary,
    close,
    fragments,
    masked,
    ping,
    pong,
    text,
)

MAX_SIZE = 1 << 20

PROTOCOL_ERROR = Violation(1002, "")
INVALID_UTF8 = Violation(1007, "")

GREETING = "Hello-µ@ßöäüàá-UTF-8!!".encode()
KOSME = bytes.fromhex("cebae1bdb9cf83cebcceb5")


class Case(NamedTuple):
    """One case; of a violation only the code is told."""

    number: str
    sent: bytes
    meant: list[Event]


def _numbered(prefix: str, sent_and_meant: list[tuple[list[bytes], list[Event]]]) -> Iterator[Case]:
    for number, (sent, meant) in enumerate(sent_and_meant, start=1):
        yield Case(f"{prefix}.{number}", b"".join(sent), meant)


def framing() -> Iterator[Case]:
    """Group 1: each way to encode a length."""
    for number, length in enumerate((0, 125, 126, 127, 128, 65535, 65536, 65536), start=1):
        yield Case(f"1.1.{number}", text(b"*" * length), [Text(b"*" * length)])
        yield Case(f"1.2.{number}", binary(b"\xfe" * length), [Binary(b"\xfe" * length)])


def pings() -> Iterator[Case]:
    """Group 2: pings, and pongs that nobody asked for."""
    ten = [str(number).encode() for number in range(10)]
    yield from _numbered(
        "2",
        [
            ([ping()], [Ping(b"")]),
            ([ping(b"Hello, world!")], [Ping(b"Hello, world!")]),
            ([ping(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")], [Ping(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")]),
            ([ping(b"\xfe" * 125)], [Ping(b"\xfe" * 125)]),
            ([ping(b"\xfe" * 126)], [PROTOCOL_ERROR]),
            ([ping(b"\xfe" * 125), text(b"after")], [Ping(b"\xfe" * 125), Text(b"after")]),
            ([pong()], [Pong(b"")]),
            ([pong(b"unsolicited")], [Pong(b"unsolicited")]),
            ([pong(b"unsolicited"), ping(b"ping")], [Pong(b"unsolicited"), Ping(b"ping")]),
            ([ping(payload) for payload in ten], [Ping(payload) for payload in ten]),
        ],
    )


def reserved_bits() -> Iterator[Case]:
    """Group 3: bits that no extension gave a meaning."""
    hello: list[Event] = [Text(b"Hello")]
    yield from _numbered(
        "3",
        [
            ([masked(FIN | 0x10 | TEXT, b"Hello")], [PROTOCOL_ERROR]),
            ([text(b"Hello"), masked(FIN | 0x20 | TEXT, b"Hello"), ping()], [*hello, PROTOCOL_ERROR]),
            ([text(b"Hello"), masked(FIN | 0x30 | TEXT, b"Hello"), ping()], [*hello, PROTOCOL_ERROR]),
            ([text(b"Hello"), masked(FIN | 0x40 | TEXT, b"Hello"), ping()], [*hello, PROTOCOL_ERROR]),
            ([masked(FIN | 0x50 | BINARY, b"\x00\xff")], [PROTOCOL_ERROR]),
            ([masked(FIN | 0x60 | PING, b"Hello")], [PROTOCOL_ERROR]),
            ([masked(FIN | 0x70 | 0x8, b"\x03\xe8")], [PROTOCOL_ERROR]),
        ],
    )


def opcodes() -> Iterator[Case]:
    """Group 4: opcodes that are not in use."""
    for group, unused in (("4.1", range(0x3, 0x8)), ("4.2", range(0xB, 0x10))):
        for number, opcode in enumerate(unused, start=1):
            sent = text(b"Hello") + masked(FIN | opcode, b"x") + ping()
            yield Case(f"{group}.{number}", sent, [Text(b"Hello"), PROTOCOL_ERROR])


def fragmentation() -> Iterator[Case]:
    """Group 5: messages in fragments, with control frames in between."""
    two = fragments(TEXT, b"fragment1", b"fragment2")
    whole = Text(b"fragment1fragment2")
    lonely, lonely_open = masked(FIN | CONTINUATION, b"x"), masked(CONTINUATION, b"x")
    five = fragments(TEXT, b"1", b"2", b"3", b"4", b"5")
    pinged: list[Event] = [Ping(b"pongme 1!"), Ping(b"pongme 2!"), Text(b"12345")]
    with_pings = [*five[:2], ping(b"pongme 1!"), *five[2:4], ping(b"pongme 2!"), five[4]]
    yield from _numbered(
        "5",
        [
            ([masked(PING, b"a"), lonely], [PROTOCOL_ERROR]),
            ([masked(PONG, b"a"), lonely], [PROTOCOL_ERROR]),
            (two, [whole]),
            ([*two, ping()], [whole, Ping(b"")]),
            ([*two, *two], [whole, whole]),
            ([two[0], ping(b"ping"), two[1]], [Ping(b"ping"), whole]),
            ([two[0], ping(b"ping"), two[1], ping()], [Ping(b"ping"), whole, Ping(b"")]),
            ([two[0], pong(b"pong"), two[1]], [Pong(b"pong"), whole]),
            ([lonely, text(b"Hello")], [PROTOCOL_ERROR]),
            ([text(b"Hello"), lonely], [Text(b"Hello"), PROTOCOL_ERROR]),
            ([ping(), lonely, ping()], [Ping(b""), PROTOCOL_ERROR]),
            ([lonely_open, text(b"Hello")], [PROTOCOL_ERROR]),
            ([text(b"Hello"), lonely_open], [Text(b"Hello"), PROTOCOL_ERROR]),
            ([ping(), lonely_open, ping()], [Ping(b""), PROTOCOL_ERROR]),
            ([*two, lonely_open, text(b"Hello")], [whole, PROTOCOL_ERROR]),
            ([lonely_open, text(b"Hello"), lonely_open, text(b"Hello")], [PROTOCOL_ERROR]),
            ([lonely, text(b"Hello"), lonely, text(b"Hello")], [PROTOCOL_ERROR]),
            ([masked(TEXT, b"fragment1"), text(b"fragment2")], [PROTOCOL_ERROR]),
            (with_pings, pinged),
            ([*with_pings, *with_pings], [*pinged, *pinged]),
        ],
    )


VALID_TEXT: dict[str, tuple[bytes, ...]] = {
    "6.5": (KOSME, KOSME[:2], KOSME[:5], KOSME[:7], KOSME[:9]),
    "6.7": (b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"),
    "6.9": (b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"),
    "6.11": (b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"),
    "6.22": tuple(chr(plane << 16 | last).encode() for plane in range(17) for last in (0xFFFE, 0xFFFF)),
    "6.23": tuple(chr(point).encode() for point in range(0xFFF9, 0x10000)),
}

INVALID_TEXT: dict[str, tuple[bytes, ...]] = {
    "6.3": (KOSME + b"\xed\xa0\x80edited",),
    "6.4": (KOSME + b"\xf4\x90\x80\x80edited",),
    "6.6": tuple(KOSME[:cut] for cut in (1, 3, 4, 6, 8, 10)),
    "6.8": (b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"),
    "6.10": (b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"),
    "6.11 beyond": (b"\xf4\x90\x80\x80",),
    "6.12": (b"\x80", b"\xbf", *((b"\x80\xbf" * 4)[:length] for length in range(2, 8))),
    "6.12 all": (bytes(range(0x80, 0xC0)),),
    "6.13": tuple(
        b"".join(bytes((start, 0x20)) for start in starts)
        for starts in (range(0xC0, 0xE0), range(0xE0, 0xF0), range(0xF0, 0xF8), range(0xF8, 0xFC), range(0xFC, 0xFE))
    ),
    "6.14": (b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80", b"\xdf", b"\xef\xbf"),
    "6.15": (b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf",),
    "6.16": (b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"),
    "6.17": (b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"),
    "6.18": (b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"),
    "6.19": (b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"),
    "6.20": (b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbf\xbf"),
    "6.21": tuple(
        high + low for high in (b"\xed\xa0\x80", b"\xed\xaf\xbf") for low in (b"\xed\xb0\x80", b"\xed\xbf\xbf")
    ),
}


def utf8() -> Iterator[Case]:
    """Group 6: text in UTF-8, whole, in fragments and in fragments of one byte, and what is none."""
    yield Case("6.1.1", text(b""), [Text(b"")])
    yield Case("6.1.2", b"".join(fragments(TEXT, b"", b"", b"")), [Text(b"")])
    yield Case("6.1.3", b"".join(fragments(TEXT, b"", b"middle frame payload", b"")), [Text(b"middle frame payload")])
    yield Case("6.2.1", text(GREETING), [Text(GREETING)])
    yield Case("6.2.2", b"".join(fragments(TEXT, GREETING[:13], GREETING[13:])), [Text(GREETING)])
    for number, valid in enumerate((GREETING, KOSME), start=3):
        yield Case(f"6.2.{number}", b"".join(fragments(TEXT, *(bytes((byte,)) for byte in valid))), [Text(valid)])
    for group, texts in VALID_TEXT.items():
        yield from _numbered(group, [([text(valid)], [Text(valid)]) for valid in texts])
    for group, texts in INVALID_TEXT.items():
        yield from _numbered(group, [([text(invalid)], [INVALID_UTF8]) for invalid in texts])
        cut = (fragments(TEXT, *(bytes((byte,)) for byte in invalid)) for invalid in texts)
        yield from _numbered(f"{group} fragments", [(frames, [INVALID_UTF8]) for frames in cut])


def closing() -> Iterator[Case]:
    """Group 7: close frames, their codes and reasons, and what comes after them."""
    normal = Closed(1000, "")
    long_text = b"BAsd7&jh23" * 26214
    yield from _numbered(
        "7.1",
        [
            ([text(b"Hello"), close(1000)], [Text(b"Hello"), normal]),
            ([close(1000), close(1001)], [normal]),
            ([close(1000), ping()], [normal]),
            ([close(1000), text(b"Hello")], [normal]),
            ([masked(TEXT, b"frag"), close(1000), masked(FIN | CONTINUATION, b"ment")], [normal]),
            ([text(long_text), close(1000), ping()], [Text(long_text), normal]),
        ],
    )
    yield from _numbered(
        "7.3",
        [
            ([close()], [Closed(1005, "")]),
            ([masked(FIN | 0x8, b"a")], [PROTOCOL_ERROR]),
            ([close(1000)], [normal]),
            ([close(1000, b"Hello World!")], [Closed(1000, "Hello World!")]),
            ([close(1000, b"*" * 123)], [Closed(1000, "*" * 123)]),
            ([close(1000, b"*" * 124)], [PROTOCOL_ERROR]),
        ],
    )
    yield Case("7.5.1", close(1000, KOSME + b"\xed\xa0\x80edited"), [INVALID_UTF8])
    valid = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
    yield from _numbered("7.7", [([close(code)], [Closed(code, "")]) for code in valid])
    invalid = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    yield from _numbered("7.9", [([close(code)], [PROTOCOL_ERROR]) for code in invalid])


CASES = [
    *framing(),
    *pings(),
    *reserved_bits(),
    *opcodes(),
    *fragmentation(),
    *utf8(),
    *closing(),
]
