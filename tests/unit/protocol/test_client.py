"""The client core, rule by rule: its map, its connections and its requests.

What it makes of arbitrary histories is in `test_client_machine`.
"""

import pytest

from protocol.client import STEADY_MS, Client
from protocol.codes import Code
from protocol.effects import (
    Answered,
    ConnectionChanged,
    ConnectionState,
    Drop,
    HoldsChanged,
    MapChanged,
    MapReplaced,
    Reconnect,
    Send,
    Stop,
    Unanswered,
)
from protocol.from_client import Lock, Resync
from protocol.from_server import (
    Delta,
    Rejected,
)
from tests.unit.protocol.clients import HOLD, locked, online, sent, snapshot, welcome

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
