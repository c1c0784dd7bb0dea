"""All rooms of one worker: opened by the first who joins, closed a while after the last one left."""

import asyncio
import random
from typing import Final

import msgspec
import structlog

from protocol.codes import CloseCode, NoticeCode
from server.domain.errors import UnavailableError
from server.live.bounds import Bounds
from server.live.room import Room
from server.live.subscriber import Subscriber
from server.ops import metrics
from server.ops.ending import ended
from server.ops.lifecycle import Lifecycle
from server.ops.recurring import recurring
from server.ports import Announcement, Audience, Catalogue, Position, SeatStore

log = structlog.get_logger(__name__)

CHECK_GRACE_S: Final = 0.05
"""A message that is merely on its way gets this long before its room counts as behind."""

LINGER_S: Final = 30.0
"""How long an empty room is kept for the next one who joins."""

VIEWERS_INTERVAL_S: Final = 2.0
"""At most one `viewers` message in this time."""

DRAIN_SLICE: Final = 100
"""Clients that are sent away at once when the server ends."""

END_INTERVAL_S: Final = 5.0
"""How often showtimes that are over and sessions that have run out are looked for."""


class Hub:
    """Finds the room of a showtime, feeds the rooms what the subscriber hears, and checks that none falls behind."""

    def __init__(
        self,
        *,
        store: SeatStore,
        catalogue: Catalogue,
        audience: Audience,
        lifecycle: Lifecycle,
        redis_url: str,
        timeout_ms: int,
        bounds: Bounds,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._audience = audience
        self._lifecycle = lifecycle
        self._bounds = bounds
        self._rooms: dict[str, Room] = {}
        self._by_channel: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._closing: dict[str, asyncio.TimerHandle] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._decoder = msgspec.msgpack.Decoder(Announcement)
        self._subscriber = Subscriber(
            redis_url,
            timeout_ms=timeout_ms,
            on_message=self._on_message,
            on_subscribed=self._on_subscribed,
        )
        self.connections = 0
        """WebSocket connections of this worker, whatever room they are in."""

    async def start(self) -> None:
        """Connect the subscriber and begin to check."""
        await self._subscriber.start()
        self._tasks = [
            asyncio.create_task(
                recurring("position check", self._bounds.check_ms / 1000, self._check), name="position check"
            ),
            asyncio.create_task(recurring("viewers", VIEWERS_INTERVAL_S, self._tell_viewers)),
            asyncio.create_task(recurring("end check", END_INTERVAL_S, self._end_what_is_over)),
        ]

    async def close(self) -> None:
        """Stop; connections that are still open are left to whoever owns them."""
        await ended(*self._tasks, *self._opening.values())
        for timer in self._closing.values():
            timer.cancel()
        for room in self._rooms.values():
            room.close()
        await self._subscriber.close()

    @property
    def draining(self) -> bool:
        """Whether the worker is about to end and takes no more connections."""
        return self._lifecycle.draining

    def showtimes(self) -> tuple[str, ...]:
        """The showtimes that have a room here."""
        return tuple(self._rooms)

    async def join(self, showtime: str) -> Room:
        """The showtime's room, read and live; balanced by `left`.

        Raises `ShowtimeNotFoundError`, or `UnavailableError` if the database or the store does not answer.
        """
        timer = self._closing.pop(showtime, None)
        if timer is not None:
            timer.cancel()
        room = self._rooms.get(showtime)
        if room is not None and room.ended:
            self._forget(room)
            room = None
        if room is None:
            task = self._opening.get(showtime)
            if task is None:
                task = self._opening[showtime] = asyncio.create_task(self._open(showtime), name=f"open {showtime}")
                task.add_done_callback(lambda _: self._opening.pop(showtime, None))
            room = await asyncio.shield(task)
        return room

    def left(self, room: Room) -> None:
        """A connection has ended that had joined `room`."""
        self.connections -= 1
        self._close_if_empty(room)

    def _close_if_empty(self, room: Room) -> None:
        """Close the room in a while if nobody comes."""
        showtime = room.showtime.id
        if not room.members and self._rooms.get(showtime) is room and showtime not in self._closing:
            loop = asyncio.get_running_loop()
            self._closing[showtime] = loop.call_later(LINGER_S, self._close_empty, showtime)

    async def _open(self, showtime: str) -> Room:
        """Subscribe first, then read: nothing announced in between is missed."""
        room = Room(await self._catalogue.showtime(showtime), self._store, self._bounds)
        channel = self._store.channel(showtime)
        self._by_channel[channel] = room
        try:
            await self._subscriber.subscribe(channel)
            room.follower.refill()
            await room.ready()
        except BaseException:
            self._forget(room)
            raise
        self._rooms[showtime] = room
        self._close_if_empty(room)
        return room

    def _close_empty(self, showtime: str) -> None:
        self._closing.pop(showtime, None)
        room = self._rooms.get(showtime)
        if room is not None and not room.members:
            self._forget(room)

    def _forget(self, room: Room) -> None:
        channel = self._store.channel(room.showtime.id)
        self._rooms.pop(room.showtime.id, None)
        self._by_channel.pop(channel, None)
        self._subscriber.unsubscribe(channel)
        room.close()

    # What the subscriber hears

    def _on_message(self, channel: str, data: bytes) -> None:
        room = self._by_channel.get(channel)
        if room is None:
            return
        metrics.ANNOUNCEMENTS.inc()
        try:
            announcement = self._decoder.decode(data)
        except msgspec.DecodeError:
            log.exception("announcement cannot be read", channel=channel, size=len(data))
            room.follower.refill()
            return
        room.follower.announced(announcement)

    def _on_subscribed(self, channel: str) -> None:
        room = self._by_channel.get(channel)
        if room is not None and room.follower.position is not None:
            room.follower.refill()

    # Checks

    async def _check(self) -> None:
        """Compare each room's position with the store's; one that stays behind, or in another epoch, reads it."""
        rooms = tuple(room for room in self._rooms.values() if room.members and not room.follower.reading)
        if not rooms:
            return
        try:
            positions = await self._store.positions(tuple(room.showtime.id for room in rooms))
        except UnavailableError:
            for room in rooms:
                room.follower.refill()
            raise
        behind = [(room, there) for room, there in zip(rooms, positions, strict=True) if _behind(room, there)]
        if behind:
            await asyncio.sleep(CHECK_GRACE_S)
            for room, there in behind:
                if _behind(room, there):
                    log.info("room was behind the store", showtime=room.showtime.id)
                    room.follower.refill()

    async def _end_what_is_over(self) -> None:
        now = self._store.now()
        for room in self._rooms.values():
            if room.showtime.over(now):
                room.close_members(CloseCode.SHOWTIME_CLOSED)
            for member in tuple(room.members):
                member.end_if_run_out(now)

    async def _tell_viewers(self) -> None:
        """Add up the viewers of all workers; one that cannot be added to the others' still knows its own."""
        rooms = tuple(self._rooms.values())
        metrics.CONNECTIONS.set(self.connections)
        metrics.ROOMS.set(len(rooms))
        metrics.VIEWERS.set(sum(len(room.members) for room in rooms))
        own = {room.showtime.id: len(room.members) for room in rooms}
        try:
            totals = await self._audience.tell(own)
        except UnavailableError as error:
            log.debug("viewers are counted here alone", reason=str(error))
            totals = own
        for room in rooms:
            room.tell_viewers(totals[room.showtime.id])

    # The end

    async def drain(self, within_s: float) -> None:
        """Send every client away (4003), in slices over `within_s`, so that they do not all come back at once.

        Returns when all are told.
        """
        members = [member for room in self._rooms.values() for member in room.members]
        random.shuffle(members)
        slices = max(1, -(-len(members) // DRAIN_SLICE))
        for number in range(slices):
            for member in members[number::slices]:
                member.notify(NoticeCode.DRAINING)
                member.outgoing.close(CloseCode.DRAINING)
            if number + 1 < slices:
                await asyncio.sleep(within_s / slices * random.uniform(0.5, 1.0))


def _behind(room: Room, there: Position | None) -> bool:
    here = room.follower.position
    return there is None or here is None or here.epoch != there.epoch or here.version < there.version
