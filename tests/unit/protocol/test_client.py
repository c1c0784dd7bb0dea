"""The client core, rule by rule; what it makes of arbitrary histories is in `test_client_machine`."""

from typing import Any

import pytest
from msgspec import UNSET, UnsetType

from protocol.client import DEFAULT_HEARTBEAT_MS, STEADY_MS, Client
from protocol.codes import Code, NoticeCode, Outcome
from protocol.effects import (
    Answered,
    ConnectionChanged,
    ConnectionState,
    Drop,
    Effect,
    HoldsChanged,
    MapChanged,
    MapReplaced,
    Reconnect,
    Send,
    Stop,
    Unanswered,
)
from protocol.from_client import Auth, Lock, Ping, Restore, Resync
from protocol.from_server import (
    Authenticated,
    Delta,
    Expired,
    Expiring,
    Hold,
    Holds,
    Locked,
    Notice,
    Pong,
    Queue,
    Rejected,
    Snapshot,
    Viewers,
    Welcome,
)
from tests.unit.protocol.model import LIMITS

AT = 1_790_000_000_000
HOLD = Hold(seat=1, expires_at=AT + 900_000, first_at=AT)
OTHER = Hold(seat=2, expires_at=AT + 900_000, first_at=AT)


def welcome(epoch: str = "e1", version: int = 0, **also: Any) -> Welcome:
    """A welcome of a holder without seats, but for what is said."""
    fields: dict[str, Any] = {
        "showtime": "demo",
        "layout": 1,
        "server_at": AT,
        "can_lock": True,
        "holds": [],
        "holds_version": version,
        "limits": LIMITS,
        "heartbeat_ms": 25_000,
        "viewers": 3,
    }
    return Welcome(epoch=epoch, version=version, **(fields | also))


def snapshot(version: int = 0, seats: str = "AAAA", epoch: str = "e1") -> Snapshot:
    """The whole map."""
    return Snapshot(epoch=epoch, version=version, layout=1, seats=seats)


def locked(client: Client, request_id: int | str, version: int, receipt: str = "r1") -> list[Effect]:
    """The client hears that a request of its own was granted."""
    return client.received(
        Locked(id=request_id, version=version, seats=[1], holds=[HOLD], holds_version=version, receipt=receipt), 0
    )


def online(now: int = 0, **also: Any) -> Client:
    """A client that has been welcomed and has a map of four free seats at version 0 of e1; no jitter in its waits."""
    client = Client(random=lambda: 0.5)
    client.connecting()
    client.opened(now)
    client.received(welcome(**also), now)
    client.received(snapshot(), now)
    return client


def sent(effects: list[Effect]) -> list[Any]:
    """The messages among the effects."""
    return [effect.message for effect in effects if isinstance(effect, Send)]


# The map and its position.


def test_a_first_connection_has_no_position() -> None:
    """Without a map there is nothing to resume; with one its position goes into the query."""
    assert Client(random=lambda: 0.5).position is None
    client = Client(random=lambda: 0.5)
    assert client.connecting() == [ConnectionChanged(ConnectionState.CONNECTING)]
    client.opened(0)
    assert client.received(welcome(), 0) == [ConnectionChanged(ConnectionState.ONLINE)]
    assert client.received(snapshot(3, "AL"), 0) == [MapReplaced([(0, "A"), (1, "L")])]
    assert client.position == ("e1", 3)
    assert (client.can_lock, client.viewers) == (True, 3)


def test_deltas_are_applied_or_ignored() -> None:
    """At or before the map: ignored; from at or before it to beyond it: applied."""
    client = online()
    assert client.received(Delta(from_version=0, version=2, changes=[(1, "L")]), 0) == [MapChanged([(1, "L")])]
    assert client.received(Delta(from_version=0, version=2, changes=[(1, "O")]), 0) == []
    assert client.received(Delta(from_version=1, version=3, changes=[(3, "B")]), 0) == [MapChanged([(3, "B")])]
    assert client.map is not None
    assert (client.map.letters, client.position) == ("ALAB", ("e1", 3))


def test_a_gap_asks_resync_once_until_it_is_answered() -> None:
    """However many deltas show the same gap, one resync is outstanding; the next gap asks again."""
    client = online()
    assert sent(client.received(Delta(from_version=1, version=2, changes=[(1, "L")]), 0)) == [
        Resync(epoch="e1", version=0)
    ]
    assert client.received(Delta(from_version=2, version=3, changes=[]), 0) == []
    assert client.received(Delta(from_version=0, version=3, changes=[(1, "L")]), 0) == [MapChanged([(1, "L")])]
    assert sent(client.received(Delta(from_version=4, version=5, changes=[]), 0)) == [Resync(epoch="e1", version=3)]
    client.received(snapshot(9), 0)
    assert sent(client.received(Delta(from_version=10, version=11, changes=[]), 0)) == [Resync(epoch="e1", version=9)]


def test_an_empty_answer_to_resync_counts() -> None:
    """Nothing was missed after all: the gap may be asked about again."""
    client = online()
    client.received(Delta(from_version=1, version=2, changes=[]), 0)
    assert client.received(Delta(from_version=0, version=0, changes=[]), 0) == []
    assert sent(client.received(Delta(from_version=1, version=2, changes=[]), 0)) == [Resync(epoch="e1", version=0)]


def test_a_delta_before_any_map_asks_for_all() -> None:
    """Without a map there is no version to begin at."""
    client = Client(random=lambda: 0.5)
    client.opened(0)
    client.received(welcome(version=7), 0)
    effects = client.received(Delta(from_version=7, version=8, changes=[]), 0)
    assert sent(effects) == [Resync(epoch="", version=0)]


def test_a_delta_of_a_new_epoch_never_touches_the_old_map() -> None:
    """Between the welcome of a new epoch and its snapshot the map is still of the old one."""
    client = online()
    client.closed(1006, 0)
    client.opened(0)
    client.received(welcome("e2", 5), 0)
    assert sent(client.received(Delta(from_version=0, version=6, changes=[(0, "O")]), 0)) == [
        Resync(epoch="e1", version=0)
    ]
    assert client.map is not None
    assert client.map.letters == "AAAA"


def test_a_seat_beyond_the_map_begins_anew() -> None:
    """No resync can mend a map of another size: the client comes back without a position."""
    client = online()
    assert client.received(Delta(from_version=0, version=1, changes=[(4, "L")]), 0) == [Drop()]
    assert client.deadline is None
    client.closed(1006, 0)
    assert client.position is None
    assert client.map is not None


# Closing and coming back.


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012, 4001, 4003, 4444])
def test_codes_that_reconnect(code: int) -> None:
    """After a wait, with the position."""
    client = online()
    assert client.closed(code, 0) == [Reconnect(125), ConnectionChanged(ConnectionState.WAITING, code)]
    assert client.position == ("e1", 0)
    assert client.deadline is None


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1009, 4501, 4502, 4503, 4504, 4999])
def test_codes_that_stop(code: int) -> None:
    """For good."""
    assert online().closed(code, 0) == [ConnectionChanged(ConnectionState.STOPPED, code), Stop(code=code)]


def test_waits_grow_to_the_cap_and_begin_anew_after_a_steady_connection() -> None:
    """A welcome alone does not reset them: only a connection that lasted 10 s after it."""
    client = Client(random=lambda: 0.5)

    def wait(lasted: int | None) -> int:
        if lasted is not None:
            client.opened(0)
            client.received(welcome(), 0)
        [reconnect] = [one for one in client.closed(1006, lasted or 0) if isinstance(one, Reconnect)]
        return reconnect.delay_ms

    assert [wait(None) for _ in range(8)] == [125, 250, 500, 1000, 2000, 4000, 5000, 5000]
    assert wait(STEADY_MS - 1) == 5000
    assert wait(STEADY_MS) == 125
    assert wait(None) == 250


def test_jitter_is_full() -> None:
    """A wait is anything from nothing to its bound."""
    draws = iter([0.0, 0.999])
    client = Client(random=lambda: next(draws))
    assert client.closed(1006, 0)[0] == Reconnect(0)
    assert client.closed(1006, 0)[0] == Reconnect(499)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refused_handshakes_that_stop(status: int) -> None:
    """The same request would be refused again."""
    client = Client(random=lambda: 0.5)
    client.connecting()
    assert client.refused(status) == [ConnectionChanged(ConnectionState.STOPPED), Stop(status=status)]


@pytest.mark.parametrize("status", [429, 503])
def test_refused_handshakes_that_try_again(status: int) -> None:
    """Not before Retry-After, and each client a little later than that."""
    client = Client(random=lambda: 0.5)
    client.connecting()
    assert client.refused(status, 3000) == [Reconnect(3125), ConnectionChanged(ConnectionState.WAITING)]
    client.connecting()
    assert client.refused(status)[0] == Reconnect(250)


def test_stopping_ends_everything() -> None:
    """Whoever waits for an answer learns that there will be none, and nothing is due any more."""
    client = online()
    request = Lock(id=client.next_id(), seats=(1,))
    client.request(request, 0)
    assert client.stop() == [Unanswered(request, sent=True), ConnectionChanged(ConnectionState.STOPPED), Stop()]
    assert client.deadline is None


# Requests.


def test_a_request_is_answered_under_its_id() -> None:
    """By a grant or by a refusal; an answer to nothing we asked is nobody's."""
    client = online()
    first, second = (Lock(id=client.next_id(), seats=(seat,)) for seat in (1, 2))
    assert client.request(first, 0) + client.request(second, 0) == [Send(first), Send(second)]
    refusal = Rejected(id=second.id, code=Code.SEATS_UNAVAILABLE, message="", seats=[2])
    assert client.received(refusal, 0) == [Answered(second, refusal)]
    assert client.received(refusal, 0) == []
    assert client.received(Rejected(id=None, code=Code.BAD_REQUEST, message=""), 0) == []
    [holds, answered] = locked(client, first.id, 1)
    assert holds == HoldsChanged((HOLD,))
    assert isinstance(answered, Answered)
    assert answered.request == first


def test_ids_are_never_used_again() -> None:
    """Not on the next connection either, so that a late answer finds no other request."""
    client = online()
    first = client.next_id()
    client.closed(1006, 0)
    assert client.next_id() != first


def test_a_lost_connection_leaves_outcomes_unknown() -> None:
    """What was sent may have happened; what was not sent did not."""
    client = online()
    request = Lock(id=client.next_id(), seats=(1,))
    client.request(request, 0)
    assert client.closed(1006, 0)[0] == Unanswered(request, sent=True)
    late = Lock(id=client.next_id(), seats=(2,))
    assert client.request(late, 0) == [Unanswered(late, sent=False)]


def test_an_answer_of_a_later_version_leaves_the_outcome_unknown() -> None:
    """Somebody waits for it; other messages that nobody understands are ignored."""
    client = online()
    request = Lock(id=client.next_id(), seats=(1,))
    client.request(request, 0)
    assert client.not_understood(request.id, 0) == [Unanswered(request, sent=True)]
    assert client.not_understood(request.id, 0) == client.not_understood(None, 0) == []


# Holds and receipts.


def test_the_greater_holds_version_stands() -> None:
    """Within an epoch an older list changes nothing, nor does its receipt; an equal or newer one does."""
    client = online()
    assert client.received(Holds(holds=[HOLD, OTHER], holds_version=5, receipt="r5"), 0) == [
        HoldsChanged((HOLD, OTHER))
    ]
    assert client.received(Holds(holds=[HOLD], holds_version=4, receipt="r4"), 0) == []
    assert (client.holds, client.receipt) == ((HOLD, OTHER), "r5")
    assert client.received(Holds(holds=[HOLD], holds_version=6), 0) == [HoldsChanged((HOLD,))]
    assert (client.holds, client.receipt) == ((HOLD,), "r5")
    assert client.received(Holds(holds=[HOLD], holds_version=7, receipt="r7"), 0) == []
    assert client.receipt == "r7"


def test_a_stale_answer_is_still_an_answer() -> None:
    """Its list of holds was overtaken, its grant was not."""
    client = online()
    request = Lock(id=client.next_id(), seats=(1,))
    client.request(request, 0)
    client.received(Holds(holds=[HOLD, OTHER], holds_version=9), 0)
    [answered] = locked(client, request.id, 8)
    assert isinstance(answered, Answered)
    assert client.holds == (HOLD, OTHER)


def test_expired_seats_leave_the_holds() -> None:
    """And the application hears which they were."""
    client = online(holds=[HOLD, OTHER], receipt="r0")
    message = Expired(seats=[1], holds=[OTHER], holds_version=3)
    assert client.received(message, 0) == [HoldsChanged((OTHER,)), message]
    assert client.receipt == "r0"


def test_a_new_epoch_on_a_connection_restores_once() -> None:
    """The last receipt of the old epoch is redeemed, not the one that the new epoch has issued meanwhile."""
    client = online(holds=[HOLD], receipt="old")
    effects = client.received(snapshot(0, "AAAA", "e2"), 0)
    [restore] = sent(effects)
    assert isinstance(restore, Restore)
    assert restore.receipt == "old"
    assert client.received(Holds(holds=[], holds_version=0, receipt="new"), 0) == [HoldsChanged(())]
    refusal = Rejected(id=restore.id, code=Code.UNAVAILABLE, message="", outcome=Outcome.NONE)
    assert client.received(refusal, 0) == [Answered(restore, refusal)]
    assert sent(client.received(snapshot(1, "AAAA", "e2"), 0)) == []
    client.closed(1006, 0)
    client.opened(0)
    assert sent(client.received(welcome("e2", 1), 0)) == []
    assert client.receipt == "new"


def test_a_new_epoch_found_on_coming_back_restores() -> None:
    """Even though the welcome says that nothing is held and brings an empty receipt; the grant brings them back."""
    client = online(holds=[HOLD], receipt="old")
    client.closed(1006, 0)
    client.opened(0)
    effects = client.received(welcome("e2", 0, receipt="empty"), 0)
    [restore] = sent(effects)
    assert restore.receipt == "old"
    assert sent(client.received(snapshot(0, "AAAA", "e2"), 0)) == []
    [changed, answered] = locked(client, restore.id, 1, "again")
    assert changed == HoldsChanged((HOLD,))
    assert isinstance(answered, Answered)
    assert client.receipt == "again"


def test_a_restore_that_was_cut_off_is_sent_again() -> None:
    """No answer is no answer, also if the next epoch has begun meanwhile; it is asked once per connection."""
    client = online(holds=[HOLD], receipt="old")
    for epoch in ("e2", "e2", "e3"):
        client.closed(1006, 0)
        client.opened(0)
        [restore] = sent(client.received(welcome(epoch, 0, receipt="empty"), 0))
        assert restore.receipt == "old"
        assert sent(client.received(snapshot(0, "AAAA", epoch), 0)) == []


def test_nothing_held_is_nothing_to_restore() -> None:
    """Viewers of a lost store do not ask for what they never had."""
    client = online(receipt="nothing")
    assert sent(client.received(snapshot(0, "AAAA", "e2"), 0)) == []


def test_a_restore_waits_for_a_holder() -> None:
    """Who is not known cannot be given anything back; after `auth` it can."""
    client = online(holds=[HOLD], receipt="old")
    client.closed(1006, 0)
    client.opened(0)
    assert sent(client.received(welcome("e2", can_lock=False), 0)) == []
    request = Auth(id=client.next_id(), token="t")
    client.request(request, 0)
    effects = client.received(Authenticated(id=request.id, can_lock=True, holds=[], holds_version=0), 0)
    assert [type(message) for message in sent(effects)] == [Restore]
    assert client.can_lock


@pytest.mark.parametrize("receipt", [UNSET, "r1"])
def test_a_welcome_in_the_same_epoch_obeys_versions(receipt: str | UnsetType) -> None:
    """What it read at an older version than we know does not stand."""
    client = online()
    client.received(Holds(holds=[HOLD], holds_version=5, receipt="r5"), 0)
    client.closed(1006, 0)
    client.opened(0)
    client.received(welcome(version=4, receipt=receipt), 0)
    assert (client.holds, client.receipt) == ((HOLD,), "r5")


# Signs of life, and the clock.


def test_silence_is_probed_and_then_given_up() -> None:
    """After `heartbeat_ms` a ping, after as much again the connection is cut; anything heard starts over."""
    client = online(now=1000)
    assert client.deadline == 26_000
    assert client.tick(25_999) == []
    [ping] = sent(client.tick(26_000))
    assert isinstance(ping, Ping)
    assert client.deadline == 51_000
    assert client.tick(50_999) == []
    assert client.received(Viewers(count=4), 50_999) == [Viewers(count=4)]
    assert client.deadline == 75_999
    assert len(sent(client.tick(75_999))) == 1
    assert client.tick(100_999) == [Drop()]
    assert client.tick(200_000) == []
    assert client.deadline is None


def test_an_answered_probe_is_silent_to_the_application() -> None:
    """Its pong teaches the clock, and no more."""
    client = online(now=0)
    [ping] = sent(client.tick(25_000))
    assert client.received(Pong(id=ping.id, server_at=AT), 25_100) == []
    assert client.deadline == 50_100


def test_a_probe_counts_what_cannot_be_understood() -> None:
    """A message of a later version is a sign of life too."""
    client = online(now=0)
    client.not_understood(None, 20_000)
    assert client.deadline == 45_000


def test_a_connection_without_a_welcome_is_given_up_too() -> None:
    """By the default heartbeat, since nobody has named another."""
    client = Client(random=lambda: 0.5)
    client.connecting()
    client.opened(0)
    assert client.deadline == DEFAULT_HEARTBEAT_MS
    client.tick(DEFAULT_HEARTBEAT_MS)
    assert client.tick(2 * DEFAULT_HEARTBEAT_MS) == [Drop()]


def test_a_resync_that_is_not_answered_gives_up() -> None:
    """Deltas keep coming, but the map would stay behind for ever."""
    client = online(now=0)
    client.received(Delta(from_version=1, version=2, changes=[]), 10_000)
    client.received(Delta(from_version=2, version=3, changes=[]), 30_000)
    assert client.deadline == 35_000
    assert client.tick(35_000) == [Drop()]


def test_the_clock_follows_the_server() -> None:
    """From the welcome at once; from a pong by half of its round trip, the shortest of a connection standing."""
    client = online(now=1000)
    assert client.clock.at(1000) == AT

    def ping(asked_at: int, heard_at: int, server_at: int) -> int:
        request = Ping(id=client.next_id())
        client.request(request, asked_at)
        client.received(Pong(id=request.id, server_at=server_at), heard_at)
        return client.clock.at(heard_at) - heard_at

    assert ping(2000, 2200, AT + 2100) == AT
    assert ping(3000, 4000, AT + 7777) == AT
    assert ping(5000, 5020, AT + 5015) == AT + 5
    client.closed(1006, 6000)
    client.opened(7000)
    client.received(welcome(server_at=AT + 9000), 7000)
    assert client.clock.at(7000) == AT + 9000
    assert ping(8000, 9000, AT + 8500) == AT


def test_what_concerns_people_is_passed_on() -> None:
    """As the server said it."""
    client = online()
    for message in (
        Expiring(seats=[1], expires_at=AT),
        Queue(state="waiting", position=2, ahead=1, eta_ms=1000),
        Notice(code=NoticeCode.DRAINING, message=""),
    ):
        assert client.received(message, 0) == [message]
    client.received(Viewers(count=9), 0)
    assert client.viewers == 9
