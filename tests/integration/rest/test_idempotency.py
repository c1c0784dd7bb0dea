"""`Idempotency-Key` on the seat routes."""

import asyncio

import httpx

from tests.integration.rest.place import Place, problem

SEATS = "/api/v1/showtimes/demo/seats"
KEY = {"Idempotency-Key": "a key"}


async def lock(client: httpx.AsyncClient, *seats: str, key: str = "a key") -> httpx.Response:
    """Ask for these seats under a key."""
    return await client.post(f"{SEATS}/lock", json={"seats": seats}, headers={"Idempotency-Key": key})


async def test_a_lock_sent_again_gets_the_same_answer(place: Place) -> None:
    """Byte for byte, with the header that says so, though the seats were given up since; others' keys are their own."""
    async with place.guest() as guest, place.guest() as other:
        first = await lock(guest, "F7", "F8")
        assert first.status_code == 200
        assert "idempotent-replayed" not in first.headers
        await guest.request("DELETE", f"{SEATS}/unlock", params={"all": 1})
        assert (await lock(other, "F7")).status_code == 200
        place.clock.ms += 1000

        again = await lock(guest, "F7", "F8")
        status = (await guest.get(f"{SEATS}/status")).json()["seats"]

    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert not any(seat["mine"] for seat in status)


async def test_an_extension_sent_again_gains_nothing_more(place: Place) -> None:
    """It has a key of its own kind: that of a lock before it does not count."""
    async with place.guest() as guest:
        await lock(guest, "F7")
        place.clock.ms += 1000
        first = await guest.put(f"{SEATS}/extend-lock", json={}, headers=KEY)
        place.clock.ms += 1000
        again = await guest.put(f"{SEATS}/extend-lock", headers=KEY)

    assert first.json()["extended"] == ["F7"]
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"


async def test_another_body_under_the_key_is_refused(place: Place) -> None:
    """422, and nothing is locked by it."""
    async with place.guest() as guest:
        await lock(guest, "F7")
        problem(await lock(guest, "F8"), 422, "idempotency_mismatch")
        problem(
            await guest.post(f"{SEATS}/lock", json={"seats": ["F7"], "mode": "any"}, headers=KEY),
            422,
            "idempotency_mismatch",
        )
        answer = await lock(guest, "F8", key="another key")
    assert sorted(hold["seat"] for hold in answer.json()["holds"]) == ["F7", "F8"]


async def test_a_refusal_is_not_kept(place: Place) -> None:
    """Once the seat is free the same request under the same key gets it."""
    async with place.guest() as guest, place.guest() as other:
        await lock(other, "F7")
        problem(await lock(guest, "F7"), 409, "seats_unavailable")
        await other.request("DELETE", f"{SEATS}/unlock", params={"all": 1})
        assert (await lock(guest, "F7")).json()["locked"] == ["F7"]


async def test_a_key_that_is_none_is_refused_before_all_else(place: Place) -> None:
    """Empty or too long: `bad_request`, also of somebody without a session."""
    async with place.client() as nobody:
        for key in ("", "k" * 256):
            for method, path in (("POST", "lock"), ("PUT", "extend-lock")):
                answer = await nobody.request(
                    method, f"{SEATS}/{path}", json={"seats": ["F7"]}, headers={"Idempotency-Key": key}
                )
                assert problem(answer, 422, "bad_request")["errors"][0]["field"] == "Idempotency-Key"


async def test_forty_at_once_are_one(place: Place) -> None:
    """One of them locks, and all of them are answered alike."""
    async with place.guest() as guest:
        answers = await asyncio.gather(*(lock(guest, "F7", "F8") for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
