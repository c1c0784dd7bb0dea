"""The client core against a model server, over a network that loses, repeats, reorders and breaks, in any order."""

from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.client import Client
from protocol.effects import Answered, ConnectionState, Drop, Effect, Reconnect, Send, Stop, Unanswered
from protocol.from_client import Lock, Restore, Unlock
from protocol.from_server import Delta, Holds, Locked, Unlocked
from protocol.scalars import Letter
from tests.unit.protocol.model import SEATS, ModelServer
from tests.unit.protocol.strategies import of_type

seat_indexes = st.integers(0, SEATS - 1)


class ClientMeetsServer(RuleBasedStateMachine):
    """Whatever happens between them, the client's map is the server's at the client's position, and catches up."""

    @initialize(seed=st.integers(0, 3))
    def begin(self, seed: int) -> None:
        """The first connection."""
        self.server = ModelServer()
        self.client = Client(random=Random(seed).random)
        self.now = 1000
        self.reconnect_in: int | None = None
        self.asked: list[int] = []
        self.ended: list[int] = []
        self.seen = ("", -1, "", 0)
        self.connect(prefer_snapshot=False)

    def connect(self, *, prefer_snapshot: bool) -> None:
        """Open a connection as a shell does."""
        self.reconnect_in = None
        self.perform(self.client.connecting())
        self.server.connect(self.client.position, prefer_snapshot=prefer_snapshot)
        self.perform(self.client.opened(self.now))

    def perform(self, effects: list[Effect]) -> None:
        """Carry out orders as a shell does, and keep account of requests."""
        for effect in effects:
            match effect:
                case Send(message):
                    self.server.to_server.append(message)
                case Drop():
                    self.cut(1006)
                case Reconnect(delay_ms):
                    assert 0 <= delay_ms <= 10_000
                    self.reconnect_in = delay_ms
                case Stop():
                    raise AssertionError("nothing here stops a client")
                case Answered(request, _) if not isinstance(request, Restore):
                    self.ended.append(int(request.id))
                case Unanswered(request, _):
                    self.ended.append(int(request.id))
                case _:
                    pass

    def cut(self, code: int) -> None:
        """The connection ends."""
        self.server.disconnect()
        self.perform(self.client.closed(code, self.now))

    def deliver(self) -> None:
        """The next message reaches the client."""
        self.perform(self.client.received(self.server.to_client.pop(0), self.now))

    # What the world does.

    @rule(
        changes=st.lists(st.tuples(seat_indexes, of_type(Letter)), max_size=2, unique_by=lambda pair: pair[0]),
        fate=st.sampled_from(["sent", "sent", "lost", "twice", "kept to be folded"]),
    )
    def others_change_seats(self, changes: list[Any], fate: str) -> None:
        """A mutation that is not this client's, perhaps without a change of letters, and its delta on its way."""
        self.server.mutate((seat, letter) for seat, letter in changes if seat not in self.server.mine)
        if fate != "kept to be folded":
            waiting = len(self.server.to_client)
            self.server.flush()
            sent = self.server.to_client[waiting:]
            self.server.to_client[waiting:] = {"sent": sent, "lost": [], "twice": sent + sent}[fate]

    @rule(taken=st.lists(seat_indexes, min_size=1, max_size=3, unique=True), told=st.integers(1, 2))
    def another_tab_takes_seats(self, taken: list[int], told: int) -> None:
        """The holder's seats change by other means, one after another, and the client is told of each."""
        for seat in taken:
            self.server.lock(0, (seat,))
            self.server.to_client.pop()
            if self.server.connected:
                self.server.to_client += [self.server.holds()] * told

    @rule()
    def the_store_is_lost(self) -> None:
        """A new epoch, in the middle of a connection or between two."""
        self.server.new_epoch()

    @precondition(lambda self: self.server.connected)
    @rule(code=st.sampled_from([1001, 1006, 1011, 1012, 4001, 4002, 4003, 4004, 4499]))
    def the_connection_ends(self, code: int) -> None:
        """With any code that says: come back."""
        self.cut(code)

    @precondition(lambda self: self.reconnect_in is not None)
    @rule(prefer_snapshot=st.booleans())
    def the_client_comes_back(self, prefer_snapshot: bool) -> None:
        """After the delay that the core asked for."""
        assert self.client.state is ConnectionState.WAITING
        self.now += self.reconnect_in or 0
        self.connect(prefer_snapshot=prefer_snapshot)

    # What the network does.

    @precondition(lambda self: self.server.to_client)
    @rule(count=st.integers(1, 4))
    def messages_arrive(self, count: int) -> None:
        """The next ones in order."""
        for _ in range(count):
            if self.server.to_client:
                self.deliver()

    @precondition(lambda self: self.server.to_server)
    @rule(prefer_snapshot=st.booleans())
    def the_server_reads(self, prefer_snapshot: bool) -> None:
        """What the client sent is answered; a resync by a delta or by a snapshot."""
        while self.server.to_server:
            self.server.serve(prefer_snapshot=prefer_snapshot)

    @precondition(lambda self: self.server.to_client)
    @rule()
    def messages_overtake_each_other(self) -> None:
        """Deltas and lists of holds do; nothing crosses a welcome or a snapshot, which begin something new."""
        way = self.server.to_client
        for at in range(len(way) - 1):
            if all(isinstance(message, Delta | Holds | Locked | Unlocked) for message in way[at : at + 2]):
                way[at], way[at + 1] = way[at + 1], way[at]

    # What people do.

    @rule(seats=st.lists(seat_indexes, min_size=1, max_size=2, unique=True))
    def the_person_takes_seats(self, seats: list[int]) -> None:
        """A request, also one while there is no connection."""
        self.asked.append(self.client.next_id())
        self.perform(self.client.request(Lock(id=self.asked[-1], seats=tuple(seats)), self.now))

    @rule()
    def the_person_gives_all_back(self) -> None:
        """Another request."""
        self.asked.append(self.client.next_id())
        self.perform(self.client.request(Unlock(id=self.asked[-1]), self.now))

    @rule(passed=st.sampled_from([1, 9_000, 30_000]))
    def time_passes(self, passed: int) -> None:
        """Heartbeats fall due, and silent connections are given up."""
        self.now += passed
        self.server.at += passed
        self.perform(self.client.tick(self.now))

    # What must hold.

    @invariant()
    def the_map_is_the_servers_at_its_position(self) -> None:
        """Never a mixture of versions or epochs."""
        if self.client.map is not None:
            position = (self.client.map.epoch, self.client.map.version)
            assert self.client.map.letters == self.server.letters_at[position]

    @invariant()
    def the_holds_are_the_servers_at_their_version(self) -> None:
        """Never an older list over a newer one; between an epoch and its first list the last one is shown."""
        if self.client._holds_version >= 0:
            assert self.client.holds == self.server.holds_at[str(self.client._epoch), self.client._holds_version]

    @invariant()
    def each_request_ends_once(self) -> None:
        """Answered or not, but never twice."""
        assert len(set(self.ended)) == len(self.ended)

    @invariant()
    def versions_never_go_back(self) -> None:
        """Within an epoch, neither the map's nor that of the holds."""
        seen = (str(self.client._epoch), self.client._holds_version, *(self.client.position or ("", 0)))
        before, self.seen = self.seen, seen
        assert seen[0] != before[0] or seen[1] >= before[1]
        assert seen[2] != before[2] or seen[3] >= before[3]

    def teardown(self) -> None:
        """In quiet everything settles: the map and the holds are the server's, and no request is left hanging."""
        if not hasattr(self, "server"):
            return
        if not self.server.connected:
            self.the_client_comes_back(prefer_snapshot=False)
        for prefer_snapshot in (False, True, False):
            # One more delta is lost, and shows with the next one; a list of holds follows any gap.
            for fate in ("lost", "sent"):
                self.others_change_seats([(0, "O" if prefer_snapshot else "B")], fate)
            self.server.to_client.append(self.server.holds())
            self.settle(prefer_snapshot=prefer_snapshot)
        assert self.client.map is not None
        assert self.client.map.snapshot() == self.server.map.snapshot()
        assert self.client.holds == tuple(self.server.mine.values())
        assert sorted(self.ended) == self.asked
        assert all(receipt.split("/")[0] != epoch for epoch, receipt in self.server.restored)

    def settle(self, *, prefer_snapshot: bool) -> None:
        """Deliver and answer everything; it has to come to an end."""
        for _ in range(500):
            if self.server.to_client:
                self.deliver()
            elif self.server.to_server:
                self.server.serve(prefer_snapshot=prefer_snapshot)
            elif self.server.connected:
                return
            else:
                self.the_client_comes_back(prefer_snapshot=False)
        raise AssertionError("they never stop talking")


TestClientMeetsServer = ClientMeetsServer.TestCase
TestClientMeetsServer.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
