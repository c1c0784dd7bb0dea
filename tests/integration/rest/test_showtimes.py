"""Showtimes and layouts over REST."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from tests.integration.rest.place import LIMITS, Place, problem

API = "/api/v1/showtimes"
YEAR = "public, max-age=31536000, immutable"


async def test_a_showtime_is_told_whole(place: Place) -> None:
    """With its cinema, film, sales window, prices, limits and ways to pay, under the names of the contract."""
    async with place.client() as client:
        answer = (await client.get(f"{API}/demo")).json()
    fields = {"id", "cinema", "hall", "film", "starts_at", "layout", "sales", "zones", "limits"}
    assert set(answer) == fields | {"gateways"}
    assert answer["gateways"] == [
        {"id": "vnpay", "name": "VNPay"},
        {"id": "momo", "name": "MoMo"},
        {"id": "sandbox", "name": "Sandbox"},
    ]
    assert answer["id"] == "demo"
    assert answer["cinema"]["time_zone"] == "Asia/Ho_Chi_Minh"
    assert set(answer["sales"]) == {"opens_at", "closes_at"}
    assert answer["limits"] == {
        "max_seats": LIMITS.max_seats,
        "hold_ms": LIMITS.hold_ms,
        "max_hold_ms": LIMITS.max_hold_ms,
    }
    assert all(set(zone) == {"id", "name", "price", "currency"} for zone in answer["zones"])


@pytest.mark.parametrize("showtime", ["none", "a" * 64, "a" * 65, "a.b", "%00", "a%2Fb", "é", "..", "%7Bst%7D"])
async def test_an_unknown_showtime_is_not_found(place: Place, showtime: str) -> None:
    """Whatever its id looks like, on every route, once the request itself is in order."""
    async with place.guest() as client:
        for answer in (
            await client.get(f"{API}/{showtime}"),
            await client.get(f"{API}/{showtime}/layout"),
            await client.get(f"{API}/{showtime}/seats/status"),
            await client.post(f"{API}/{showtime}/seats/lock", json={"seats": ["F7"]}),
            await client.delete(f"{API}/{showtime}/seats/unlock?all=1"),
            await client.put(f"{API}/{showtime}/seats/extend-lock"),
            await client.post(f"{API}/{showtime}/seats/restore", json={"receipt": "r"}),
        ):
            problem(answer, 404, "not_found")


async def test_a_layout_names_seats_in_order(place: Place) -> None:
    """Each seat with its index and place; a pair by the other seat's id, mutually."""
    async with place.client() as client:
        layout = (await client.get(f"{API}/demo/layout")).json()
    seats = layout["seats"]
    assert [seat["index"] for seat in seats] == list(range(len(seats)))
    by_id = {seat["id"]: seat for seat in seats}
    paired = [seat for seat in seats if "pair" in seat]
    assert paired
    assert all(by_id[seat["pair"]]["pair"] == seat["id"] for seat in paired)
    assert all({"row", "number", "x", "y", "kind", "zone"} <= set(seat) for seat in seats)


async def test_a_layout_may_be_kept_for_a_year_under_its_own_version(place: Place) -> None:
    """Without the version, or with another, a client asks again and need not be sent what it has."""
    async with place.client() as client:
        version = (await client.get(f"{API}/demo")).json()["layout"]
        named = await client.get(f"{API}/demo/layout?v={version}")
        other = await client.get(f"{API}/demo/layout?v={version + 1}")
        plain = await client.get(f"{API}/demo/layout")
        again = await client.get(f"{API}/demo/layout", headers={"If-None-Match": plain.headers["etag"]})
        problem(await client.get(f"{API}/demo/layout?v=new"), 422, "bad_request")
    assert named.headers["cache-control"] == YEAR
    assert other.headers["cache-control"] == plain.headers["cache-control"] == "no-cache"
    assert named.json() == plain.json()
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == plain.headers["etag"]


async def test_the_list_goes_on_by_cursor_without_gap_or_repeat(place: Place) -> None:
    """Page by page it is what one page shows, in order of start."""
    today = dt.datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()
    query = {"cinema": "chan-troi-berlin", "date": today}
    async with place.client() as client:
        whole = (await client.get(API, params={**query, "limit": "100"})).json()
        pages: list[Any] = []
        following: dict[str, str] | None = {}
        while following is not None:
            page = (await client.get(API, params={**query, "limit": "3", **following})).json()
            assert len(page["showtimes"]) <= 3
            pages += page["showtimes"]
            following = {"cursor": page["next"]} if page["next"] else None
    assert whole["next"] is None
    assert len(whole["showtimes"]) > 3
    assert pages == whole["showtimes"]
    assert [showtime["starts_at"] for showtime in pages] == sorted(showtime["starts_at"] for showtime in pages)


async def test_the_list_is_of_a_day_a_cinema_and_a_film(place: Place) -> None:
    """Each narrows it; a cinema that is not there is said so, a film without showtimes is an empty list."""
    async with place.client() as client:
        of_day = (await client.get(f"{API}?date=2099-12-31")).json()["showtimes"]
        other_day = (await client.get(f"{API}?date=2099-12-30")).json()["showtimes"]
        of_film = (await client.get(f"{API}?film=nine-lanterns-north&date=2099-12-31")).json()["showtimes"]
        no_film = (await client.get(f"{API}?film=none")).json()
        problem(await client.get(f"{API}?cinema=none"), 404, "not_found")
    assert {showtime["id"] for showtime in of_day} == {"demo", "demo-large"}
    assert other_day == []
    assert [showtime["id"] for showtime in of_film] == ["demo-large"]
    assert no_film == {"showtimes": [], "next": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date=2026-02-30", "date"),
        ("cursor=bm90IG9uZQ", "cursor"),
        ("cursor=%F0%9F%98%80", "cursor"),
        ("limit=0", "limit"),
    ],
)
async def test_a_list_that_cannot_be_is_a_bad_request(place: Place, query: str, field: str) -> None:
    """A day that no calendar has, a cursor that this list never gave."""
    async with place.client() as client:
        document = problem(await client.get(f"{API}?{query}"), 422, "bad_request")
    assert document["errors"][0]["field"] == field


async def test_seats_left_are_told_by_zone_before_and_after_the_store_knows(place: Place) -> None:
    """From the catalogue while nobody has looked at the hall, from the live seats after."""

    async def left() -> dict[str, int]:
        showtimes = (await client.get(f"{API}?date=2099-12-31")).json()["showtimes"]
        seats_left: dict[str, int] = next(s["seats_left"] for s in showtimes if s["id"] == "demo")
        return seats_left

    async with place.guest() as client:
        before = await left()
        assert await place.store.letters(("demo",)) == (None,)
        status = (await client.get(f"{API}/demo/seats/status")).json()["seats"]
        assert sum(before.values()) == sum(seat["status"] == "available" for seat in status)
        assert await left() == before
        await client.post(f"{API}/demo/seats/lock", json={"seats": ["A1", "A2"]})
        after = await left()
    assert sum(after.values()) == sum(before.values()) - 2


async def test_the_list_stands_without_the_store(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Films and times are worth having while seats are not to be had."""

    async def away(_showtimes: tuple[str, ...]) -> None:
        raise UnavailableError(Outcome.NONE)

    monkeypatch.setattr(place.store, "letters", away)
    async with place.client() as client:
        answer = await client.get(f"{API}?date=2099-12-31")
    assert answer.status_code == 200
    assert all(sum(showtime["seats_left"].values()) > 0 for showtime in answer.json()["showtimes"])
