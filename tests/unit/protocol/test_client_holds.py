"""The client core, rule by rule: holds and receipts, signs of life, and the clock."""

import pytest
from msgspec import UNSET, UnsetType

from protocol.client import DEFAULT_HEARTBEAT_MS, Client
from protocol.codes import Code, NoticeCode, Outcome
from protocol.effects import (
    Answered,
    Drop,
    HoldsChanged,
)
from protocol.from_client import Auth, Lock, Ping, Restore
from protocol.from_server import (
    Authenticated,
    Delta,
    Expired,
    Expiring,
    Holds,
    Notice,
    Pong,
    Queue,
    Rejected,
    Viewers,
)
from tests.unit.protocol.clients import AT, HOLD, OTHER, locked, online, sent, snapshot, welcome

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
