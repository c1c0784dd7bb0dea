"""The four seat routes over REST."""

import asyncio
from typing import Any

import httpx
import pytest

from protocol.from_server import Snapshot
from tests.integration.rest.place import LIMITS, START, Place, problem

SEATS = "/api/v1/showtimes/demo/seats"


async def lock(client: httpx.AsyncClient, *seats: str, mode: str = "all") -> httpx.Response:
    """Ask for these seats."""
    return await client.post(f"{SEATS}/lock", json={"seats": seats, "mode": mode})


async def status(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Every seat by id."""
    answer = (await client.get(f"{SEATS}/status")).json()
    return {seat["seat"]: seat for seat in answer["seats"]}


async def test_a_lock_is_granted_with_its_holds_and_receipt(place: Place) -> None:
    """Seats by id, each with its expiry and first-lock time, at the version that the lock made."""
    async with place.guest() as client:
        before = (await client.get(f"{SEATS}/status")).json()["version"]
        answer = await lock(client, "F8", "F7")
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"version", "locked", "holds", "holds_version", "receipt"}
    assert sorted(body["locked"]) == ["F7", "F8"]
    assert sorted(body["holds"], key=lambda hold: str(hold["seat"])) == [
        {"seat": seat, "expires_at": START + LIMITS.hold_ms, "first_at": START} for seat in ("F7", "F8")
    ]
    assert body["version"] == body["holds_version"] == before + 1
    assert body["receipt"].isascii()


async def test_others_see_the_lock_and_not_whose_it_is(place: Place) -> None:
    """`mine` and `expires_at` are for the holder alone; every seat has its price."""
    async with place.guest() as owner, place.guest() as other, place.client() as nobody:
        await lock(owner, "F7")
        own, others, anonymous = await status(owner), await status(other), await status(nobody)
    assert own["F7"]["mine"]
    assert own["F7"]["expires_at"] == START + LIMITS.hold_ms
    for seen in (others, anonymous):
        assert seen["F7"]["status"] == "locked"
        assert not seen["F7"]["mine"]
        assert "expires_at" not in seen["F7"]
    assert own["F8"] == others["F8"]
    assert {seat["status"] for seat in own.values()} == {"available", "locked", "blocked"}
    assert {(seat["price"], seat["currency"]) for seat in own.values()} == {
        (75_000, "VND"),
        (95_000, "VND"),
        (140_000, "VND"),
    }


async def test_of_two_who_want_a_seat_one_gets_it(place: Place) -> None:
    """The other is told which seat it was, and holds nothing of its request."""
    async with place.guest() as first, place.guest() as second:
        answers = await asyncio.gather(lock(first, "F7", "F8"), lock(second, "F8", "F9"))
        granted, refused = sorted(answers, key=lambda answer: answer.status_code)
        assert granted.status_code == 200
        assert problem(refused, 409, "seats_unavailable")["seats"] == ["F8"]
        seats = await status(first)
    assert sum(seats[seat]["status"] == "locked" for seat in ("F7", "F8", "F9")) == 2


async def test_mode_any_takes_what_is_free_and_says_why_not_the_rest(place: Place) -> None:
    """Granted in part: 200 with `rejected`; nothing granted: 409 with it."""
    async with place.guest() as first, place.guest() as second:
        await lock(first, "F7")
        part = await lock(second, "F7", "F8", mode="any")
        nothing = await lock(second, "F7", mode="any")
    assert (part.status_code, part.json()["locked"]) == (200, ["F8"])
    assert part.json()["rejected"] == [{"seat": "F7", "code": "seats_unavailable"}]
    assert problem(nothing, 409, "seats_unavailable")["rejected"] == [{"seat": "F7", "code": "seats_unavailable"}]


async def test_no_more_seats_than_the_limit(place: Place) -> None:
    """The ninth is refused, and the eight stay."""
    async with place.guest() as client:
        assert (await lock(client, *(f"F{number}" for number in range(1, 9)))).status_code == 200
        problem(await lock(client, "F9"), 409, "limit_exceeded")
        assert sum(seat["mine"] for seat in (await status(client)).values()) == 8


@pytest.mark.parametrize(
    ("body", "query"), [({"seats": ["F7", "F8"]}, ""), (None, "?seats=F7,F8"), (None, "?all=1"), ({}, "?all=1")]
)
async def test_own_locks_are_released_in_three_ways(place: Place, body: dict[str, Any] | None, query: str) -> None:
    """By a body, by the query, or all of them; others see the seats free again."""
    async with place.guest() as owner, place.guest() as other:
        await lock(owner, "F7", "F8")
        answer = await owner.request("DELETE", f"{SEATS}/unlock{query}", json=body)
        assert answer.status_code == 200
        assert set(answer.json()) == {"version", "unlocked", "holds", "holds_version", "receipt"}
        assert sorted(answer.json()["unlocked"]) == ["F7", "F8"]
        assert answer.json()["holds"] == []
        assert (await status(other))["F7"]["status"] == "available"


async def test_unlocking_leaves_out_what_is_not_ones_own(place: Place) -> None:
    """Somebody else's seat stays locked, a free one stays free, and that is no error."""
    async with place.guest() as owner, place.guest() as other:
        await lock(owner, "F7")
        answer = await other.delete(f"{SEATS}/unlock?seats=F7,F8")
        assert (answer.status_code, answer.json()["unlocked"]) == (200, [])
        assert (await status(owner))["F7"]["mine"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", None),
        ("", {}),
        ("?seats=", None),
        ("?seats=F7,", None),
        ("?seats=F7,F7", None),
        ("?seats=F%207", None),
        ("?all=0", None),
        ("?all=true", None),
        ("?all=1&seats=F7", None),
        ("?all=1", {"seats": ["F7"]}),
        ("?seats=F7", {"seats": ["F7"]}),
        ("?seats=" + ",".join(f"A{n}" for n in range(101)), None),
    ],
)
async def test_what_to_unlock_is_said_in_exactly_one_way(place: Place, query: str, body: dict[str, Any] | None) -> None:
    """Nothing is released by an oversight."""
    async with place.guest() as client:
        await lock(client, "F7")
        problem(await client.request("DELETE", f"{SEATS}/unlock{query}", json=body), 422, "bad_request")
        assert (await status(client))["F7"]["mine"]


async def test_locks_are_extended_up_to_their_cap(place: Place) -> None:
    """A full hold from now, never past the cap; then `hold_cap`."""
    async with place.guest() as client:
        await lock(client, "F7", "F8")
        place.clock.ms += 20_000
        named = await client.put(f"{SEATS}/extend-lock", json={"seats": ["F7"]})
        assert set(named.json()) == {"version", "extended", "holds", "holds_version", "receipt"}
        assert named.json()["extended"] == ["F7"]
        ends = {hold["seat"]: hold["expires_at"] - START for hold in named.json()["holds"]}
        assert ends == {"F7": 80_000, "F8": 60_000}
        place.clock.ms += 20_000
        both = await client.put(f"{SEATS}/extend-lock")
        assert {hold["expires_at"] - START for hold in both.json()["holds"]} == {LIMITS.max_hold_ms}
        problem(await client.put(f"{SEATS}/extend-lock", json={}), 409, "hold_cap")


async def test_nobody_extends_what_somebody_else_holds(place: Place) -> None:
    """`not_held` names the seat, and nothing changes, one's own seats included."""
    async with place.guest() as owner, place.guest() as other:
        await lock(owner, "F7")
        await lock(other, "F8")
        place.clock.ms += 10_000
        refused = await other.put(f"{SEATS}/extend-lock", json={"seats": ["F8", "F7"]})
        assert problem(refused, 409, "not_held")["seats"] == ["F7"]
        for client, seat in ((owner, "F7"), (other, "F8")):
            assert (await status(client))[seat]["expires_at"] == START + LIMITS.hold_ms


async def test_a_lock_that_ran_out_is_anybodys(place: Place) -> None:
    """Also before anything has announced it; and it is not the former holder's any more."""
    async with place.guest() as first, place.guest() as second:
        await lock(first, "F7")
        place.clock.ms += LIMITS.hold_ms
        assert not (await status(first))["F7"]["mine"]
        assert (await lock(second, "F7")).status_code == 200
        assert (await status(second))["F7"]["mine"]


async def test_unknown_seats_are_named(place: Place) -> None:
    """The whole request is refused, in every mode and on every route."""
    async with place.guest() as client:
        for answer in (
            await lock(client, "F7", "Z99", "f8"),
            await lock(client, "F7", "Z99", "f8", mode="any"),
            await client.delete(f"{SEATS}/unlock?seats=Z99,F7,f8"),
            await client.put(f"{SEATS}/extend-lock", json={"seats": ["Z99", "f8"]}),
        ):
            assert problem(answer, 422, "unknown_seat")["seats"] == ["Z99", "f8"]
        assert not (await status(client))["F7"]["mine"]


async def test_checks_come_in_the_order_of_the_contract(place: Place) -> None:
    """Bad request, then holder, then unknown seat, then what the store has to say."""
    async with place.client() as nobody, place.guest() as client, place.guest() as other:
        await lock(other, "F7")
        problem(await lock(nobody, "Z99", "Z99"), 422, "bad_request")
        problem(await nobody.delete(f"{SEATS}/unlock"), 422, "bad_request")
        problem(await lock(nobody, "Z99"), 401, "unauthenticated")
        problem(await lock(client, "F7", "Z99"), 422, "unknown_seat")
        problem(await lock(client, *(f"F{number}" for number in range(1, 10))), 409, "limit_exceeded")
        problem(await lock(client, "F7"), 409, "seats_unavailable")
        place.clock.ms = 4_200_000_000_000
        late, _ = place.sessions.tokens.issue()
        bearer = {"Authorization": f"Bearer {late}"}
        closed = await client.post(f"{SEATS}/lock", json={"seats": ["F7"]}, headers=bearer)
        problem(closed, 409, "sales_closed")


@pytest.mark.parametrize(("path", "body"), [("lock", {"best": {"count": 2}}), ("restore", {"receipt": "whatever"})])
async def test_what_is_not_offered_yet_changes_nothing_and_says_so(
    place: Place, path: str, body: dict[str, Any]
) -> None:
    """`unavailable`, outcome `none`, for who has a session; others are asked for one first."""
    async with place.client() as nobody, place.guest() as client:
        problem(await nobody.post(f"{SEATS}/{path}", json=body), 401, "unauthenticated")
        answer = await client.post(f"{SEATS}/{path}", json=body)
        document = problem(answer, 503, "unavailable")
    assert document["outcome"] == "none"
    assert int(answer.headers["retry-after"]) * 1000 >= document["retry_after_ms"] > 0


async def test_status_is_not_sent_again_until_something_changes(place: Place) -> None:
    """304 for the same position and holder, on every changed letter, extension and expiry a new answer."""
    async with place.guest() as client, place.guest() as other:
        tags = set()

        async def changed() -> bool:
            answer = await client.get(f"{SEATS}/status")
            tag = answer.headers["etag"]
            assert tag.startswith('W/"')
            assert answer.headers["cache-control"] == "private, no-cache"
            again = await client.get(f"{SEATS}/status", headers={"If-None-Match": f'"x", {tag}'})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            new = tag not in tags
            tags.add(tag)
            return new

        assert await changed()
        assert not await changed()
        await lock(client, "F7")
        assert await changed()
        await lock(other, "F8")
        assert await changed()
        place.clock.ms += 10_000
        await client.put(f"{SEATS}/extend-lock")
        assert await changed()
        place.clock.ms += LIMITS.hold_ms
        assert await changed()
        assert not await changed()


async def test_status_of_one_holder_is_not_anothers(place: Place) -> None:
    """The validator differs by holder, and shared caches are told why."""
    async with place.guest() as first, place.guest() as second, place.client() as nobody:
        answers = [await client.get(f"{SEATS}/status") for client in (first, second, nobody)]
    assert len({answer.headers["etag"] for answer in answers}) == 3
    assert all({"Cookie", "Authorization"} <= set(answer.headers["vary"].split(", ")) for answer in answers)


async def test_letters_and_own_seats_are_of_one_version(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock between the two reads does not show a seat as free and one's own at once."""
    async with place.guest() as client:
        snapshot = place.store.snapshot

        async def then_a_lock(showtime: str) -> Snapshot:
            letters = await snapshot(showtime)
            monkeypatch.undo()
            await lock(client, "F7")
            return letters

        monkeypatch.setattr(place.store, "snapshot", then_a_lock)
        seen = (await status(client))["F7"]
    assert (seen["status"], seen["mine"]) == ("locked", True)
