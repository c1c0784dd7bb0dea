"""Guest sessions over REST."""

from tests.integration.rest.place import SESSION_MS, START, Place, problem

LOCK = "/api/v1/showtimes/demo/seats/lock"


async def test_a_session_comes_as_token_and_cookie(place: Place) -> None:
    """Both name the same holder, and the cookie is out of reach for scripts and other sites."""
    async with place.client() as client:
        answer = await client.post("/api/v1/sessions")
    assert answer.status_code == 201
    token = answer.json()["token"]
    assert answer.json() == {"token": token, "expires_at": START + SESSION_MS}
    name = place.sessions.cookie.name
    parts = answer.headers["set-cookie"].split("; ")
    assert parts[0] == f"{name}={token}"
    assert {part.lower() for part in parts[1:]} == {
        "httponly",
        "samesite=lax",
        "path=/",
        f"max-age={SESSION_MS // 1000}",
    }


async def test_cookie_and_token_let_the_same_holder_write(place: Place) -> None:
    """What is locked by cookie is the token's own."""
    async with place.client() as browser:
        token = (await browser.post("/api/v1/sessions")).json()["token"]
        assert (await browser.post(LOCK, json={"seats": ["F7"]})).status_code == 200
    async with place.client(authorization=f"Bearer {token}") as program:
        again = await program.post(LOCK, json={"seats": ["F7", "F8"]})
    assert [hold["seat"] for hold in again.json()["holds"]] == ["F7", "F8"]


async def test_a_valid_session_is_renewed_not_replaced(place: Place) -> None:
    """The same holder, with a later end."""
    async with place.client() as browser:
        first = (await browser.post("/api/v1/sessions")).json()
        place.clock.ms += 60_000
        second = (await browser.post("/api/v1/sessions")).json()
    assert second["expires_at"] == first["expires_at"] + 60_000
    read = place.sessions.tokens.read
    assert read(first["token"]).id == read(second["token"]).id


async def test_bad_cookie_counts_as_none(place: Place) -> None:
    """Forged or expired: reading goes on without a holder, writing needs one, and a new session is somebody new."""
    token, holder = place.sessions.tokens.issue()
    place.clock.ms += SESSION_MS
    for bad in ("forged", token):
        async with place.client(cookie=f"{place.sessions.cookie.name}={bad}") as client:
            assert (await client.get("/api/v1/showtimes/demo/seats/status")).status_code == 200
            problem(await client.post(LOCK, json={"seats": ["F7"]}), 401, "unauthenticated")
            fresh = await client.post("/api/v1/sessions")
            assert place.sessions.tokens.read(fresh.json()["token"]).id != holder.id


async def test_bad_bearer_is_refused_everywhere_it_is_looked_at(place: Place) -> None:
    """Forged or expired, for reading, writing and renewing, with a hint how to authenticate."""
    token, _ = place.sessions.tokens.issue()
    place.clock.ms += SESSION_MS
    for bad in ("forged", token, ""):
        async with place.client(authorization=f"Bearer {bad}") as client:
            for answer in (
                await client.get("/api/v1/showtimes/demo/seats/status"),
                await client.post(LOCK, json={"seats": ["F7"]}),
                await client.post("/api/v1/sessions"),
            ):
                problem(answer, 401, "unauthenticated")
                assert answer.headers["www-authenticate"] == "Bearer"
                assert "set-cookie" not in answer.headers


async def test_another_site_cannot_open_a_session_or_lock(place: Place) -> None:
    """Whether a cookie came with it or not."""
    async with place.client() as browser:
        await browser.post("/api/v1/sessions")
        hostile = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        problem(await browser.post(LOCK, json={"seats": ["F7"]}, headers=hostile), 403, "forbidden")
        problem(await browser.post("/api/v1/sessions", headers=hostile), 403, "forbidden")
        own = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
        assert (await browser.post(LOCK, json={"seats": ["F7"]}, headers=own)).status_code == 200
