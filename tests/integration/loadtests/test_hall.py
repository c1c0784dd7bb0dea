"""A small hall: what the measurements count is what the server sent."""

import time
from collections.abc import Iterator

import pytest

from loadtests.figures import delivery
from loadtests.floor import floor, languages
from loadtests.hall import Hall, hall
from loadtests.machine import cores
from loadtests.scenarios.plan import UNCOALESCED
from loadtests.server import stores

VIEWERS = 10
RATE = 40.0


@pytest.fixture(scope="module")
def opened() -> Iterator[Hall]:
    """A server without coalescing, and its viewers."""
    with stores() as on, hall(on, UNCOALESCED) as found:
        found.admit(VIEWERS)
        yield found


def test_every_delta_is_counted_at_every_viewer(opened: Hall) -> None:
    """Each request makes one delta, each viewer has it, and the time of each is known."""
    pickers = opened.pickers(2)
    with opened.measured() as cost:
        answers = pickers.drive(RATE, 0.5)
        opened.swarm.settle(until=lambda: all(link.messages >= answers.answered for link in opened.viewers))
    assert answers.answered == answers.sent > 0
    assert [link.messages for link in opened.viewers] == [answers.answered] * VIEWERS
    assert delivery(opened.swarm.messages()).count >= answers.answered * VIEWERS
    assert cost.server_ns > 0
    assert opened.behind() == 0


def test_pickers_give_their_seats_back(opened: Hall) -> None:
    """Whoever follows finds as many seats as those before."""
    opened.dismiss()
    before = opened.target.seats_of_kind("demo", "standard")
    opened.pickers(1).drive(RATE, 0.1)
    opened.dismiss()
    assert opened.swarm.settle(until=lambda: opened.target.seats_of_kind("demo", "standard") == before)


def test_a_viewer_that_missed_a_delta_is_behind(opened: Hall) -> None:
    """One that is not at the store's version is counted."""
    opened.viewers[0].version -= 1
    assert opened.behind() == 1
    opened.viewers[0].version += 1


@pytest.mark.parametrize("language", languages())
def test_the_floor_sends_every_frame(language: str) -> None:
    """The bare loop reaches every connection in each round, and has a cost."""
    with floor(language, VIEWERS, cores()[0]) as sender:
        assert sender.us_per_frame(RATE, 0.2) > 0
        seen = sender.delivery(RATE, 0.2)
        assert seen.count >= VIEWERS
        assert 0 < seen.p50 <= seen.max


def test_a_metric_of_the_server(opened: Hall) -> None:
    """What the server counts is read by its name; one that it does not have is 0."""
    before = opened.target.metric("cinebook_frames_written_total")
    opened.pickers(1).drive(RATE, 0.2)
    assert opened.target.metric("cinebook_frames_written_total") > before
    assert opened.target.metric("cinebook_no_such_thing") == 0


def test_a_viewer_that_stops_reading_is_held_back(opened: Hall) -> None:
    """With little room in the kernels it soon falls behind; it converges when it reads again."""
    (link,) = opened.admit(1, narrow=True)
    opened.swarm.pause(link)
    pickers = opened.pickers(8)
    held_back = 'cinebook_slow_clients_total{outcome="conflated"}'
    latest = time.monotonic() + 120
    while not opened.target.metric(held_back) and time.monotonic() < latest:
        pickers.drive_closed(0.3)
    assert opened.target.metric(held_back) == 1
    opened.swarm.resume(link)
    version = opened.target.version(opened.showtime)
    assert opened.swarm.settle(until=lambda: link.code == 4001 or link.version == version)
    opened.viewers.remove(link)
