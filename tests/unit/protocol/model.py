"""A server that keeps one showtime in memory and answers one client by the contract, over a network that tests control.

`to_client` and `to_server` are what is on its way; a test decides when the next of them arrives, and what is lost.
"""

from collections.abc import Iterable

from protocol.codes import Code, Outcome
from protocol.from_client import ClientMessage, Lock, Ping, Restore, Resync, Unlock
from protocol.from_server import (
    Delta,
    Hold,
    Holds,
    Limits,
    Locked,
    Pong,
    Rejected,
    ServerMessage,
    Unlocked,
    Welcome,
)
from protocol.scalars import Change
from protocol.seatmap import SeatMap, fold

SEATS = 5
LIMITS = Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000)


class ModelServer:
    """One showtime and at most one connection; every state that it ever had can be looked up."""

    def __init__(self) -> None:
        self.epochs = 0
        self.at = 1_790_000_000_000
        self.connected = False
        self.to_client: list[ServerMessage] = []
        self.to_server: list[ClientMessage] = []
        self.letters_at: dict[tuple[str, int], str] = {}
        self.holds_at: dict[tuple[str, int], tuple[Hold, ...]] = {}
        self.restored: list[tuple[str, str]] = []
        self.mine: dict[int, Hold] = {}
        self.new_epoch()

    def new_epoch(self) -> None:
        """Everything is lost: a new history begins, with all seats free."""
        self.epochs += 1
        self.epoch = f"epoch{self.epochs}"
        self.map = SeatMap(epoch=self.epoch, version=0, layout=1, letters="A" * SEATS)
        self.log: list[Delta] = []
        self.mine.clear()
        self._remember()
        if self.connected:
            self.to_client += [self.map.snapshot(), self.holds()]
        self.sent_version = 0

    def _remember(self) -> None:
        self.letters_at[self.epoch, self.map.version] = self.map.letters
        self.holds_at[self.epoch, self.map.version] = tuple(self.mine.values())

    @property
    def receipt(self) -> str:
        """Names the position at which it was issued."""
        return f"{self.epoch}/{self.map.version}"

    def holds(self) -> Holds:
        """What the client's holder has, by other means than its own request."""
        return Holds(holds=list(self.mine.values()), holds_version=self.map.version, receipt=self.receipt)

    def mutate(self, changes: Iterable[Change]) -> None:
        """One mutation: the version rises by one, whether letters change or not."""
        version = self.map.version
        delta = Delta(from_version=version, version=version + 1, changes=list(changes))
        self.map.apply(delta)
        self.log.append(delta)
        self._remember()

    def flush(self) -> None:
        """Send what happened since the last time, folded."""
        if self.connected and self.sent_version < self.map.version:
            self.to_client.append(fold(self.log[self.sent_version :]))
            self.sent_version = self.map.version

    def since(self, position: tuple[str, int] | None, *, prefer_snapshot: bool) -> ServerMessage:
        """All changes after a position as one delta, or a snapshot."""
        if position is None or position[0] != self.epoch or prefer_snapshot:
            return self.map.snapshot()
        if position[1] == self.map.version:
            return Delta(from_version=position[1], version=position[1], changes=[])
        return fold(self.log[position[1] :])

    def connect(self, position: tuple[str, int] | None, *, prefer_snapshot: bool) -> None:
        """Accept a connection with this position in its query."""
        self.connected = True
        self.to_client = [
            Welcome(
                showtime="demo",
                layout=1,
                epoch=self.epoch,
                version=self.map.version,
                server_at=self.at,
                can_lock=True,
                holds=list(self.mine.values()),
                holds_version=self.map.version,
                receipt=self.receipt,
                limits=LIMITS,
                heartbeat_ms=25_000,
                viewers=1,
            ),
            self.since(position, prefer_snapshot=prefer_snapshot),
        ]
        self.to_server = []
        self.sent_version = self.map.version

    def disconnect(self) -> None:
        """Whatever is on its way is lost."""
        self.connected = False
        self.to_client, self.to_server = [], []

    def serve(self, *, prefer_snapshot: bool = False) -> None:
        """Take the next message of the client and answer it."""
        match self.to_server.pop(0):
            case Resync(epoch, version):
                self.to_client.append(self.since((epoch, version), prefer_snapshot=prefer_snapshot))
            case Ping(id=request_id):
                self.to_client.append(Pong(id=request_id, server_at=self.at))
            case Restore(id=request_id, receipt=receipt):
                self.restored.append((self.epoch, receipt))
                self.to_client.append(Rejected(id=request_id, code=Code.UNAVAILABLE, message="", outcome=Outcome.NONE))
            case Lock(id=request_id, seats=seats):
                self.lock(request_id, seats)
            case Unlock(id=request_id):
                self._unlock(request_id)
            case other:
                raise NotImplementedError(other)

    def lock(self, request_id: int | str, seats: tuple[int, ...]) -> None:
        """Take all of these seats for the client's holder, or none."""
        if any(self.map.letters[seat] != "A" and seat not in self.mine for seat in seats):
            self.to_client.append(Rejected(id=request_id, code=Code.SEATS_UNAVAILABLE, message="", seats=list(seats)))
            return
        fresh = [seat for seat in seats if seat not in self.mine]
        self.mine.update({seat: Hold(seat=seat, expires_at=self.at + 900_000, first_at=self.at) for seat in fresh})
        self.mutate((seat, "L") for seat in fresh)
        self.to_client.append(
            Locked(
                id=request_id,
                version=self.map.version,
                seats=list(seats),
                holds=list(self.mine.values()),
                holds_version=self.map.version,
                receipt=self.receipt,
            )
        )

    def _unlock(self, request_id: int | str) -> None:
        seats = list(self.mine)
        self.mine.clear()
        self.mutate((seat, "A") for seat in seats)
        self.to_client.append(
            Unlocked(
                id=request_id,
                version=self.map.version,
                seats=seats,
                holds=[],
                holds_version=self.map.version,
                receipt=self.receipt,
            )
        )
