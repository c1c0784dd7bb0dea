"""The reader and the cases that every WebSocket server is measured by, and those that are this reader's own."""

import msgspec
import pytest

from server.live.framing import MAX_FRAGMENTS, Binary, Closed, Event, FrameReader, Text, Violation
from tests.unit.live.autobahn import CASES, MAX_SIZE, Case
from tests.unit.live.client_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    TEXT,
    binary,
    close,
    fragments,
    header,
    held,
    masked,
    octets,
    ping,
    read,
    text,
)


def codes_alone(events: list[Event]) -> list[Event]:
    """The same events without the words of a violation."""
    return [msgspec.structs.replace(event, reason="") if isinstance(event, Violation) else event for event in events]


@pytest.mark.parametrize("case", CASES, ids=[case.number for case in CASES])
def test_a_case_means_the_same_whole_and_in_octets(case: Case) -> None:
    """What a case sends means what the suite says, however it is cut, and nothing of it is kept."""
    for pieces in ([case.sent], octets(case.sent)):
        reader = FrameReader(MAX_SIZE)
        assert codes_alone(read(reader, pieces)) == case.meant
        assert held(reader) == 0


@pytest.mark.parametrize(
    ("begun", "code", "reason"),
    [
        pytest.param(b"\x81\x05", 1002, "frame not masked", id="not masked"),
        pytest.param(b"\x81\x7e", 1002, "frame not masked", id="long and not masked"),
        pytest.param(bytes((FIN | 0x40 | TEXT, 0x85)), 1002, "reserved bits are set", id="reserved bit"),
        pytest.param(bytes((FIN | 0x3, 0x85)), 1002, "unknown opcode", id="unknown data opcode"),
        pytest.param(bytes((FIN | 0xB, 0x85)), 1002, "unknown opcode", id="unknown control opcode"),
        pytest.param(bytes((PING, 0x85)), 1002, "control frame in fragments", id="control frame in fragments"),
        pytest.param(bytes((FIN | PING, 0xFE)), 1002, "control frame too long", id="control frame of two length bytes"),
        pytest.param(
            bytes((FIN | CLOSE, 0xFF)), 1002, "control frame too long", id="control frame of eight length bytes"
        ),
        pytest.param(bytes((FIN | CONTINUATION, 0x85)), 1002, "continuation of nothing", id="continuation of nothing"),
        pytest.param(
            masked(TEXT, b"x") + bytes((FIN | BINARY, 0x85)),
            1002,
            "message inside a message",
            id="message inside a message",
        ),
        pytest.param(bytes((FIN | TEXT, 0x80 | 101)), 1009, "message too large", id="101 bytes"),
        pytest.param(bytes((BINARY, 0x80 | 101)), 1009, "message too large", id="fragment of 101 bytes"),
        pytest.param(b"\x82\xfe\x01\x00", 1009, "message too large", id="256 bytes"),
        pytest.param(b"\x82\xff" + b"\x00" * 5 + b"\x01\x00\x00", 1009, "message too large", id="65536 bytes"),
        pytest.param(b"\x82\xff" + b"\xff" * 8, 1009, "message too large", id="more bytes than there are"),
        pytest.param(
            masked(TEXT, b"*" * 60) + bytes((CONTINUATION, 0x80 | 41)),
            1009,
            "message too large",
            id="fragments of 101 bytes",
        ),
        pytest.param(
            masked(TEXT) + masked(CONTINUATION) * (MAX_FRAGMENTS - 1) + b"\x00\x80",
            1009,
            "too many fragments",
            id="fragments",
        ),
    ],
)
def test_a_header_is_refused_before_its_payload(begun: bytes, code: int, reason: str) -> None:
    """What a header gives away is refused as soon as it is there, but not a byte earlier."""
    reader = FrameReader(100)
    assert reader.feed(text(b"before") + begun[:-1]) == [Text(b"before")]
    assert reader.feed(begun[-1:]) == [Violation(code, reason)]
    assert held(reader) == 0


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (close(4000, b"bye"), Closed(4000, "bye")),
        (b"\x81\x05", Violation(1002, "frame not masked")),
        (header(FIN | TEXT, 101), Violation(1009, "message too large")),
        (text(b"\xff"), Violation(1007, "text is not UTF-8")),
        (close(1000, b"\xff"), Violation(1007, "close reason is not UTF-8")),
    ],
)
def test_nothing_is_read_after_the_last_event(end: bytes, last: Event) -> None:
    """What came before the end counts; what comes after is dropped, in the same bytes and in later ones."""
    reader = FrameReader(100)
    assert reader.feed(ping() + text(b"before") + end + text(b"after"))[1:] == [Text(b"before"), last]
    assert reader.feed(text(b"after")) == []
    assert reader.feed(b"\x81") == []
    assert held(reader) == 0


@pytest.mark.parametrize("length", [0, 1, 99, 100])
def test_the_bound_is_on_a_message(length: int) -> None:
    """A message of just the bound passes, whole and in fragments, with any control frame in between."""
    payload = b"*" * length
    in_two = fragments(BINARY, payload[:-1], payload[-1:])
    reader = FrameReader(100)
    for sent in (binary(payload), b"".join(in_two), in_two[0] + ping(b"*" * 125) + in_two[1]):
        assert reader.feed(sent)[-1] == Binary(payload)
    (refused,) = reader.feed(binary(b"*" * 101))
    assert isinstance(refused, Violation)


def test_a_message_may_come_in_many_fragments() -> None:
    """As many fragments as are allowed make a message, one after the other."""
    reader = FrameReader(100)
    for _ in range(2):
        assert read(reader, fragments(TEXT, *[b""] * MAX_FRAGMENTS)) == [Text(b"")]
    assert isinstance(read(reader, fragments(TEXT, *[b""] * (MAX_FRAGMENTS + 1)))[-1], Violation)


def test_a_length_may_be_longer_than_need_be() -> None:
    """A short length in the long encodings is understood."""
    reader = FrameReader(100)
    assert reader.feed(b"\x82\xfe\x00\x01" + bytes(4) + b"x") == [Binary(b"x")]
    assert reader.feed(b"\x82\xff" + bytes(7) + b"\x01" + bytes(4) + b"x") == [Binary(b"x")]
