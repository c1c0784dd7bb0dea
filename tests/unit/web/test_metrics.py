"""HTTP exchanges are counted by route, and the numbers can be fetched."""

from pathlib import Path

import pytest
from starlette.applications import Starlette

from server.ops.metrics import CONTENT_TYPE, HTTP_REQUESTS, HTTP_SECONDS, REFUSED
from tests.unit.web.serving import bare_app, client_of


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    """The application without what is behind it, and without any page."""
    return bare_app(tmp_path)


def requests(method: str, route: str, status: str) -> float:
    """How many exchanges were counted so."""
    value: float = HTTP_REQUESTS.labels(method, route, status)._value.get()
    return value


async def test_an_exchange_counts_by_its_route_not_its_path(app: Starlette) -> None:
    """Two showtimes are one route; what is timed is the route alone."""
    route = "/showtimes/{showtime_id}"
    before, seconds = requests("GET", route, "404"), HTTP_SECONDS.labels(route)._sum.get()
    async with client_of(app) as client:
        await client.get("/showtimes/one")
        await client.get("/showtimes/two")
        text = (await client.get("/metrics")).text
    assert requests("GET", route, "404") == before + 2
    assert HTTP_SECONDS.labels(route)._sum.get() > seconds
    assert "/showtimes/one" not in text


async def test_what_is_nobodys_is_not_told_apart(app: Starlette) -> None:
    """Paths and methods that clients make up do not become labels."""
    before = requests("other", "other", "404")
    async with client_of(app) as client:
        await client.request("BREW", "/coffee/1")
        await client.request("STEEP", "/tea/2")
        text = (await client.get("/metrics")).text
    assert requests("other", "other", "404") == before + 2
    assert "coffee" not in text
    assert "BREW" not in text


async def test_a_failure_counts_as_what_it_was_answered_with(app: Starlette) -> None:
    """An unforeseen error is a 500, and its refusal is counted by code."""
    route = "/api/v1/showtimes/{showtime_id}/seats/status"
    before, refused = requests("GET", route, "500"), REFUSED.labels("internal")._value.get()
    async with client_of(app) as client:
        assert (await client.get("/api/v1/showtimes/demo/seats/status")).status_code == 500
    assert requests("GET", route, "500") == before + 1
    assert REFUSED.labels("internal")._value.get() == refused + 1


async def test_the_numbers_are_fetched_in_the_text_format(app: Starlette) -> None:
    """As Prometheus reads it, and no cache keeps it."""
    async with client_of(app) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert answer.headers["cache-control"] == "no-store"
    assert "cinebook_http_requests_total" in answer.text
