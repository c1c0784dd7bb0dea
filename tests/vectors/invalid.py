"""The cases of `invalid.json`: bytes that no client may send, by codec.

The deeply nested ones break off at their deepest, so that the answer does not hang on how deep an interpreter can go.
"""

from typing import Any, Final

import msgspec

from protocol.codec import MAX_INBOUND_BYTES


def _packed(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


_PING_OPEN: Final = b'{"type":"ping","id":1,"x":'
_PACKED_PING_OPEN: Final = b"\x83" + _packed("type") + _packed("ping") + _packed("id") + _packed(1) + _packed("x")
_PACKED_LOCK_OPEN: Final = b"\x83" + _packed("type") + _packed("lock") + _packed("id") + _packed(1) + _packed("seats")
_PACKED_PING_ID: Final = b"\x82" + _packed("type") + _packed("ping") + _packed("id")

INVALID_JSON: Final[list[tuple[str, bytes]]] = [
    # Not JSON.
    ("nothing", b""),
    ("not JSON", b"lock F7 please"),
    ("truncated", b'{"type":"lock","id":1,"seats":[1'),
    ("something after the end", b'{"type":"ping","id":1} {}'),
    ("a byte order mark", b'\xef\xbb\xbf{"type":"ping","id":1}'),
    ("NaN", b'{"type":"ping","id":NaN}'),
    ("Infinity", b'{"type":"lock","id":1,"seats":[Infinity]}'),
    ("invalid UTF-8", b'{"type":"ping","id":"\xff\xfe"}'),
    ("overlong UTF-8", b'{"type":"ping","id":"\xc0\xaf"}'),
    ("a lone high surrogate", b'{"type":"ping","id":"\\ud800x"}'),
    ("a lone low surrogate", b'{"type":"ping","id":"\\udc00"}'),
    ("nested as deep as the limit allows", b"[" * MAX_INBOUND_BYTES),
    ("objects nested in an unknown field", _PING_OPEN + b'{"x":' * 800),
    ("MessagePack", _packed({"type": "ping", "id": 1})),
    # JSON, but no message.
    ("no object", b"[]"),
    ("null", b"null"),
    ("an empty object", b"{}"),
    ("no type", b'{"id":7}'),
    ("an unknown type", b'{"type":"buy","id":7}'),
    ("a type that is no string", b'{"type":1,"id":7}'),
    ("a server's type", b'{"type":"locked","id":7}'),
    ("a type in capitals", b'{"type":"PING","id":7}'),
    ("the last of two types is unknown", b'{"type":"ping","id":7,"type":"buy"}'),
    ("no id", b'{"type":"ping"}'),
    ("an id of null", b'{"type":"ping","id":null}'),
    ("an id with a point", b'{"type":"ping","id":1.0}'),
    ("an id of true", b'{"type":"ping","id":true}'),
    ("an id in a list", b'{"type":"ping","id":[1]}'),
    ("an id of 33 characters", b'{"type":"ping","id":"' + b"x" * 33 + b'"}'),
    ("an id of 2^53", b'{"type":"ping","id":9007199254740992}'),
    ("an id of -2^53", b'{"type":"ping","id":-9007199254740992}'),
    ("an id of 2^64", b'{"type":"ping","id":18446744073709551616}'),
    ("an id of a thousand digits", b'{"type":"ping","id":' + b"9" * 1000 + b"}"),
    ("no seats", b'{"type":"lock","id":"a"}'),
    ("an empty list of seats", b'{"type":"lock","id":"a","seats":[]}'),
    ("an empty list of seats to unlock", b'{"type":"unlock","id":"a","seats":[]}'),
    ("a seat twice", b'{"type":"lock","id":"a","seats":[3,4,3]}'),
    ("a seat twice to unlock", b'{"type":"unlock","id":"a","seats":[3,3]}'),
    ("a seat twice to extend", b'{"type":"extend","id":"a","seats":[3,3]}'),
    ("101 seats", b'{"type":"lock","id":"a","seats":[' + b",".join(b"%d" % i for i in range(101)) + b"]}"),
    ("seats of null", b'{"type":"unlock","id":"a","seats":null}'),
    ("seats that are no list", b'{"type":"lock","id":"a","seats":3}'),
    ("a seat's printed id", b'{"type":"lock","id":"a","seats":["F7"]}'),
    ("a seat with a point", b'{"type":"lock","id":"a","seats":[3.0]}'),
    ("a seat of true", b'{"type":"lock","id":"a","seats":[true]}'),
    ("a seat of 2^53", b'{"type":"lock","id":"a","seats":[9007199254740992]}'),
    ("an unknown mode", b'{"type":"lock","id":"a","seats":[1],"mode":"some"}'),
    ("a mode of null", b'{"type":"lock","id":"a","seats":[1],"mode":null}'),
    ("best without a count", b'{"type":"best","id":"a"}'),
    ("best of none", b'{"type":"best","id":"a","count":0}'),
    ("best of 101", b'{"type":"best","id":"a","count":101}'),
    ("accessible as a number", b'{"type":"best","id":"a","count":1,"accessible":1}'),
    ("resync without an epoch", b'{"type":"resync","version":1}'),
    ("resync with a version in words", b'{"type":"resync","epoch":"e","version":"1"}'),
    ("restore without a receipt", b'{"type":"restore","id":"a"}'),
    ("a receipt of 2049 characters", b'{"type":"restore","id":"a","receipt":"' + b"x" * 2049 + b'"}'),
    ("auth with a token that is no string", b'{"type":"auth","id":"a","token":{}}'),
]

INVALID_MSGPACK: Final[list[tuple[str, bytes]]] = [
    # Not MessagePack.
    ("nothing", b""),
    ("truncated", _packed({"type": "lock", "id": 1, "seats": [1]})[:-1]),
    ("something after the end", _packed({"type": "ping", "id": 1}) + b"\x01"),
    ("the unused byte", b"\xc1"),
    ("a map of 2^32 - 1 entries", b"\xdf\xff\xff\xff\xff"),
    ("a map of 2^32 - 1 entries that begins well", b"\xdf\xff\xff\xff\xff" + _packed({"type": "ping", "id": 1})[1:]),
    ("a list of 2^32 - 1 entries", b"\xdd\xff\xff\xff\xff"),
    ("2^32 - 1 seats announced", _PACKED_LOCK_OPEN + b"\xdd\xff\xff\xff\xff\x01"),
    ("a list of 2^32 - 1 entries in an unknown field", _PACKED_PING_OPEN + b"\xdd\xff\xff\xff\xff"),
    ("a string of 2^32 - 1 bytes", _PACKED_PING_ID + b"\xdb\xff\xff\xff\xff"),
    ("an extension of 2^32 - 1 bytes", _PACKED_PING_ID + b"\xc9\xff\xff\xff\xff\x05"),
    ("invalid UTF-8", _PACKED_PING_ID + b"\xa2\xff\xfe"),
    ("nested as deep as the limit allows", b"\x91" * MAX_INBOUND_BYTES),
    ("maps nested as deep as the limit allows", b"\x81\x01" * (MAX_INBOUND_BYTES // 2)),
    ("lists nested in an unknown field", _PACKED_PING_OPEN + b"\x91" * 4000),
    ("a timestamp out of range", _PACKED_PING_ID + b"\xc7\x0c\xff" + b"\x00" * 4 + b"\x7f" * 8),
    ("JSON", b'{"type":"ping","id":1}'),
    # MessagePack, but no message.
    ("nil", b"\xc0"),
    ("no map", _packed([1])),
    ("an empty map", _packed({})),
    ("an unknown type", _packed({"type": "buy", "id": 7})),
    ("a type of bytes", _packed({"type": b"ping", "id": 7})),
    ("keys that are numbers", _packed({1: "ping", "id": 7})),
    ("no id", _packed({"type": "ping"})),
    ("an id of nil", _packed({"type": "ping", "id": None})),
    ("an id of bytes", _packed({"type": "ping", "id": b"a"})),
    ("an id of a float", _packed({"type": "ping", "id": 1.0})),
    ("an id of NaN", _packed({"type": "ping", "id": float("nan")})),
    ("an id of true", _packed({"type": "ping", "id": True})),
    ("an id of 2^53", _packed({"type": "ping", "id": 2**53})),
    ("an id of 2^64 - 1", _packed({"type": "ping", "id": 2**64 - 1})),
    ("an id of -2^63", _packed({"type": "ping", "id": -(2**63)})),
    ("an id that is an extension", _PACKED_PING_ID + b"\xd4\x05\x01"),
    ("an id that is a timestamp", _PACKED_PING_ID + b"\xd6\xff\x00\x00\x00\x01"),
    ("an empty list of seats", _packed({"type": "lock", "id": "a", "seats": []})),
    ("a seat twice", _packed({"type": "lock", "id": "a", "seats": [3, 4, 3]})),
    ("101 seats", _packed({"type": "lock", "id": "a", "seats": list(range(101))})),
    ("a seat of a float", _packed({"type": "lock", "id": "a", "seats": [3.0]})),
    ("a seat of infinity", _packed({"type": "lock", "id": "a", "seats": [float("inf")]})),
    ("a seat of true", _packed({"type": "lock", "id": "a", "seats": [True]})),
    ("seats as bytes", _packed({"type": "lock", "id": "a", "seats": b"\x01\x02"})),
    ("an unknown mode", _packed({"type": "lock", "id": "a", "seats": [1], "mode": "some"})),
]
