"""The codecs: what goes in comes out, and whatever else comes in ends as `DecodeError`."""

import json
import resource
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import (
    CODECS,
    JSON,
    MAX_INBOUND_BYTES,
    MSGPACK,
    Codec,
    DecodeError,
    NotUnderstoodError,
    UndecodableError,
    negotiate,
)
from protocol.codes import Code
from protocol.from_client import Auth, ClientMessage, Extend, Lock, Ping, Unlock
from protocol.from_server import Rejected, ServerMessage, Viewers
from tests.unit.protocol.strategies import from_client, from_server
from tests.vectors.messages import FROM_CLIENT, FROM_SERVER

codecs = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)

VALID = [(codec, codec.encode(message)) for codec in CODECS.values() for _, message in [*FROM_CLIENT, *FROM_SERVER]]


@codecs
@given(message=from_client)
def test_client_messages_come_back(codec: Codec, message: ClientMessage) -> None:
    """decode(encode(x)) is x for whatever a client may say."""
    assert codec.decode_client(codec.encode(message)) == message


@codecs
@given(message=from_server)
def test_server_messages_come_back(codec: Codec, message: ServerMessage) -> None:
    """decode(encode(x)) is x for whatever the server may say."""
    assert codec.decode_server(codec.encode(message)) == message


@given(message=from_server)
def test_both_codecs_say_the_same(message: ServerMessage) -> None:
    """The same field names and values in both codecs."""
    assert msgspec.json.decode(JSON.encode(message)) == msgspec.msgpack.decode(MSGPACK.encode(message))


def _decode_both_ways(codec: Codec, data: bytes) -> None:
    """Decode as either side does; only `DecodeError` may come out of it."""
    with suppress(DecodeError):
        codec.decode_client(data)
    with suppress(DecodeError):
        codec.decode_server(data)


@codecs
@given(data=st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(codec: Codec, data: bytes) -> None:
    """No bytes make a decoder raise anything but its own error."""
    _decode_both_ways(codec, data)


# Bytes that open long strings, lists, maps, extensions, floats, escapes and numbers in one codec or the other.
_TELLING = bytes([0xC0, 0xC1, 0xC4, 0xC7, 0xC9, 0xCB, 0xD4, 0xD6, 0xDB, 0xDD, 0xDF, 0xFF, 0x81, 0x91]) + b'"\\{[9e.-'


@st.composite
def _mutations(draw: st.DrawFn) -> tuple[Codec, bytes]:
    codec, data = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        removed = draw(st.integers(0, 3))
        put = draw(st.binary(max_size=2) | st.sampled_from([bytes([byte]) for byte in _TELLING]) | st.just(data[at:]))
        data = data[:at] + put + data[at + removed :]
    return codec, data


@given(mutation=_mutations())
def test_mutated_messages_raise_nothing_else(mutation: tuple[Codec, bytes]) -> None:
    """Nor do valid messages with bytes removed, added and repeated."""
    _decode_both_ways(*mutation)


def test_truncated_messages_raise_nothing_else() -> None:
    """Nor does any message cut off anywhere: it is never taken for a message."""
    for codec, data in VALID:
        for end in range(len(data)):
            with pytest.raises(UndecodableError):
                codec.decode_client(data[:end])
            with pytest.raises(UndecodableError):
                codec.decode_server(data[:end])


@pytest.mark.parametrize("depth", [10, 500, 900, 1000, 1100, 2048])
def test_nesting_of_any_depth_raises_nothing_else(depth: int) -> None:
    """Nor does nesting, closed again or not, at the top, in a field or in one that nobody knows."""
    for inner in (b"[" * depth + b"]" * depth, b'{"x":' * depth + b"1" + b"}" * depth):
        for outer in (b"%s", b'{"type":"ping","id":%s}', b'{"type":"ping","x":%s}', b'{"type":"?","x":%s}'):
            _decode_both_ways(JSON, outer % inner)
    for packed in (b"\x91" * depth + b"\x01", b"\x81\xa1x" * depth + b"\x01"):
        for head in ({}, {"type": "ping", "id": 1}, {"type": "?", "id": 1}):
            opened = msgspec.msgpack.encode(head)
            _decode_both_ways(MSGPACK, packed)
            _decode_both_ways(MSGPACK, bytes([opened[0] + 1]) + opened[1:] + b"\xa1x" + packed)


def test_numbers_of_any_length_raise_nothing_else() -> None:
    """Nor do numbers with more digits than Python likes to turn into an int."""
    for number in (b"9" * 5000, b"-" + b"9" * 5000, b"1." + b"9" * 5000, b"1e" + b"9" * 5000):
        for outer in (b"[%s]", b'{"type":"ping","id":%s}', b'{"type":"?","id":%s}', b'{"type":"viewers","count":%s}'):
            _decode_both_ways(JSON, outer % number)


def test_announced_sizes_cost_nothing() -> None:
    """A map, list or string of 2^32 - 1 entries that never come takes no memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for head in (b"\xdf", b"\xdd", b"\xdb", b"\xc6", b"\xc9"):
        for prefix in (b"", b"\x83\xa4type\xa4lock\xa2id\x01\xa5seats", b"\x82\xa4type\xa4ping\xa2id"):
            with pytest.raises(UndecodableError):
                MSGPACK.decode_client(prefix + head + b"\xff\xff\xff\xff\x01")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"type":"ping","id":1,"id":2}', Ping(id=2)),
        (b'{"type":"ping","id":1.5,"id":2}', Ping(id=2)),
        (b'{"type":"lock","id":1,"seats":[1],"type":"ping"}', Ping(id=1)),
        (b'{"type":"ping","id":1,"token":"t","type":"auth"}', Auth(id=1, token="t")),
        (b'{"type":"?","id":1,"type":"ping"}', Ping(id=1)),
        (b'{"type":"unlock","id":1,"type":"extend"}', Extend(id=1)),
        (b'{"type":"lock","id":1,"seats":[1,1],"seats":[2]}', Lock(id=1, seats=(2,))),
    ],
)
def test_the_last_of_duplicate_keys_wins(text: bytes, message: ClientMessage) -> None:
    """In both codecs, also for `type`, and also if the first would have been wrong."""
    assert JSON.decode_client(text) == message
    assert MSGPACK.decode_client(_packed_pairs(text)) == message


def _packed_pairs(text: bytes) -> bytes:
    """A JSON object as MessagePack, with its duplicate keys."""
    pairs: list[tuple[str, Any]] = []
    json.loads(text, object_pairs_hook=pairs.extend)
    return bytes([0x80 + len(pairs)]) + b"".join(msgspec.msgpack.encode(part) for pair in pairs for part in pair)


@codecs
def test_unknown_fields_are_ignored(codec: Codec) -> None:
    """A newer peer may say more than this version knows."""
    encode = msgspec.json.encode if codec is JSON else msgspec.msgpack.encode
    assert codec.decode_client(encode({"type": "ping", "id": 1, "colour": {"deep": [1.5, None]}})) == Ping(id=1)
    assert codec.decode_server(encode({"type": "viewers", "count": 1, "kiosks": 2})) == Viewers(count=1)


@codecs
def test_a_message_of_a_later_version_is_not_understood(codec: Codec) -> None:
    """A type or code that this version does not know is readable: the id tells whose answer it was."""
    encode = msgspec.json.encode if codec is JSON else msgspec.msgpack.encode
    for later in ({"type": "celebrated", "id": 7}, {"type": "rejected", "id": 7, "code": "too_late", "message": ""}):
        with pytest.raises(NotUnderstoodError) as caught:
            codec.decode_server(encode(later))
        assert caught.value.id == 7


@codecs
def test_optional_fields_that_are_absent_stay_absent(codec: Codec) -> None:
    """An absent field is not written as null; an `id` that could not be read is."""
    decode = msgspec.json.decode if codec is JSON else msgspec.msgpack.decode
    assert decode(codec.encode(Unlock(id=1))) == {"type": "unlock", "id": 1}
    rejected = Rejected(id=None, code=Code.BAD_REQUEST, message="")
    assert decode(codec.encode(rejected)) == {"type": "rejected", "id": None, "code": "bad_request", "message": ""}


def test_seats_twice_are_told_from_the_rest() -> None:
    """Distinctness is checked for every message that names seats, and the answer can repeat the id."""
    for kind in ("lock", "unlock", "extend"):
        with pytest.raises(NotUnderstoodError) as caught:
            JSON.decode_client(b'{"type":"%s","id":"a","seats":[1,2,1]}' % kind.encode())
        assert caught.value.id == "a"


def test_every_request_fits_the_limit() -> None:
    """What a client can reasonably ask stays below 4 KiB: a hundred seats with the longest id and indexes."""
    widest = Lock(id="\U0001f3ac" * 32, seats=tuple(2**53 - 101 + n for n in range(100)), mode="any")
    assert all(len(codec.encode(widest)) < MAX_INBOUND_BYTES for codec in CODECS.values())


def test_negotiation() -> None:
    """The first subprotocol that is known; JSON if none is offered; none if none is known."""
    assert negotiate([]) is JSON
    assert negotiate(["seatmap.v1.msgpack", "seatmap.v1.json"]) is MSGPACK
    assert negotiate(["seatmap.v2", "seatmap.v1.json", "seatmap.v1.msgpack"]) is JSON
    assert negotiate(["seatmap.v2", "graphql-ws"]) is None
    assert [codec.binary for codec in (MSGPACK, JSON)] == [True, False]
