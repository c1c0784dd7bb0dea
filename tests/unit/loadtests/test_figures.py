"""Quantiles, tables, and who saw what."""

from loadtests.figures import delivery, latency, median_rows, table
from loadtests.scenarios.plan import Claim
from loadtests.sightings import Sightings
from loadtests.swarm import Message


def test_quantiles_are_those_of_the_times() -> None:
    """Of a hundred times the 99th percentile is the last but none, in milliseconds."""
    found = latency(range(1_000_000, 101_000_000, 1_000_000))
    assert (found.p50, found.p99, found.max, found.count) == (51, 100, 100, 100)


def test_delivery_pairs_each_request_with_each_arrival() -> None:
    """A message that tells of two requests and arrived twice gives four times, and the greatest is among them."""
    message = Message(start=0, version=2, sent=(0, 5_000_000), ready=True)
    message.arrivals.extend((10_000_000, 30_000_000))
    found = delivery([message])
    assert found.max == 30
    assert found.count >= 4


def test_what_nobody_asked_for_has_no_latency() -> None:
    """A message that tells of no request, such as a snapshot, is left out."""
    message = Message(start=-1, version=2, sent=(), ready=True)
    message.arrivals.append(1)
    assert delivery([message]).count == 0


def test_medians_are_taken_figure_by_figure() -> None:
    """One bad round does not stand in the result."""
    assert median_rows([{"a": 1, "b": 9}, {"a": 2, "b": 1}, {"a": 100, "b": 2}]) == {"a": 2, "b": 2}


def test_a_table_has_every_column() -> None:
    """A line without a figure that others have stays empty there."""
    lines = table({"one": {"a": 1.0}, "two": {"b": "x"}}).splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[1:-1]] == ["", "a", "b"]
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["two", "", "x"]


def test_a_claim_knows_its_side() -> None:
    """A bound is kept by what is exactly at it, from below or from above."""
    assert Claim("", 5, 5).kept
    assert not Claim("", 5.1, 5).kept
    assert Claim("", 5, 5, at_least=True).kept
    assert not Claim("", 4.9, 5, at_least=True).kept


def test_a_lock_is_put_together_with_its_sights_in_either_order() -> None:
    """Whether the answer or the delta comes first, each viewer's time is reported once."""
    found: list[float] = []
    sightings = Sightings(found.append)
    sightings.saw(0, 2, 10.0)
    sightings.locked(2, 9.0)
    sightings.saw(0, 3, 12.0)
    assert found == [1.0, 3.0]
