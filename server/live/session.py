"""One connection: what its client says comes in, what it must know goes out; no socket in sight."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, assert_never

import structlog

from protocol.codec import NotUnderstoodError, UndecodableError
from protocol.codes import CloseCode, Code, NoticeCode, Outcome
from protocol.from_client import Auth, Best, ClientMessage, Extend, Lock, Ping, Restore, Resync, Unlock
from protocol.from_server import Authenticated, Notice, Pong, Rejected, ServerMessage, Welcome
from protocol.scalars import RequestId
from server.domain.errors import (
    ReadOnlyError,
    RefusedError,
    ShowtimeNotFoundError,
    TokenError,
    UnavailableError,
)
from server.domain.holds import Holder, Holdings
from server.live import messages
from server.live.expiry import ExpiryWarner
from server.live.outgoing import Outgoing
from server.live.room import Room
from server.ops.texts import Language, notice_text, text
from server.ports import Announcement, Origin, Position, PrivateChange, SeatStore

log = structlog.get_logger(__name__)

UNDECODABLE_LIMIT: Final = 3
"""The third undecodable message closes the connection (4502)."""

REREAD_DELAY_S: Final = 0.2
"""Pause before a holder's holds are read again when the store did not answer."""


class Session:
    """A client of one showtime, from its welcome to its end.

    Requests are taken one at a time: the caller awaits `receive` before it hands in the next message.
    """

    def __init__(
        self,
        *,
        room: Room,
        store: SeatStore,
        outgoing: Outgoing,
        origin: Origin,
        read_token: Callable[[str], Holder],
        holder: Holder | None,
        display: bool,
        language: Language,
        heartbeat_ms: int,
    ) -> None:
        self.outgoing: Final = outgoing
        self._room = room
        self._store = store
        self._origin = origin
        self._read_token = read_token
        self._holder = None if display else holder
        self._display = display
        self._language = language
        self._heartbeat_ms = heartbeat_ms
        self._undecodable = 0
        self._greeted = False
        self._missed: list[tuple[PrivateChange, Announcement]] = []
        self._warner = ExpiryWarner(now=store.now, say=self.send)
        self._settling: asyncio.Task[None] | None = None

    def send(self, message: ServerMessage) -> None:
        """Send one message to this client alone."""
        self.outgoing.send(self.outgoing.codec.encode(message))

    def notify(self, code: NoticeCode) -> None:
        """Tell the person in front of the client something, in their language."""
        self.send(Notice(code=code, message=notice_text(code, self._language)))

    async def greet(self, position: Position | None) -> None:
        """Send `welcome` and the way to the present map, and enter the room.

        A store that is away leaves the client without holds until it answers; then `holds` tells them.
        """
        holder = self._holder
        holdings: Holdings | None = None
        if holder is not None:
            self._room.register(self, holder)
            try:
                holdings = await self._store.holdings(self._room.showtime.id, holder)
            except UnavailableError:
                self._settling = asyncio.create_task(self.reread(), name="reread")
        if position is not None and _ahead(position, self._room.position):
            await self._room.refresh()
        seat_map = self._room.map
        self._room.enter(self)
        self.send(
            Welcome(
                showtime=self._room.showtime.id,
                layout=seat_map.layout,
                epoch=seat_map.epoch,
                version=seat_map.version,
                server_at=self._store.now(),
                can_lock=holder is not None,
                holds=[] if holdings is None else messages.holds(holdings.holds),
                holds_version=seat_map.version if holdings is None else holdings.version,
                limits=messages.limits(self._room.showtime.limits),
                heartbeat_ms=self._heartbeat_ms,
                viewers=len(self._room.members),
                **({} if holdings is None else {"receipt": holdings.receipt}),
            )
        )
        self.send(self._room.catch_up(position))
        self._greeted = True
        if self._room.paused:
            self.notify(NoticeCode.LOCKS_PAUSED)
        if holdings is not None:
            self._warner.watch(holdings.holds)
            self._tell_missed(holdings)

    def leave(self) -> None:
        """End: leave the room and stop what was still to come."""
        self._room.leave(self)
        if self._holder is not None:
            self._room.unregister(self, self._holder)
        self._warner.stop()
        if self._settling is not None:
            self._settling.cancel()

    def end_if_run_out(self, now: int) -> None:
        """Close the connection if its holder's session has run out at `now` (ms)."""
        if self._holder is not None and now >= self._holder.expires_at:
            self.outgoing.close(CloseCode.SESSION_ENDED)

    # What happens to the holder

    def holder_changed(self, change: PrivateChange, announcement: Announcement) -> None:
        """Tell the client what a mutation meant for its holder, unless this client asked for it."""
        if not self._greeted:
            self._missed.append((change, announcement))
            return
        holder = self._holder
        if holder is None:
            return
        holdings = self._store.signed(
            self._room.showtime.id,
            holder,
            self._room.map.layout,
            Position(announcement.epoch, announcement.version),
            change.holdings(),
        )
        self._warner.watch(holdings.holds)
        if change.cause == "expired":
            self.send(messages.expired(change.seats, holdings))
        elif announcement.origin != self._origin:
            self.send(messages.holds_message(holdings))

    async def reread(self) -> None:
        """Read the holder's holds anew and send them: some change to them may have been missed."""
        while self._holder is not None:
            try:
                holdings = await self._store.holdings(self._room.showtime.id, self._holder)
            except UnavailableError:
                await asyncio.sleep(REREAD_DELAY_S)
            except ShowtimeNotFoundError:
                return
            else:
                self._tell_holdings(holdings)
                return

    def _tell_holdings(self, holdings: Holdings) -> None:
        self._warner.watch(holdings.holds)
        self.send(messages.holds_message(holdings))

    def _tell_missed(self, read: Holdings) -> None:
        missed, self._missed = self._missed, []
        for change, announcement in missed:
            if announcement.epoch != read.epoch or announcement.version > read.version:
                self.holder_changed(change, announcement)

    # What the client says

    async def receive(self, data: bytes) -> None:
        """Take one message of the client's and answer it; never raises for what the client said."""
        try:
            message = self.outgoing.codec.decode_client(data)
        except UndecodableError as error:
            self._undecodable += 1
            if self._undecodable >= UNDECODABLE_LIMIT:
                self.outgoing.close(CloseCode.BAD_MESSAGE)
            else:
                self._reject_unread(None, error)
            return
        except NotUnderstoodError as error:
            self._reject_unread(error.id, error)
            return
        try:
            await self._answer(message)
        except ShowtimeNotFoundError:
            self.outgoing.close(CloseCode.UNKNOWN_SHOWTIME)

    def _reject_unread(self, request_id: RequestId | None, error: Exception) -> None:
        self.send(messages.bad_request(request_id, f"{text(Code.BAD_REQUEST, self._language)} ({error})"))

    async def _answer(self, message: ClientMessage) -> None:
        match message:
            case Ping():
                self.send(Pong(id=message.id, server_at=self._store.now()))
            case Resync():
                await self._resync(Position(message.epoch, message.version))
            case Auth():
                await self._authenticate(message)
            case Lock() | Best() | Unlock() | Extend() | Restore():
                await self._change_seats(message)
            case _:
                assert_never(message)

    async def _resync(self, position: Position) -> None:
        if _ahead(position, self._room.position):
            await self._room.refresh()
        self.send(self._room.catch_up(position))

    async def _authenticate(self, message: Auth) -> None:
        try:
            holder = self._read_token(message.token)
        except TokenError:
            self.outgoing.close(CloseCode.SESSION_ENDED)
            return
        if self._display:
            version = self._room.map.version
            self.send(Authenticated(id=message.id, can_lock=False, holds=[], holds_version=version))
            return
        if self._holder is not None:
            self._room.unregister(self, self._holder)
        self._holder = holder
        self._room.register(self, holder)
        try:
            holdings = await self._store.holdings(self._room.showtime.id, holder)
        except UnavailableError as error:
            self._refuse(message.id, error)
            return
        self._warner.watch(holdings.holds)
        self.send(
            Authenticated(
                id=message.id,
                can_lock=True,
                holds=messages.holds(holdings.holds),
                holds_version=holdings.version,
                receipt=holdings.receipt,
            )
        )

    async def _change_seats(self, message: Lock | Best | Unlock | Extend | Restore) -> None:
        holder = self._holder
        if holder is None:
            self._refuse(message.id, ReadOnlyError())
            return
        try:
            answer, holdings = await self._ask(message, holder)
        except UnavailableError as error:
            self._refuse(message.id, error)
            if error.outcome is Outcome.UNKNOWN and error.not_after is not None:
                self._settle(holder, error.not_after)
        except RefusedError as error:
            self._refuse(message.id, error)
        else:
            self._warner.watch(holdings.holds)
            self.send(answer)

    async def _ask(
        self, message: Lock | Best | Unlock | Extend | Restore, holder: Holder
    ) -> tuple[ServerMessage, Holdings]:
        showtime = self._room.showtime.id
        match message:
            case Lock():
                granted = await self._store.lock(showtime, holder, message.seats, message.mode, self._origin)
                return messages.locked(message.id, granted), granted.holdings
            case Unlock():
                released = await self._store.unlock(showtime, holder, message.seats or None, self._origin)
                return messages.unlocked(message.id, released), released.holdings
            case Extend():
                granted = await self._store.extend(showtime, holder, message.seats or None, self._origin)
                return messages.extended(message.id, granted), granted.holdings
            case Best() | Restore():
                # The server keeps no receipts' side of the story yet, and picks no seats: final for the client.
                raise UnavailableError(Outcome.NONE)
            case _:
                assert_never(message)

    def _refuse(self, request_id: RequestId, error: RefusedError) -> None:
        rejected: Rejected = messages.refused(request_id, error, text(error.code, self._language))
        self.send(rejected)

    def _settle(self, holder: Holder, not_after: int) -> None:
        """Find out what became of a request that timed out, and send `holds` when it is known."""
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.create_task(self._settled(holder, not_after), name="settle")

    async def _settled(self, holder: Holder, not_after: int) -> None:
        with contextlib.suppress(ShowtimeNotFoundError):
            self._tell_holdings(await self._store.settled(self._room.showtime.id, holder, not_after))
        self._settling = None


def _ahead(claimed: Position, here: Position | None) -> bool:
    return here is not None and claimed.epoch == here.epoch and claimed.version > here.version
