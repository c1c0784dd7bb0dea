"""The reader and the `websockets` library agree on what a client said and on why it is closed."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from server.live.framing import Binary, Closed, Event, FrameReader, Ping, Pong, Text, Violation
from tests.unit.live.client_frames import FIN, TEXT, chunks, fragments, masked, octets, read

MAX_SIZE = 1000
STREAM = 800
"""So short that fragments leave room for a control frame: the library counts one inside a message to its size."""

PADDING = bytes(MAX_SIZE + 14)
"""Ends every stream: the library judges a header only with its payload, and an unmasked frame ends the rest."""

first_bytes = st.one_of(st.sampled_from((0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8A)), st.integers(0, 255))
reasons = st.one_of(st.binary(max_size=5), st.just(b"bye"))
close_payloads = st.builds(lambda code, reason: code.to_bytes(2, "big") + reason, st.integers(990, 5010), reasons)
payloads = st.one_of(st.binary(max_size=140), st.text(max_size=40).map(str.encode), close_payloads)
streams = st.lists(st.builds(masked, first_bytes, payloads), max_size=12).map(b"".join).map(lambda sent: sent[:STREAM])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Frames of which bytes were changed, dropped or put in."""
    stream = bytearray(draw(streams))
    for place in draw(st.lists(st.integers(0, max(len(stream) - 1, 0)), max_size=4)):
        stream[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(stream[:STREAM])


def library_events(sent: bytes, max_size: int) -> list[Event]:
    """What the library makes of a stream, in our words; text it leaves unchecked."""
    protocol = ServerProtocol(state=State.OPEN, max_size=max_size)
    protocol.receive_data(sent)
    events: list[Event] = []
    message: list[Frame] = []
    for received in protocol.events_received():
        assert isinstance(received, Frame)
        if received.opcode is Opcode.PING:
            events.append(Ping(bytes(received.data)))
        elif received.opcode is Opcode.PONG:
            events.append(Pong(bytes(received.data)))
        elif received.opcode is not Opcode.CLOSE:
            message.append(received)
            if received.fin:
                event = _message(message)
                events.append(event)
                if isinstance(event, Violation):
                    return events
                message = []
    if protocol.close_rcvd is not None:
        # Also inside a message, where the RFC allows it and the library does not.
        events.append(Closed(int(protocol.close_rcvd.code), protocol.close_rcvd.reason))
    elif protocol.close_sent is not None:
        events.append(Violation(int(protocol.close_sent.code), ""))
    return events


def _message(frames: list[Frame]) -> Event:
    payload = b"".join(frame.data for frame in frames)
    if frames[0].opcode is Opcode.BINARY:
        return Binary(payload)
    try:
        payload.decode()
    except UnicodeDecodeError:
        return Violation(1007, "")
    return Text(payload)


def our_events(pieces: list[bytes], max_size: int) -> list[Event]:
    """What the reader makes of a stream, without the words of a violation."""
    events = read(FrameReader(max_size), pieces)
    return [Violation(event.code, "") if isinstance(event, Violation) else event for event in events]


def agree(ours: list[Event], theirs: list[Event]) -> bool:
    """Whether both are the same, but for a frame that is both wrong and too large: the library sees the size first."""
    if ours and theirs and ours[-1] == Violation(1002, "") and theirs[-1] == Violation(1009, ""):
        return ours[:-1] == theirs[:-1]
    return ours == theirs


@given(st.one_of(streams, mutated(), st.binary(max_size=60)), st.lists(st.integers(1, STREAM), max_size=20))
@example(masked(TEXT, b"x") + masked(FIN | 0x8, b"\x03\xe8"), [])
@settings(max_examples=500, deadline=None)
def test_any_stream_means_what_the_library_says(sent: bytes, places: list[int]) -> None:
    """Right, wrong or random, and cut in any way: the same messages and the same close code."""
    sent += PADDING
    theirs = library_events(sent, MAX_SIZE)
    assert theirs, "the padding ends every stream"
    ours = our_events(chunks(sent, places), MAX_SIZE)
    assert agree(ours, theirs), (ours, theirs)


@given(st.sampled_from((0x1, 0x2)), st.lists(st.integers(0, 40), min_size=1, max_size=5))
@example(0x2, [40, 40, 20])
@example(0x2, [40, 40, 20, 0])
@example(0x2, [40, 40, 21])
@example(0x1, [40, 40, 20, 1])
@settings(max_examples=200, deadline=None)
def test_sizes_are_bounded_where_the_library_bounds_them(opcode: int, lengths: list[int]) -> None:
    """A message of many fragments is refused by the same one; 100 bytes pass."""
    sent = b"".join(fragments(opcode, *(b"*" * length for length in lengths)))
    theirs = library_events(sent, 100)
    assert our_events([sent], 100) == our_events(octets(sent), 100) == theirs
