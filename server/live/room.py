"""One showtime on this worker: its seat map, kept at the store's, and the sessions that watch it."""

import asyncio
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Final

import structlog

from protocol.codes import CloseCode, NoticeCode
from protocol.from_server import Delta, ServerMessage, Snapshot, Viewers
from protocol.seatmap import Applied, SeatMap, fold
from server.domain.errors import CineBookError, ShowtimeNotFoundError, UnavailableError
from server.domain.holds import Holder
from server.domain.showtimes import Showtime
from server.live.frames import Broadcast
from server.ports import Announcement, Position, SeatStore

if TYPE_CHECKING:
    from server.live.session import Session

log = structlog.get_logger(__name__)

VIEWERS_INTERVAL_S: Final = 2.0
"""At most one `viewers` message in this time."""

PENDING_LIMIT: Final = 10_000
"""Announcements kept while the map is read anew; more are dropped, and the map is read once more."""

RETRY_DELAYS_S: Final = (0.05, 0.1, 0.2, 0.4)
"""Pauses between attempts to read a store that does not answer; the last one repeats."""


class Room:
    """Follows one showtime's announcements and hands them to its members.

    The map is at version `map.version`; members were last sent `sent`, which lags where versions change no letter.
    A gap, another epoch or a lost connection makes it read the store: the log if that reaches back, else a snapshot.
    One such read is under way at a time; what is announced meanwhile waits and is applied if it is newer.
    """

    def __init__(self, showtime: Showtime, store: SeatStore, *, log_length: int) -> None:
        self.showtime: Final = showtime
        self.members: set[Session] = set()
        self._store = store
        self._log_length = log_length
        self._holders: dict[str, set[Session]] = {}
        self._map: SeatMap | None = None
        self._sent = 0
        self._recent: deque[Delta] = deque(maxlen=log_length)
        self._pending: deque[Announcement] = deque()
        self._stale = False
        self._refill_task: asyncio.Task[None] | None = None
        self._reread_task: asyncio.Task[None] | None = None
        self._loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._viewers_timer: asyncio.TimerHandle | None = None
        # What every member was told last; None if they were told different counts.
        self._viewers_told: int | None = None
        self.paused = False
        """Whether the seat store does not answer just now."""

    @property
    def map(self) -> SeatMap:
        """The seat map; only after `ready`."""
        if self._map is None:
            raise RuntimeError("the room has not been read yet")
        return self._map

    @property
    def position(self) -> Position | None:
        """Where the map is; None before it was first read."""
        return None if self._map is None else Position(self._map.epoch, self._map.version)

    @property
    def reading(self) -> bool:
        """Whether the store is being read just now."""
        return self._refill_task is not None

    async def ready(self) -> None:
        """Return once the map was read for the first time; raises what that read raised for good."""
        await asyncio.shield(self._loaded)

    async def refresh(self) -> None:
        """Read the store for whatever was missed; return when that is done, or when the store is away."""
        self.refill()
        task = self._refill_task
        if task is not None and not self.paused:
            await asyncio.wait({task}, timeout=RETRY_DELAYS_S[-1])

    def close(self) -> None:
        """Stop following; the members are not told."""
        for task in (self._refill_task, self._reread_task):
            if task is not None:
                task.cancel()
        if self._viewers_timer is not None:
            self._viewers_timer.cancel()
        self._loaded.cancel()

    # Members

    def enter(self, session: "Session") -> None:
        """Let a session that was greeted receive what is sent to all from now on."""
        self.members.add(session)
        if len(self.members) != self._viewers_told:
            # Its `welcome` says another count than the others have.
            self._viewers_told = None
        self._count_viewers()

    def leave(self, session: "Session") -> None:
        """Forget a session; one that never entered is no error."""
        self.members.discard(session)
        self._count_viewers()

    def register(self, session: "Session", holder: Holder) -> None:
        """Tell `session` from now on what happens to the holder's locks."""
        self._holders.setdefault(holder.id, set()).add(session)

    def unregister(self, session: "Session", holder: Holder) -> None:
        """The opposite of `register`."""
        sessions = self._holders.get(holder.id, set())
        sessions.discard(session)
        if not sessions:
            self._holders.pop(holder.id, None)

    def broadcast(self, message: ServerMessage) -> None:
        """Send one message to every member, encoded once per codec."""
        broadcast = Broadcast(message)
        for member in self.members:
            member.outgoing.send(broadcast.encoded(member.outgoing.codec))

    def close_members(self, code: CloseCode) -> None:
        """Close every member's connection."""
        for member in self.members:
            member.outgoing.close(code)

    def _notify(self, code: NoticeCode) -> None:
        for member in self.members:
            member.notify(code)

    def _count_viewers(self) -> None:
        if self._viewers_timer is None:
            self._viewers_timer = asyncio.get_running_loop().call_later(VIEWERS_INTERVAL_S, self._tell_viewers)

    def _tell_viewers(self) -> None:
        self._viewers_timer = None
        if len(self.members) != self._viewers_told:
            self._viewers_told = len(self.members)
            self.broadcast(Viewers(count=self._viewers_told))

    # Positions

    def catch_up(self, position: Position | None) -> Snapshot | Delta:
        """What leads from `position` to the map: one folded delta where the history reaches back, else a snapshot."""
        seat_map = self.map
        if position is None or position.epoch != seat_map.epoch or position.version > seat_map.version:
            return seat_map.snapshot()
        if position.version >= self._sent:
            return Delta(from_version=position.version, version=seat_map.version, changes=[])
        if not self._recent or position.version < self._recent[0].from_version:
            return seat_map.snapshot()
        newer = fold(delta for delta in self._recent if delta.version > position.version)
        return Delta(from_version=position.version, version=seat_map.version, changes=newer.changes)

    # Following the store

    def announced(self, announcement: Announcement) -> None:
        """Take one announcement: apply it, keep it for later, or find that something was missed."""
        if self._refill_task is not None or self._map is None:
            self._keep(announcement)
        elif not self._follow(self._map, announcement):
            self._keep(announcement)
            self.refill()

    def refill(self) -> None:
        """Read the store, now or once more after the read under way; the way to mend whatever may be missing."""
        self._stale = True
        if self._refill_task is None:
            self._refill_task = asyncio.create_task(self._refill(), name=f"refill {self.showtime.id}")

    def _keep(self, announcement: Announcement) -> None:
        if len(self._pending) >= PENDING_LIMIT:
            self._pending.clear()
            self._stale = True
        self._pending.append(announcement)

    def _follow(self, seat_map: SeatMap, announcement: Announcement) -> bool:
        """Apply an announcement if it is the next one; False if something lies between, or it names another epoch."""
        if announcement.epoch != seat_map.epoch:
            return False
        if announcement.version <= seat_map.version:
            return True
        step = Delta(
            from_version=announcement.version - 1, version=announcement.version, changes=list(announcement.changes)
        )
        if seat_map.apply(step) is not Applied.APPLIED:
            return False
        if announcement.changes:
            self._send_changes(step)
        for change in announcement.private:
            for session in self._holders.get(change.holder, ()):
                session.holder_changed(change, announcement)
        return True

    def _send_changes(self, step: Delta) -> None:
        delta = Delta(from_version=self._sent, version=step.version, changes=step.changes)
        self._sent = step.version
        self._recent.append(delta)
        self.broadcast(delta)

    async def _refill(self) -> None:
        attempt = 0
        try:
            while self._stale:
                self._stale = False
                try:
                    await self._read()
                except UnavailableError:
                    self._stale = True
                    self._pause()
                    await asyncio.sleep(RETRY_DELAYS_S[min(attempt, len(RETRY_DELAYS_S) - 1)])
                    attempt += 1
                except ShowtimeNotFoundError as error:
                    self._end(error)
                    return
                else:
                    self._resume()
                    self._drain_pending()
        except CineBookError as error:
            log.exception("room cannot be read", showtime=self.showtime.id)
            self._end(error)
        finally:
            self._refill_task = None
        if self._stale:
            self.refill()

    async def _read(self) -> None:
        if self._map is None:
            snapshot = await self._store.snapshot(self.showtime.id)
            reach = Position(snapshot.epoch, max(0, snapshot.version - self._log_length))
            history = await self._store.since(self.showtime.id, reach)
            self._map = SeatMap.of(snapshot)
            self._sent = snapshot.version
            if history is not None and history.version >= snapshot.version:
                self._recent.append(history)
                self._map.apply(history)
                self._sent = history.version
            if not self._loaded.done():
                self._loaded.set_result(None)
            return
        missed = await self._store.since(self.showtime.id, Position(self._map.epoch, self._map.version))
        if missed is not None and self._map.apply(missed) is not Applied.GAP:
            if missed.changes:
                self._send_changes(missed)
        else:
            self._take(self._map, await self._store.snapshot(self.showtime.id))
        if self._holders:
            self._reread_holders()

    def _take(self, seat_map: SeatMap, snapshot: Snapshot) -> None:
        changed_layout = snapshot.layout != seat_map.layout
        seat_map.replace(snapshot)
        self._sent = snapshot.version
        self._recent.clear()
        self.broadcast(snapshot)
        if changed_layout:
            self._notify(NoticeCode.SHOWTIME_CHANGED)

    def _drain_pending(self) -> None:
        pending, self._pending = self._pending, deque()
        if self._map is None:
            return
        for announcement in pending:
            if not self._follow(self._map, announcement):
                self._stale = True

    def _reread_holders(self) -> None:
        if self._reread_task is not None:
            self._reread_task.cancel()
        sessions = tuple(chain.from_iterable(self._holders.values()))
        self._reread_task = asyncio.create_task(self._reread(sessions), name=f"reread {self.showtime.id}")

    async def _reread(self, sessions: tuple["Session", ...]) -> None:
        await asyncio.gather(*(session.reread() for session in sessions))
        self._reread_task = None

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            log.warning("seat store does not answer", showtime=self.showtime.id)
            self._notify(NoticeCode.LOCKS_PAUSED)

    def _resume(self) -> None:
        if self.paused:
            self.paused = False
            log.info("seat store answers again", showtime=self.showtime.id)
            self._notify(NoticeCode.LOCKS_RESUMED)

    def _end(self, error: CineBookError) -> None:
        if not self._loaded.done():
            self._loaded.set_exception(error)
        self.close_members(CloseCode.UNKNOWN_SHOWTIME)
