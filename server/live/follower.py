"""Keeps the seat map of one showtime at the store's, whatever becomes of its announcements."""

import asyncio
from collections import deque
from typing import Final, Protocol

import structlog

from protocol.codes import NoticeCode
from protocol.from_server import Delta, Snapshot
from protocol.seatmap import Applied, SeatMap
from server.domain.errors import ShowtimeNotFoundError, UnavailableError
from server.live.frames import Broadcast
from server.live.history import History
from server.ports import Announcement, Position, SeatStore

log = structlog.get_logger(__name__)

PENDING_LIMIT: Final = 10_000
"""Announcements kept while the map is read anew; more are dropped, and the map is read once more."""

RETRY_DELAYS_S: Final = (0.05, 0.1, 0.2, 0.4)
"""Pauses between attempts to read a store that does not answer; the last one repeats."""


class Listener(Protocol):
    """Who is told what the follower finds; see `Room`."""

    def on_changes(self, delta: Delta) -> None: ...  # noqa: D102 - the room's methods say it
    def on_private(self, announcement: Announcement) -> None: ...  # noqa: D102
    def on_snapshot(self, *, new_layout: bool) -> None: ...  # noqa: D102
    def on_missed(self) -> None: ...  # noqa: D102
    def on_ended(self) -> None: ...  # noqa: D102
    def notify(self, code: NoticeCode) -> None: ...  # noqa: D102


class Follower:
    """Follows one showtime's announcements.

    A gap, another epoch or a lost connection makes it read the store: the log if that reaches back, else a snapshot.
    One such read is under way at a time; what is announced meanwhile waits and is applied if it is newer.
    """

    def __init__(self, showtime: str, store: SeatStore, listener: Listener, *, log_length: int) -> None:
        self._showtime = showtime
        self._store = store
        self._listener = listener
        self._log_length = log_length
        self._map: SeatMap | None = None
        self._snapshot: Broadcast | None = None
        self._pending: deque[Announcement] = deque()
        self._stale = False
        self._reading: asyncio.Task[None] | None = None
        self._loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.history: Final = History(log_length)
        self.paused = False
        """Whether the seat store does not answer just now."""

    @property
    def map(self) -> SeatMap:
        """The seat map; only after `ready`."""
        if self._map is None:
            raise RuntimeError("the showtime has not been read yet")
        return self._map

    @property
    def position(self) -> Position | None:
        """Where the map is; None before it was first read."""
        return None if self._map is None else Position(self._map.epoch, self._map.version)

    @property
    def reading(self) -> bool:
        """Whether the store is being read just now."""
        return self._reading is not None

    def snapshot(self) -> Broadcast:
        """The whole map as a message, encoded once for each version however many ask for it."""
        snapshot = self._snapshot
        if snapshot is None:
            snapshot = self._snapshot = Broadcast(self.map.snapshot())
        return snapshot

    async def ready(self) -> None:
        """Return once the map was read for the first time; raises what that read raised for good."""
        await asyncio.shield(self._loaded)

    async def refresh(self) -> None:
        """Read the store for whatever was missed; return when that is done, or when the store is away."""
        self.refill()
        task = self._reading
        if task is not None and not self.paused:
            await asyncio.wait({task}, timeout=RETRY_DELAYS_S[-1])

    def close(self) -> None:
        """Stop following."""
        if self._reading is not None:
            self._reading.cancel()
        self._loaded.cancel()

    def announced(self, announcement: Announcement) -> None:
        """Take one announcement: apply it, keep it for later, or find that something was missed."""
        if self._reading is not None or self._map is None:
            self._keep(announcement)
        elif not self._follow(self._map, announcement):
            self._keep(announcement)
            self.refill()

    def refill(self) -> None:
        """Read the store, now or once more after the read under way; the way to mend whatever may be missing."""
        self._stale = True
        if self._reading is None:
            self._reading = asyncio.create_task(self._refill(), name=f"refill {self._showtime}")

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
        self._snapshot = None
        if step.changes:
            self._listener.on_changes(step)
        if announcement.private:
            self._listener.on_private(announcement)
        return True

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
                else:
                    self._resume()
                    self._take_pending()
        except Exception as error:  # the boundary: those who wait for the map must hear of whatever it was
            if not isinstance(error, ShowtimeNotFoundError):
                log.exception("showtime cannot be read", showtime=self._showtime)
            self._stale = False
            if not self._loaded.done():
                self._loaded.set_exception(error)
            self._listener.on_ended()
        finally:
            self._reading = None
        if self._stale:
            self.refill()

    async def _read(self) -> None:
        seat_map = self._map
        if seat_map is None:
            await self._load()
            return
        missed = await self._store.since(self._showtime, Position(seat_map.epoch, seat_map.version))
        if missed is not None and seat_map.apply(missed) is not Applied.GAP:
            self._snapshot = None
            if missed.changes:
                self._listener.on_changes(missed)
        else:
            self._replace(seat_map, await self._store.snapshot(self._showtime))
        self._listener.on_missed()

    async def _load(self) -> None:
        """Read the map for the first time, and as much of the log as those who resume may need."""
        snapshot = await self._store.snapshot(self._showtime)
        reach = Position(snapshot.epoch, max(1, snapshot.version - self._log_length))
        log_since = await self._store.since(self._showtime, reach)
        seat_map = SeatMap.of(snapshot)
        self.history.restart(snapshot.version)
        if log_since is not None and seat_map.apply(log_since) is not Applied.GAP:
            self.history.append(log_since)
        self._map = seat_map
        self._listener.on_snapshot(new_layout=False)
        if not self._loaded.done():
            self._loaded.set_result(None)

    def _replace(self, seat_map: SeatMap, snapshot: Snapshot) -> None:
        new_layout = snapshot.layout != seat_map.layout
        seat_map.replace(snapshot)
        self._snapshot = None
        self.history.restart(snapshot.version)
        self._listener.on_snapshot(new_layout=new_layout)

    def _take_pending(self) -> None:
        pending, self._pending = self._pending, deque()
        if self._map is None:
            return
        for announcement in pending:
            if not self._follow(self._map, announcement):
                self._stale = True

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            log.warning("seat store does not answer", showtime=self._showtime)
            self._listener.notify(NoticeCode.LOCKS_PAUSED)

    def _resume(self) -> None:
        if self.paused:
            self.paused = False
            log.info("seat store answers again", showtime=self._showtime)
            self._listener.notify(NoticeCode.LOCKS_RESUMED)
