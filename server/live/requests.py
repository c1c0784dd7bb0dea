"""What each request of a client does: the store is asked, and the session told."""

import asyncio
from typing import TYPE_CHECKING, assert_never

from protocol.codes import CloseCode, Outcome
from protocol.from_client import Auth, Best, Extend, Lock, Restore, Resync, Unlock
from protocol.from_server import Authenticated, ServerMessage
from protocol.scalars import RequestId
from server.domain.errors import ReadOnlyError, RefusedError, ShowtimeNotFoundError, TokenError, UnavailableError
from server.domain.holds import Holder, Holdings
from server.live import messages
from server.ops import metrics
from server.ops.texts import text
from server.ports import Position

if TYPE_CHECKING:
    from server.live.session import Desk, Session

SeatRequest = Lock | Best | Unlock | Extend | Restore
Request = SeatRequest | Resync | Auth

SETTLE_LIMIT_S = 60.0
"""How long a client waits to be told what became of a request; after that its next connection tells it."""


async def answer(session: "Session", desk: "Desk", message: Request) -> None:
    """Carry out one request and send its answer. Raises `ShowtimeNotFoundError` if the showtime is gone."""
    match message:
        case Resync():
            position = Position(message.epoch, message.version)
            await session.reach(position)
            session.catch_up(position)
        case Auth():
            await _authenticate(session, desk, message)
        case Lock() | Best() | Unlock() | Extend() | Restore():
            await _change_seats(session, desk, message)
        case _:
            assert_never(message)


async def _authenticate(session: "Session", desk: "Desk", message: Auth) -> None:
    try:
        holder = desk.read_token(message.token)
    except TokenError:
        session.outgoing.close(CloseCode.SESSION_ENDED)
        return
    if session.display:
        session.send(Authenticated(id=message.id, can_lock=False, holds=[], holds_version=session.version))
        return
    former = session.holder
    # First, so that no change to the new holder's locks is missed while they are read.
    session.become(holder)
    try:
        holdings = await desk.store.holdings(session.showtime, holder)
    except UnavailableError as error:
        session.become(former)
        _refuse(session, message.id, error)
        return
    session.send(messages.authenticated(message.id, holdings))
    session.watch(holdings)


async def _change_seats(session: "Session", desk: "Desk", message: SeatRequest) -> None:
    holder = session.holder
    if holder is None:
        _refuse(session, message.id, ReadOnlyError())
        return
    try:
        reply, holdings = await _ask(session, desk, message, holder)
    except UnavailableError as error:
        _refuse(session, message.id, error)
        if error.outcome is Outcome.UNKNOWN and error.not_after is not None:
            _settle(session, desk, holder, error.not_after)
    except RefusedError as error:
        _refuse(session, message.id, error)
    else:
        session.send(reply)
        session.watch(holdings)


async def _ask(
    session: "Session", desk: "Desk", message: SeatRequest, holder: Holder
) -> tuple[ServerMessage, Holdings]:
    showtime, store = session.showtime, desk.store
    match message:
        case Lock():
            granted = await store.lock(showtime, holder, message.seats, message.mode, session.origin)
            return messages.locked(message.id, granted), granted.holdings
        case Unlock():
            released = await store.unlock(showtime, holder, message.seats or None, session.origin)
            return messages.unlocked(message.id, released), released.holdings
        case Extend():
            granted = await store.extend(showtime, holder, message.seats or None, session.origin)
            return messages.extended(message.id, granted), granted.holdings
        case Best() | Restore():
            # The store picks no seats and takes no receipts yet: final for the client.
            raise UnavailableError(Outcome.NONE, retry_after_ms=None)
        case _:
            assert_never(message)


def _refuse(session: "Session", request_id: RequestId, error: RefusedError) -> None:
    metrics.REFUSED.labels(error.code.value).inc()
    session.send(messages.refused(request_id, error, text(error.code, session.language)))


def _settle(session: "Session", desk: "Desk", holder: Holder, not_after: int) -> None:
    """Find out what became of a request that timed out, and send `holds` when it is known."""

    async def settle() -> None:
        try:
            async with asyncio.timeout(SETTLE_LIMIT_S):
                holdings = await desk.store.settled(session.showtime, holder, not_after)
        except (ShowtimeNotFoundError, TimeoutError):
            return
        session.tell_holdings(holder, holdings)

    desk.readings.run(settle)
