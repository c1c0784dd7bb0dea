"""The cases of `messages.json`: every message with and without its optional fields, unicode and extreme integers."""

from typing import Final

from protocol.codes import Code, NoticeCode, Outcome
from protocol.from_client import Auth, Best, ClientMessage, Extend, Lock, Ping, Restore, Resync, Unlock
from protocol.from_server import (
    Authenticated,
    Delta,
    Expired,
    Expiring,
    Extended,
    Hold,
    Holds,
    Limits,
    Locked,
    Notice,
    Pong,
    Queue,
    Rejected,
    SeatRejection,
    SeatWarning,
    ServerMessage,
    Snapshot,
    Unlocked,
    Viewers,
    Welcome,
)
from protocol.scalars import MAX_INTEGER

_AT: Final = 1_790_000_000_000
_RECEIPT: Final = "cnQx.eyJob2xkZXIiOiJnIn0.c2ln"
_HOLD: Final = Hold(seat=12, expires_at=_AT + 900_000, first_at=_AT)
_PAYING: Final = Hold(seat=13, expires_at=_AT + 600_000, first_at=_AT - 1, order="ord_7")
_LIMITS: Final = Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000)

FROM_CLIENT: Final[list[tuple[str, ClientMessage]]] = [
    ("lock one seat", Lock(id=1, seats=(0,))),
    ("lock any of several", Lock(id="a7", seats=(12, 13, 4), mode="any")),
    ("lock a hundred", Lock(id=2, seats=tuple(range(100)))),
    ("lock a seat that cannot be", Lock(id=3, seats=(-1, MAX_INTEGER, -MAX_INTEGER))),
    ("best", Best(id=4, count=2)),
    ("best in a zone, accessible", Best(id=5, count=100, zone="vip", accessible=True)),
    ("best, not accessible", Best(id=6, count=1, accessible=False)),
    ("unlock all", Unlock(id=7)),
    ("unlock some", Unlock(id=8, seats=(12,))),
    ("extend all", Extend(id=9)),
    ("extend some", Extend(id=10, seats=(12, 13))),
    ("restore", Restore(id=11, receipt=_RECEIPT)),
    ("resync", Resync(epoch="k3J9", version=41)),
    ("resync from the start", Resync(epoch="", version=0)),
    ("auth", Auth(id=12, token="not.a.secret")),
    ("ping", Ping(id=13)),
    ("ping, greatest id", Ping(id=MAX_INTEGER)),
    ("ping, least id", Ping(id=-MAX_INTEGER)),
    ("ping, empty id", Ping(id="")),
    ("ping, longest id", Ping(id="x" * 32)),
    ("ping, unicode id", Ping(id='Ghế "F7" 🎬\\\n\u2028')),
]

FROM_SERVER: Final[list[tuple[str, ServerMessage]]] = [
    (
        "welcome of a viewer",
        Welcome(
            showtime="demo",
            layout=1,
            epoch="k3J9",
            version=0,
            server_at=_AT,
            can_lock=False,
            holds=[],
            holds_version=0,
            limits=_LIMITS,
            heartbeat_ms=25_000,
            viewers=1,
        ),
    ),
    (
        "welcome of a holder",
        Welcome(
            showtime="demo_2-x",
            layout=3,
            epoch="k3J9",
            version=41,
            server_at=_AT,
            can_lock=True,
            holds=[_HOLD, _PAYING],
            holds_version=40,
            limits=_LIMITS,
            heartbeat_ms=25_000,
            viewers=1000,
            receipt=_RECEIPT,
        ),
    ),
    ("snapshot", Snapshot(epoch="k3J9", version=41, layout=3, seats="AALOB" * 4)),
    ("snapshot of an empty hall", Snapshot(epoch="k3J9", version=MAX_INTEGER, layout=1, seats="")),
    ("delta", Delta(from_version=41, version=43, changes=[(12, "L"), (13, "O"), (0, "A"), (1, "B")])),
    ("delta without changes", Delta(from_version=41, version=41, changes=[])),
    ("delta, greatest version", Delta(from_version=-MAX_INTEGER, version=MAX_INTEGER, changes=[(65_536, "A")])),
    ("locked", Locked(id=1, version=42, seats=[12], holds=[_HOLD], holds_version=42, receipt=_RECEIPT)),
    (
        "locked in part",
        Locked(
            id="a7",
            version=42,
            seats=[12],
            holds=[_HOLD],
            holds_version=42,
            receipt=_RECEIPT,
            rejected=[
                SeatRejection(seat=13, code=Code.SEATS_UNAVAILABLE),
                SeatRejection(seat=4, code=Code.LIMIT_EXCEEDED),
            ],
        ),
    ),
    (
        "locked after restore",
        Locked(id=11, version=2, seats=[], holds=[], holds_version=2, receipt=_RECEIPT, lost=[12, 13]),
    ),
    (
        "locked with a warning",
        Locked(
            id=1,
            version=42,
            seats=[12],
            holds=[_HOLD],
            holds_version=42,
            receipt=_RECEIPT,
            warnings=[SeatWarning(code=Code.SEAT_RULE, seats=[11], alternatives=[[10, 11], [13, 14]])],
        ),
    ),
    ("extended", Extended(id=9, version=42, seats=[12], holds=[_HOLD], holds_version=43, receipt=_RECEIPT)),
    ("unlocked", Unlocked(id=7, version=44, seats=[12, 13], holds=[], holds_version=44, receipt=_RECEIPT)),
    ("authenticated", Authenticated(id=12, can_lock=True, holds=[_HOLD], holds_version=44, receipt=_RECEIPT)),
    ("authenticated, nothing held", Authenticated(id=12, can_lock=True, holds=[], holds_version=44)),
    (
        "rejected: taken",
        Rejected(
            id=1,
            code=Code.SEATS_UNAVAILABLE,
            message="Ghế F7 vừa có người giữ.",
            seats=[12],
            alternatives=[[14, 15], [30, 31]],
        ),
    ),
    (
        "rejected: none of any",
        Rejected(
            id=1,
            code=Code.LIMIT_EXCEEDED,
            message="No more than 8 seats.",
            rejected=[SeatRejection(seat=12, code=Code.LIMIT_EXCEEDED)],
        ),
    ),
    (
        "rejected: outcome unknown",
        Rejected(id=1, code=Code.UNAVAILABLE, message="…", retry_after_ms=1000, outcome=Outcome.UNKNOWN),
    ),
    (
        "rejected: outcome none",
        Rejected(id=11, code=Code.UNAVAILABLE, message="🎟️", retry_after_ms=0, outcome=Outcome.NONE),
    ),
    ("rejected: id unread", Rejected(id=None, code=Code.BAD_REQUEST, message="")),
    ("holds", Holds(holds=[_HOLD, _PAYING], holds_version=45, receipt=_RECEIPT)),
    ("holds, none left", Holds(holds=[], holds_version=46)),
    ("expiring", Expiring(seats=[12], expires_at=_AT + 900_000)),
    ("expired", Expired(seats=[12], holds=[_PAYING], holds_version=47)),
    ("viewers", Viewers(count=0)),
    ("queue", Queue(state="waiting", position=812, ahead=811, eta_ms=90_000)),
    ("notice", Notice(code=NoticeCode.SHOWTIME_CHANGED, message="Suất chiếu đã đổi giờ.")),
    ("notice with a delay", Notice(code=NoticeCode.LOCKS_PAUSED, message="One moment", retry_after_ms=15_000)),
    ("pong", Pong(id=13, server_at=_AT)),
    ("pong, unicode id", Pong(id='Ghế "F7" 🎬\\\n\u2028', server_at=MAX_INTEGER)),
]
