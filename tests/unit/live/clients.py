"""One session with a recording way out, and what its holder has."""

import asyncio
from collections.abc import Callable

import msgspec

from protocol.from_server import Rejected, ServerMessage
from server.domain.errors import TokenError
from server.domain.holds import Hold, Holder, Holdings
from server.live.bounds import Bounds
from server.live.errands import Errands
from server.live.room import Room
from server.live.session import Desk, Session
from server.ops.texts import Language
from server.ports import Origin
from tests.unit.live.recording import HOLDER, HistoryStore, RecordingOutgoing

OTHER = Holder(id="holder-2", expires_at=2_000_000)


def read_token(token: str) -> Holder:
    """Two known tokens; every other is refused."""
    known = {"one": HOLDER, "two": OTHER}
    if token not in known:
        raise TokenError("unknown")
    return known[token]


def desk_of(store: HistoryStore) -> Desk:
    """What sessions share, on a recording store."""
    return Desk(
        store=store,  # type: ignore[arg-type]  # the fake has what a session uses
        errands=Errands(),
        readings=Errands(),
        read_token=read_token,
        heartbeat_ms=25_000,
        bounds=Bounds(),
        left=lambda _room: None,
    )


async def settle() -> None:
    """Let errands that wait for nothing be carried out."""
    for _ in range(8):
        await asyncio.sleep(0)


class Client:
    """One session with its way out."""

    def __init__(
        self, room: Room, store: HistoryStore, *, holder: Holder | None, display: bool, language: Language
    ) -> None:
        self.outgoing = RecordingOutgoing()
        self.session = Session(
            room=room,
            desk=desk_of(store),
            outgoing=self.outgoing,
            origin=Origin("w", 1),
            holder=holder,
            display=display,
            language=language,
        )

    async def ask(self, **message: object) -> list[ServerMessage]:
        """Say one thing and return what came back."""
        self.outgoing.take()
        self.session.receive(msgspec.json.encode(message), binary=False)
        await settle()
        return self.outgoing.take()

    async def rejected(self, **message: object) -> Rejected:
        """Say one thing that is answered by `rejected` alone."""
        (answer,) = await self.ask(**message)
        assert isinstance(answer, Rejected)
        return answer


def hold(seat: int, expires_at: int, order: str | None = None) -> Hold:
    """A hold of the first epoch."""
    return Hold(seat=seat, expires_at=expires_at, first_at=1_000_000, ordinal=1, fence=2, order=order)


def holdings(store: HistoryStore, *holds: Hold) -> Holdings:
    """All that a holder has at the store's position."""
    return Holdings(epoch=store.epoch, version=store.version, holds=holds, receipt="r")


Connect = Callable[..., Client]
