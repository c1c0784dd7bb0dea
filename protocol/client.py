"""The client core: what a correct client does, without any I/O.

A shell feeds it what happens (`connecting`, `opened`, `received`, `closed`, `tick`, `request`) with the time in whole
milliseconds of any clock that does not jump, and carries out the effects that it gets back, in their order:

    connecting ──opened, received(welcome)──▶ online ──closed──▶ waiting ──(delay)──▶ connecting
        └──closed, refused──▶ waiting                  └─closed with a code that says so─▶ stopped

The map follows the server by one rule: a delta at or before the map's version is ignored, one that begins at or before
it is applied (letters are absolute), one that begins beyond it is a gap and asks `resync`, once until that is answered.
"""

from collections.abc import Callable
from typing import Final, assert_never

import msgspec

from protocol.backoff import CAP_MS, backoff_ms
from protocol.clock import ServerClock
from protocol.codes import should_reconnect
from protocol.effects import (
    Answer,
    Answered,
    ConnectionChanged,
    ConnectionState,
    Drop,
    Effect,
    HoldsChanged,
    MapChanged,
    MapReplaced,
    Reconnect,
    Send,
    Stop,
    Unanswered,
)
from protocol.from_client import Ping, Request, Restore, Resync
from protocol.from_server import (
    Authenticated,
    Delta,
    Expired,
    Expiring,
    Extended,
    Hold,
    Holds,
    Locked,
    Notice,
    Pong,
    Queue,
    Rejected,
    ServerMessage,
    Snapshot,
    Unlocked,
    Viewers,
    Welcome,
)
from protocol.scalars import RequestId
from protocol.seatmap import Applied, SeatMap

DEFAULT_HEARTBEAT_MS: Final = 10_000
"""How long a connection may be silent before its `welcome` has said."""

STEADY_MS: Final = CAP_MS
"""A connection that lasted this long after its `welcome` makes the next wait start from the base again; a shorter one
does not, lest a server that welcomes and drops its clients at once be hammered."""

_TRY_AGAIN_STATUS: Final = frozenset({429, 500, 502, 503, 504})
"""HTTP answers to a handshake that another day may not give."""


class _Asked(msgspec.Struct):
    """A request that is waiting for its answer."""

    message: Request
    at: int
    by_core: bool


class Client:
    """One client of one showtime, over as many connections as it takes.

    `map`, `holds`, `receipt`, `welcome`, `can_lock` and `viewers` are what is known now; the map is a view, only a
    `locked` is a promise. `random` gives numbers from 0 up to 1 for the jitter.
    """

    def __init__(self, *, random: Callable[[], float]) -> None:
        self._random = random
        self.state = ConnectionState.WAITING
        self.clock: Final = ServerClock()
        self.map: SeatMap | None = None
        self.holds: tuple[Hold, ...] = ()
        self.receipt: str | None = None
        self.welcome: Welcome | None = None
        self.can_lock = False
        self.viewers = 0
        self._epoch: str | None = None
        self._holds_version = -1
        self._to_restore: str | None = None
        self._restore_id: RequestId | None = None
        self._may_resume = False
        self._last_id = 0
        self._asked: dict[RequestId, _Asked] = {}
        self._resync: tuple[int, int] | None = None
        self._attempt = 0
        self._welcomed_at: int | None = None
        self._heartbeat_ms = DEFAULT_HEARTBEAT_MS
        self._heard_at: int | None = None
        self._probed_at: int | None = None

    @property
    def position(self) -> tuple[str, int] | None:
        """(epoch, version) of the map, for the query of the next connection; None if it is to get a snapshot."""
        return (self.map.epoch, self.map.version) if self.map is not None and self._may_resume else None

    @property
    def deadline(self) -> int | None:
        """When `tick` has something to do, unless something is received before; None without a connection."""
        if self._heard_at is None:
            return None
        silent_at = (self._heard_at if self._probed_at is None else self._probed_at) + self._heartbeat_ms
        return silent_at if self._resync is None else min(silent_at, self._resync[1] + self._heartbeat_ms)

    def next_id(self) -> int:
        """An id for the next request, used by none before."""
        self._last_id += 1
        return self._last_id

    # What happens to the connection.

    def connecting(self) -> list[Effect]:
        """A connection is about to be opened, with `position` in its query."""
        return self._become(ConnectionState.CONNECTING)

    def opened(self, now: int) -> list[Effect]:
        """The handshake succeeded; the first message is to come."""
        self._heard_at = now
        return []

    def refused(self, status: int, retry_after_ms: int | None = None) -> list[Effect]:
        """The handshake was refused by an HTTP status, perhaps with a `Retry-After`."""
        if status not in _TRY_AGAIN_STATUS:
            return [*self._become(ConnectionState.STOPPED), Stop(status=status)]
        # The server names the same delay to everybody; the jitter on top keeps the crowd apart.
        return self._wait(retry_after_ms or 0, None)

    def closed(self, code: int, now: int) -> list[Effect]:
        """The connection ended with this code, or could not be opened (1006)."""
        if self._welcomed_at is not None and now - self._welcomed_at >= STEADY_MS:
            self._attempt = 0
        effects = self._hang_up()
        if should_reconnect(code):
            return effects + self._wait(0, code)
        return [*effects, *self._become(ConnectionState.STOPPED, code), Stop(code=code)]

    def stop(self) -> list[Effect]:
        """The application wants no more."""
        return [*self._hang_up(), *self._become(ConnectionState.STOPPED), Stop()]

    def tick(self, now: int) -> list[Effect]:
        """Time has passed: asks a silent server for a sign of life, and gives up on one that stays silent."""
        if self.deadline is None or now < self.deadline:
            return []
        unanswered_resync = self._resync is not None and now >= self._resync[1] + self._heartbeat_ms
        if self._probed_at is not None or unanswered_resync:
            self._heard_at = None
            return [Drop()]
        self._probed_at = now
        return self._ask(Ping(id=self.next_id()), now, by_core=True)

    def request(self, message: Request, now: int) -> list[Effect]:
        """Send a request of the application, made with `next_id`; its answer comes as `Answered` or `Unanswered`."""
        if self.state is not ConnectionState.ONLINE:
            return [Unanswered(message, sent=False)]
        return self._ask(message, now, by_core=False)

    def not_understood(self, request_id: RequestId | None, now: int) -> list[Effect]:
        """A message came that this version does not know; if it answered a request, nobody knows what it says."""
        self._heard(now)
        asked = None if request_id is None else self._asked.pop(request_id, None)
        return [] if asked is None or asked.by_core else [Unanswered(asked.message, sent=True)]

    def received(self, message: ServerMessage, now: int) -> list[Effect]:
        """A message of the server came."""
        self._heard(now)
        match message:
            case Delta():
                return self._on_delta(message, now)
            case Welcome():
                return self._on_welcome(message, now)
            case Snapshot():
                return self._on_snapshot(message, now)
            case Locked() | Extended() | Unlocked():
                return self._on_holds(message) + self._on_answer(message)
            case Authenticated():
                self.can_lock = message.can_lock
                return self._on_holds(message) + self._on_answer(message) + self._restore(now)
            case Holds():
                return self._on_holds(message)
            case Expired():
                return [*self._on_holds(message), message]
            case Pong():
                return self._on_pong(message, now)
            case Rejected():
                return self._on_answer(message)
            case Viewers():
                self.viewers = message.count
                return [message]
            case Expiring() | Queue() | Notice():
                return [message]
            case _:
                assert_never(message)

    # The connection's own life.

    def _become(self, state: ConnectionState, code: int | None = None) -> list[Effect]:
        if state is self.state:
            return []
        self.state = state
        return [ConnectionChanged(state, code)]

    def _hang_up(self) -> list[Effect]:
        """Forget what belongs to a connection; whoever waits for an answer learns that there will be none."""
        lost = [asked.message for asked in self._asked.values() if not asked.by_core]
        self._asked.clear()
        self._resync = self._restore_id = None
        self._welcomed_at = self._heard_at = self._probed_at = None
        self._heartbeat_ms = DEFAULT_HEARTBEAT_MS
        return [Unanswered(message, sent=True) for message in lost]

    def _wait(self, at_least_ms: int, code: int | None) -> list[Effect]:
        delay_ms = at_least_ms + backoff_ms(self._attempt, self._random())
        self._attempt += 1
        return [Reconnect(delay_ms), *self._become(ConnectionState.WAITING, code)]

    def _heard(self, now: int) -> None:
        if self._heard_at is not None:
            self._heard_at = now
            self._probed_at = None

    def _on_welcome(self, message: Welcome, now: int) -> list[Effect]:
        self.welcome, self.can_lock, self.viewers = message, message.can_lock, message.viewers
        self._welcomed_at = now
        self._heartbeat_ms = max(1, message.heartbeat_ms)
        self.clock.welcome(message.server_at, now)
        self._enter(message.epoch)
        online = self._become(ConnectionState.ONLINE)
        return online + self._on_holds(message) + self._restore(now)

    # The map.

    def _on_snapshot(self, message: Snapshot, now: int) -> list[Effect]:
        self._resync = None
        self._may_resume = True
        self._enter(message.epoch)
        if self.map is None:
            self.map = SeatMap.of(message)
            changes = self.map.changes()
        else:
            changes = self.map.replace(message)
        return [MapReplaced(changes), *self._restore(now)]

    def _on_delta(self, message: Delta, now: int) -> list[Effect]:
        seats = self.map
        if self._resync is not None and message.from_version == self._resync[0]:
            self._resync = None
        if seats is None or seats.epoch != self._epoch:
            return self._ask_resync(now)
        match seats.apply(message):
            case Applied.APPLIED:
                return [MapChanged(message.changes)]
            case Applied.STALE:
                return []
            case Applied.GAP if message.from_version <= seats.version:
                # It names a seat that this map does not have: what the map is, is not what the server thinks.
                self._may_resume = False
                self._heard_at = None
                return [Drop()]
            case Applied.GAP:
                return self._ask_resync(now)

    def _ask_resync(self, now: int) -> list[Effect]:
        if self._resync is not None:
            return []
        epoch, version = ("", 0) if self.map is None else (self.map.epoch, self.map.version)
        self._resync = (version, now)
        return [Send(Resync(epoch=epoch, version=version))]

    # Holds and receipts.

    def _enter(self, epoch: str) -> None:
        """In a new epoch versions count anew, and the receipt of the one before is to be redeemed."""
        if epoch == self._epoch:
            return
        # Nothing held is nothing to restore, and then a receipt that is still to be redeemed is the one that counts.
        if self.holds:
            self._to_restore = self.receipt
        self._epoch, self._holds_version, self._restore_id = epoch, -1, None

    def _restore(self, now: int) -> list[Effect]:
        """Redeem the last receipt, once: any answer is final; a connection lost before it is no answer."""
        if self._to_restore is None or self._restore_id is not None or not self.can_lock:
            return []
        if self.state is not ConnectionState.ONLINE:
            return []
        self._restore_id = self.next_id()
        return self._ask(Restore(id=self._restore_id, receipt=self._to_restore), now, by_core=True)

    def _on_holds(
        self, message: Welcome | Locked | Extended | Unlocked | Authenticated | Holds | Expired
    ) -> list[Effect]:
        """Of two lists within an epoch the one that was read at the greater version stands, with its receipt."""
        if message.holds_version < self._holds_version:
            return []
        self._holds_version = message.holds_version
        if not isinstance(message, Expired) and message.receipt is not msgspec.UNSET:
            self.receipt = message.receipt
        holds = tuple(message.holds)
        if holds == self.holds:
            return []
        self.holds = holds
        return [HoldsChanged(holds)]

    # Requests and answers.

    def _ask(self, message: Request, now: int, *, by_core: bool) -> list[Effect]:
        self._asked[message.id] = _Asked(message, now, by_core)
        return [Send(message)]

    def _on_answer(self, answer: Answer) -> list[Effect]:
        asked = None if answer.id is None else self._asked.pop(answer.id, None)
        if asked is None:
            return []
        if answer.id == self._restore_id:
            self._to_restore = self._restore_id = None
        elif asked.by_core:
            return []
        return [Answered(asked.message, answer)]

    def _on_pong(self, message: Pong, now: int) -> list[Effect]:
        asked = self._asked.get(message.id)
        if asked is not None:
            self.clock.pong(message.server_at, asked.at, now)
        return self._on_answer(message)
