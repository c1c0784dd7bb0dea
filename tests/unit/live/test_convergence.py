"""Whatever is lost, repeated, late, folded or not read in time: all maps equal the store's in the end."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import JSON, MSGPACK
from protocol.seatmap import SeatMap
from server.live.bounds import Bounds
from server.live.room import Room
from server.live.session import Session
from server.ops.texts import Language
from server.ports import Announcement, Origin, Position
from tests.unit.live.clients import desk_of
from tests.unit.live.loops import ManualLoop
from tests.unit.live.recording import HOLDER, SEATS, SHOWTIME, HistoryStore, RecordingOutgoing, replay

LANGUAGE: Language = "en"


@dataclass(frozen=True)
class Move:
    """One thing that happens; `fates` is what becomes of its announcement on its way to each worker."""

    kind: str
    index: int
    letter: str
    fates: tuple[str, str]


fate = st.sampled_from(["deliver", "deliver", "lose", "twice", "late"])
moves = st.lists(
    st.builds(
        Move,
        kind=st.sampled_from(
            [
                "mutate",
                "mutate",
                "mutate",
                "silent",
                "epoch",
                "trim",
                "join",
                "resume",
                "leave",
                "slow",
                "keep up",
                "tick",
                "quiet",
            ]
        ),
        index=st.integers(0, SEATS - 1),
        letter=st.sampled_from(["A", "L", "O", "B"]),
        fates=st.tuples(fate, fate),
    ),
    max_size=40,
)


class Worker:
    """One worker's room, whose clock the script moves, and the announcements that are late for it."""

    def __init__(self, store: HistoryStore, coalesce_ms: int) -> None:
        self.room = Room(SHOWTIME, store, Bounds(log_length=100, coalesce_ms=coalesce_ms))  # type: ignore[arg-type]  # the fake has what it uses
        self.loop = ManualLoop()
        self.room._coalescer._loop = self.loop  # type: ignore[assignment]  # it has what it uses
        self.room._fanout._loop = self.loop  # type: ignore[assignment]  # as above
        self.late: list[Announcement] = []

    async def quiet(self) -> None:
        """Let the room finish what it is doing."""
        while self.room.follower.reading:
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        self.loop.turns()

    def hear(self, announcement: Announcement, fate: str) -> None:
        """Take an announcement, or lose it, or keep it for later."""
        for _ in range({"deliver": 1, "twice": 2}.get(fate, 0)):
            self.room.follower.announced(announcement)
        self.late += [announcement] if fate == "late" else []

    def tick(self) -> None:
        """Let a coalescing interval pass."""
        self.loop.turns()
        self.loop.run_until(self.loop.now + 0.03)
        self.loop.turns()


class Client:
    """A client with its map, and the connection that it has at the moment."""

    def __init__(self, number: int) -> None:
        self.seat_map: SeatMap | None = None
        self.outgoing = RecordingOutgoing(MSGPACK if number % 2 else JSON)
        self.session: Session | None = None
        self.worker: Worker | None = None

    async def connect(self, worker: Worker, store: HistoryStore, number: int) -> None:
        """Connect, or connect again with the position of the map, perhaps to the other worker."""
        self.leave()
        self.worker = worker
        self.session = Session(
            room=worker.room,
            desk=desk_of(store),
            outgoing=self.outgoing,
            origin=Origin("w", number),
            holder=HOLDER if number % 3 == 0 else None,
            display=False,
            language=LANGUAGE,
        )
        seat_map = self.seat_map
        await self.session.greet(None if seat_map is None else Position(seat_map.epoch, seat_map.version))

    def leave(self) -> None:
        """Hear what was sent so far, and no more."""
        if self.session is not None:
            self.session.leave()
        self.hear()
        self.outgoing = RecordingOutgoing(self.outgoing.way.codec)
        self.session = self.worker = None

    def agrees(self) -> None:
        """A client that keeps up has the map of its room, once that has sent everything."""
        if self.session is not None and self.worker is not None and not self.session.behind:
            self.hear()
            seat_map = self.worker.room.follower.map
            assert self.seat_map is not None
            assert (self.seat_map.epoch, self.seat_map.letters) == (seat_map.epoch, seat_map.letters)

    def hear(self) -> None:
        """Apply everything that was sent; a gap in it, or a map that is older, is an error of the server."""
        self.seat_map = replay(self.outgoing.take(), self.seat_map)


@pytest.mark.parametrize("at_once", [1, 500])
@pytest.mark.parametrize("coalesce_ms", [0, 25])
def test_every_member_converges(coalesce_ms: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On two workers, whatever becomes of announcements, whoever is slow, whenever a client joins or moves.

    Also where there are more clients than are written to at once.
    """
    monkeypatch.setattr("server.live.fanout.SLICE", at_once)

    @settings(max_examples=400)
    @given(moves)
    def holds(script: list[Move]) -> None:
        asyncio.run(_converge(script, coalesce_ms))

    holds()


async def _converge(script: list[Move], coalesce_ms: int) -> None:
    store = HistoryStore()
    workers = [Worker(store, coalesce_ms) for _ in range(2)]
    for worker in workers:
        worker.room.follower.refill()
        await worker.room.ready()
    clients = [Client(0)]
    await clients[0].connect(workers[0], store, 0)
    for number, move in enumerate(script):
        await _do(move, number + 1, store, workers, clients)
    for worker in workers:
        for announcement in reversed(worker.late):
            worker.room.follower.announced(announcement)
        worker.room.follower.refill()
        await worker.quiet()
        worker.tick()
        assert worker.room.follower.position == Position(store.epoch, store.version)
        assert worker.room.follower.map.letters == "".join(store.letters)
    for client in clients:
        if client.session is None:
            await client.connect(workers[0], store, 0)
        assert client.session is not None
        client.session.caught_up()
        client.hear()
        assert client.seat_map is not None
        assert (client.seat_map.epoch, client.seat_map.letters) == (store.epoch, "".join(store.letters))
        client.session.leave()
    for worker in workers:
        worker.room.close()


async def _do(move: Move, number: int, store: HistoryStore, workers: list[Worker], clients: list[Client]) -> None:
    client = clients[move.index % len(clients)]
    worker = workers[move.index % 2]
    match move.kind:
        case "join":
            clients.append(Client(number))
            await clients[-1].connect(worker, store, number)
        case "resume":
            await client.connect(workers[number % 2], store, number)
        case "leave":
            client.leave()
        case "slow" | "keep up":
            if client.session is not None:
                (client.session.fell_behind if move.kind == "slow" else client.session.caught_up)()
        case "tick":
            worker.tick()
            for one in clients:
                if one.worker is worker:
                    one.agrees()
        case "quiet":
            await worker.quiet()
        case _:
            _mutate(move, store, workers)


def _mutate(move: Move, store: HistoryStore, workers: list[Worker]) -> None:
    if move.kind == "epoch":
        store.begin()
    if move.kind == "trim":
        store.log_reach = move.index
    changes = () if move.kind == "silent" else ((move.index, move.letter),)
    announcement = store.mutate(*changes)
    for worker, what in zip(workers, move.fates, strict=True):
        worker.hear(announcement, what)
