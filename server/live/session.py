"""One connection: what its client says comes in, what it must know goes out; no socket in sight."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocol.codec import NotUnderstoodError, UndecodableError
from protocol.codes import CloseCode, Code, NoticeCode
from protocol.from_client import ClientMessage, Ping, Resync
from protocol.from_server import Notice, Pong, ServerMessage, Snapshot
from protocol.scalars import RequestId
from server.domain.errors import ShowtimeNotFoundError, UnavailableError
from server.domain.holds import Holder, Holdings
from server.live import messages, requests
from server.live.bounds import Bounds
from server.live.errands import Errands
from server.live.expiry import ExpiryWarner
from server.live.frames import Broadcast
from server.live.outgoing import Outgoing
from server.live.room import Room
from server.ops import metrics
from server.ops.texts import Language, notice_text, text
from server.ports import Announcement, Origin, Position, PrivateChange, SeatStore

UNDECODABLE_LIMIT: Final = 3
"""The third undecodable message closes the connection (4502)."""

INBOX_LIMIT: Final = 16
"""Requests that wait for those before them; a client with more is not read until some are answered."""

REREAD_DELAY_S: Final = 0.2
"""Pause before a holder's holds are read again when the store did not answer."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What all sessions of a worker share."""

    store: SeatStore
    errands: Errands
    """What clients ask for: each ends as soon as the store answers or times out."""
    readings: Errands
    """What holders are told unasked: these wait until the store is back, and no request waits behind them."""
    read_token: Callable[[str], Holder]
    heartbeat_ms: int
    bounds: Bounds
    left: Callable[[Room], None]
    """Told of each session that has ended."""


class Session:
    """A client of one showtime, from its welcome to its end.

    Requests are carried out one at a time, in order; `ping` and what needs no store are answered at once. An idle
    session owns no task and no queue.
    """

    __slots__ = (
        "_busy", "_desk", "_display", "_greeted", "_holder", "_inbox", "_language", "_left", "_missed", "_origin",
        "_read", "_room", "_slow_timer", "_undecodable", "_warner", "outgoing",
    )  # fmt: skip

    def __init__(
        self,
        *,
        room: Room,
        desk: Desk,
        outgoing: Outgoing,
        origin: Origin,
        holder: Holder | None,
        display: bool,
        language: Language,
    ) -> None:
        self.outgoing: Final = outgoing
        self._room = room
        self._desk = desk
        self._origin = origin
        self._holder = None if display else holder
        self._display = display
        self._language: Language = language
        self._undecodable = 0
        self._greeted = False
        self._left = False
        self._busy = False
        self._inbox: deque[requests.Request] | None = None
        self._missed: list[tuple[PrivateChange, Announcement]] | None = None
        self._warner: ExpiryWarner | None = None
        self._read: Position | None = None
        self._slow_timer: asyncio.TimerHandle | None = None

    def send(self, message: ServerMessage) -> None:
        """Send one message to this client alone."""
        self.outgoing.write(self.outgoing.way.encode(message))

    def notify(self, code: NoticeCode) -> None:
        """Tell the person in front of the client something, in their language."""
        self.send(Notice(code=code, message=notice_text(code, self._language)))

    async def greet(self, position: Position | None) -> None:
        """Send `welcome` and the way to the present map, and enter the room.

        A store that is away leaves the client without holds until it answers; then `holds` tells them.
        """
        if self._left:
            return
        holder = self._holder
        holdings: Holdings | None = None
        if holder is not None:
            self._room.register(self, holder)
            with contextlib.suppress(UnavailableError):
                holdings = await self._desk.store.holdings(self._room.showtime.id, holder)
        await self.reach(position)
        if self.ended:
            return
        self._greeted = True
        self._room.enter(self)
        self.send(messages.welcome(self._room, self._desk, holder=holder, holdings=holdings))
        self.catch_up(position)
        if self._room.follower.paused:
            self.notify(NoticeCode.LOCKS_PAUSED)
        if holdings is None:
            # Only now, so that what it finds is told after the welcome; it covers what was missed as well.
            self._missed = None
            self.reread()
        else:
            self.watch(holdings)
            self._tell_missed(holdings)

    def leave(self) -> None:
        """End: leave the room and stop what was still to come."""
        if self._left:
            return
        self._left = True
        self._room.leave(self)
        self._desk.left(self._room)
        if self._holder is not None:
            self._room.unregister(self, self._holder)
        if self._warner is not None:
            self._warner.stop()
        self._stop_slow_timer()

    def end_if_run_out(self, now: int) -> None:
        """Close the connection if its holder's session has run out at `now` (ms)."""
        if self._holder is not None and now >= self._holder.expires_at:
            self.outgoing.close(CloseCode.SESSION_ENDED)

    # How the client keeps up

    def fell_behind(self) -> None:
        """The connection cannot take more for now: nothing is sent to all through it until it has caught up."""
        self._room.suspend(self)
        self.outgoing.hold()
        if self._slow_timer is None:
            loop = asyncio.get_running_loop()
            self._slow_timer = loop.call_later(self._desk.bounds.slow_ms / 1000, self._give_up)
            metrics.SLOW.labels("conflated").inc()

    def _give_up(self) -> None:
        metrics.SLOW.labels("closed").inc()
        self.outgoing.close(CloseCode.SLOW_CONSUMER)

    def caught_up(self) -> None:
        """The connection takes more again: one snapshot brings the client up to date."""
        if self._slow_timer is None or self._left:
            return
        self._stop_slow_timer()
        self.outgoing.proceed()
        if self._greeted:
            # Writing it may make the client fall behind once more: it must not be admitted after that.
            self._room.admit(self)
            self._write(self._room.follower.snapshot())
            self.reread()

    @property
    def ended(self) -> bool:
        """Whether the connection is no more."""
        return self._left

    @property
    def behind(self) -> bool:
        """Whether the client does not keep up at the moment."""
        return self._slow_timer is not None

    def _stop_slow_timer(self) -> None:
        if self._slow_timer is not None:
            self._slow_timer.cancel()
            self._slow_timer = None

    # What happens to the holder

    def holder_changed(self, change: PrivateChange, announcement: Announcement) -> None:
        """Tell the client what a mutation meant for its holder, unless this client asked for it."""
        holder = self._holder
        if holder is None or self.behind:
            return
        if announcement.origin == self._origin and change.cause != "expired":
            return  # its answer tells all of it
        if not self._greeted:
            self._missed = [*(self._missed or ()), (change, announcement)]
            return
        holdings = self._desk.store.signed(
            self._room.showtime.id,
            holder,
            self._room.follower.map.layout,
            Position(announcement.epoch, announcement.version),
            change.holdings(),
        )
        self.watch(holdings)
        if change.cause == "expired":
            self.send(messages.expired(change.seats, holdings))
        else:
            self.send(messages.holds_message(holdings))

    def reread(self) -> None:
        """Read the holder's holds anew and send them: some change to them may have been missed."""
        if self._holder is not None:
            self._desk.readings.run(self._reread)

    async def _reread(self) -> None:
        holder = self._holder
        if holder is None or self._left:
            return
        try:
            holdings = await self._desk.store.holdings(self._room.showtime.id, holder)
        except UnavailableError:
            asyncio.get_running_loop().call_later(REREAD_DELAY_S, self.reread)
        except ShowtimeNotFoundError:
            return
        else:
            self.tell_holdings(holder, holdings)

    def tell_holdings(self, holder: Holder, holdings: Holdings) -> None:
        """Send `holds` as just read, if the client is still this holder's."""
        if holder is self._holder and self._greeted and not self._left:
            self.watch(holdings)
            self.send(messages.holds_message(holdings))

    def watch(self, holdings: Holdings) -> None:
        """Warn the client before these holds end."""
        read = Position(holdings.epoch, holdings.version)
        if self._left or (self._read is not None and _is_older(read, self._read)):
            return
        self._read = read
        if self._warner is None:
            if not holdings.holds:
                return
            self._warner = ExpiryWarner(now=self._desk.store.now, say=self.send)
        self._warner.watch(holdings.holds)

    def _tell_missed(self, read: Holdings) -> None:
        missed, self._missed = self._missed, None
        for change, announcement in missed or ():
            if announcement.epoch != read.epoch or announcement.version > read.version:
                self.holder_changed(change, announcement)

    # What the client says

    def receive(self, data: bytes, *, binary: bool) -> None:
        """Take one message of the client's; never raises for what the client said."""
        codec = self.outgoing.way.codec
        if binary is not codec.binary:
            self.outgoing.close(CloseCode.WRONG_FRAME_KIND)
            return
        try:
            message = codec.decode_client(data)
        except UndecodableError as error:
            self._undecodable += 1
            if self._undecodable >= UNDECODABLE_LIMIT:
                self.outgoing.close(CloseCode.BAD_MESSAGE)
            else:
                self._reject_unread(None, error)
        except NotUnderstoodError as error:
            self._reject_unread(error.id, error)
        else:
            self._take(message)

    def _reject_unread(self, request_id: RequestId | None, error: Exception) -> None:
        self.send(messages.bad_request(request_id, f"{text(Code.BAD_REQUEST, self._language)} ({error})"))

    def _take(self, message: ClientMessage) -> None:
        """Answer what can be answered at once; let the rest be carried out in order, each after those before it."""
        if isinstance(message, Ping):
            self.send(Pong(id=message.id, server_at=self._desk.store.now()))
        elif isinstance(message, Resync) and not self._busy and not self.is_ahead(message):
            self.catch_up(Position(message.epoch, message.version))
        else:
            self._queue(message)

    def _queue(self, message: requests.Request) -> None:
        if self._inbox is None:
            self._inbox = deque()
        self._inbox.append(message)
        if len(self._inbox) >= INBOX_LIMIT:
            self.outgoing.hold()
        if not self._busy:
            self._busy = True
            self._desk.errands.run(self._work)

    async def _work(self) -> None:
        try:
            while self._inbox and not self._left:
                message = self._inbox.popleft()
                if len(self._inbox) == INBOX_LIMIT - 1 and not self.behind:
                    self.outgoing.proceed()
                await requests.answer(self, self._desk, message)
        except ShowtimeNotFoundError:
            self.outgoing.close(CloseCode.UNKNOWN_SHOWTIME)
        except Exception:
            # The client must not wait for an answer that never comes.
            self.outgoing.close(CloseCode.INTERNAL_ERROR)
            raise
        finally:
            self._busy = False
            self._inbox = None

    # What requests do to the session

    @property
    def showtime(self) -> str:
        """The showtime that the client watches."""
        return self._room.showtime.id

    @property
    def language(self) -> Language:
        """The language of texts for the person."""
        return self._language

    @property
    def display(self) -> bool:
        """Whether the client will never lock."""
        return self._display

    @property
    def holder(self) -> Holder | None:
        """Whose locks the client may take and give back; None if it may only watch."""
        return self._holder

    @property
    def origin(self) -> Origin:
        """How the store's announcements name this connection."""
        return self._origin

    @property
    def version(self) -> int:
        """The version of the present map."""
        return self._room.follower.map.version

    def is_ahead(self, claimed: Resync | Position) -> bool:
        """Whether a client that is at `claimed` has heard more than this worker."""
        here = self._room.follower.position
        return here is not None and claimed.epoch == here.epoch and claimed.version > here.version

    async def reach(self, position: Position | None) -> None:
        """Let the room catch up first if the client is ahead of it: it is never sent anything older."""
        if position is not None and self.is_ahead(position):
            await self._room.follower.refresh()

    def catch_up(self, position: Position | None) -> None:
        """Send what leads from `position` to the present map; to a client that is behind, when it has caught up."""
        if self.behind:
            return
        self._write(self._room.catch_up(position))

    def _write(self, broadcast: Broadcast) -> None:
        if isinstance(broadcast.message, Snapshot):
            metrics.SNAPSHOTS.inc()
        self.outgoing.write(broadcast.encoded(self.outgoing.way))

    def become(self, holder: Holder | None) -> None:
        """Be this holder's from now on, or nobody's."""
        if self._holder is not None:
            self._room.unregister(self, self._holder)
        self._holder = holder
        self._read = None
        if holder is not None and not self._left:
            self._room.register(self, holder)


def _is_older(read: Position, known: Position) -> bool:
    return read.epoch == known.epoch and read.version < known.version
