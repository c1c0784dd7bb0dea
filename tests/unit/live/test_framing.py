"""Frames are written as the RFC shows them, and read the same however they are cut, in bounded memory."""

import runpy
import sys
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets import utils
from websockets.frames import Frame, Opcode

from server.live import framing
from server.live.framing import (
    Binary,
    Closed,
    Event,
    FrameReader,
    Ping,
    Pong,
    Text,
    close_frame,
    frame,
    ping_frame,
    pong_frame,
)
from tests.unit.live.client_frames import (
    BINARY,
    TEXT,
    binary,
    chunks,
    close,
    fragments,
    header,
    held,
    octets,
    ping,
    pong,
    read,
    text,
)

MAX_SIZE = 300

cuts = st.lists(st.integers(1, 2000), max_size=30)
"""Where a stream is cut."""

data_messages = st.one_of(
    st.text(max_size=60).map(lambda said: Text(said.encode())), st.binary(max_size=MAX_SIZE).map(Binary)
)
control_messages = st.one_of(st.binary(max_size=125).map(Ping), st.binary(max_size=125).map(Pong))
ends = st.builds(Closed, st.sampled_from((1000, 1001, 1011, 4000)), st.text(max_size=30))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """What a correct client may send, and what it means."""
    sent: list[bytes] = []
    meant: list[Event] = []

    def interject() -> None:
        for control in draw(st.lists(control_messages, max_size=2)):
            sent.append((ping if isinstance(control, Ping) else pong)(control.payload))
            meant.append(control)

    for message in draw(st.lists(data_messages, max_size=4)):
        pieces = chunks(message.payload, draw(st.lists(st.integers(1, MAX_SIZE), max_size=4)))
        pieces[draw(st.integers(0, len(pieces))) : 0] = [b""] * draw(st.integers(0, 2))
        for piece in fragments(TEXT if isinstance(message, Text) else BINARY, *pieces):
            interject()
            sent.append(piece)
        meant.append(message)
    interject()
    if draw(st.booleans()):
        end = draw(ends)
        sent.append(close(end.code, end.reason.encode()))
        meant.append(end)
    return b"".join(sent), meant


@given(conversations(), cuts)
@settings(max_examples=200, deadline=None)
def test_the_cuts_do_not_matter(conversation: tuple[bytes, list[Event]], places: list[int]) -> None:
    """What a client says is understood the same in one piece, in any pieces and in octets, and is not kept."""
    sent, meant = conversation
    for pieces in ([sent], chunks(sent, places), octets(sent)):
        reader = FrameReader(MAX_SIZE)
        assert read(reader, pieces) == meant
        assert held(reader) == 0


@given(st.lists(st.one_of(st.binary(max_size=20), conversations().map(lambda told: told[0])), max_size=4), cuts)
@settings(max_examples=200, deadline=None)
def test_no_stream_makes_a_reader_hold_more_than_a_message(parts: list[bytes], places: list[int]) -> None:
    """Between two feeds a reader holds a message, a control frame and their headers at most."""
    reader = FrameReader(MAX_SIZE)
    for piece in chunks(b"".join(parts), places):
        reader.feed(piece)
        assert held(reader) <= MAX_SIZE + 14 + 131


def test_frames_as_the_rfc_shows_them() -> None:
    """The unmasked examples of RFC 6455, section 5.7."""
    assert frame(b"Hello", binary=False) == bytes.fromhex("81 05 48 65 6c 6c 6f")
    assert ping_frame(b"Hello") == bytes.fromhex("89 05 48 65 6c 6c 6f")
    assert pong_frame(b"Hello") == bytes.fromhex("8a 05 48 65 6c 6c 6f")
    assert frame(bytes(256), binary=True) == bytes.fromhex("82 7e 01 00") + bytes(256)
    assert frame(bytes(65536), binary=True) == bytes.fromhex("82 7f 00 00 00 00 00 01 00 00") + bytes(65536)


def test_reads_what_the_rfc_shows() -> None:
    """The masked examples of RFC 6455, section 5.7."""
    reader = FrameReader(MAX_SIZE)
    assert reader.feed(bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")) == [Text(b"Hello")]
    assert reader.feed(bytes.fromhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")) == [Pong(b"Hello")]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536])
def test_data_frames_are_those_of_the_library(length: int) -> None:
    """A frame is byte for byte what `websockets` would write."""
    payload = b"*" * length
    assert frame(payload, binary=False) == Frame(Opcode.TEXT, payload).serialize(mask=False)
    assert frame(payload, binary=True) == Frame(Opcode.BINARY, payload).serialize(mask=False)


def test_a_close_frame_carries_its_code_and_reason() -> None:
    """A code, a reason in UTF-8, or nothing for a close that has no code."""
    assert close_frame(4001, "är") == bytes.fromhex("88 05 0f a1") + "är".encode()
    assert close_frame(1000) == bytes.fromhex("88 02 03 e8")
    assert close_frame(1005) == bytes.fromhex("88 00")
    assert len(close_frame(1000, "*" * 123)) == 127
    assert ping_frame() == bytes.fromhex("89 00")


def test_what_may_not_be_sent_is_refused() -> None:
    """Control frames of more than 125 bytes, and close codes that stand for the lack of one."""
    for code, reason in ((1000, "*" * 124), (1005, "x"), (1006, ""), (999, ""), (5000, ""), (70_000, "")):
        with pytest.raises(ValueError, match=r"close code|125 bytes"):
            close_frame(code, reason)
    for write in (ping_frame, pong_frame):
        assert len(write(bytes(125))) == 127
        with pytest.raises(ValueError, match="125 bytes"):
            write(bytes(126))


class CountingReader(FrameReader):
    """Counts how often it looks at what it holds."""

    __slots__ = ("looks",)

    def __init__(self, max_size: int) -> None:
        super().__init__(max_size)
        self.looks = 0

    def _read(self, buffer: bytes | bytearray, events: list[Event]) -> None:
        self.looks += 1
        super()._read(buffer, events)


def test_a_frame_that_trickles_in_is_looked_at_four_times() -> None:
    """Its first byte, its length, the mask and all of it: octets cost no more than their number."""
    reader = CountingReader(1 << 16)
    assert read(reader, octets(binary(bytes(1 << 16)))) == [Binary(bytes(1 << 16))]
    assert reader.looks == 4


def test_an_announced_length_takes_no_memory() -> None:
    """A header that announces a megabyte makes the reader hold the header."""
    reader = FrameReader(1 << 20)
    tracemalloc.start()
    try:
        assert reader.feed(header(0x82, 1 << 20)) == []
        assert held(reader) == 14
        assert tracemalloc.get_traced_memory()[0] < 4096
    finally:
        tracemalloc.stop()


def test_an_idle_reader_is_small() -> None:
    """A reader that waits for nothing takes 100 bytes, and as much again after messages of every kind."""
    readers = [FrameReader(MAX_SIZE) for _ in range(1000)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        more = [FrameReader(MAX_SIZE) for _ in range(1000)]
        assert tracemalloc.get_traced_memory()[0] - before < 110_000
        for reader in readers + more:
            read(reader, [text(b"Hello")[:3], text(b"Hello")[3:], *fragments(TEXT, b"a", b"b"), ping(b"x")])
        assert tracemalloc.get_traced_memory()[0] - before < 110_000
    finally:
        tracemalloc.stop()
    assert sys.getsizeof(FrameReader(MAX_SIZE)) <= 100


def test_the_mask_is_undone_without_the_extension_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `websockets` has no compiled code, its own slower function does the same."""
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    without = runpy.run_path(str(framing.__file__))
    assert without["apply_mask"] is utils.apply_mask
    (event,) = without["FrameReader"](MAX_SIZE).feed(text(b"Hello"))
    assert event.payload == b"Hello"
