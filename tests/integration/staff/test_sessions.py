"""Signing in and out."""

import hashlib

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from server.domain.staff import CLI, Role
from tests.integration.rest.place import STAFF_IDLE_MS, STAFF_SESSION_MS, START, Place, problem
from tests.integration.staff.conftest import PASSWORD, SESSION, acts, employ, sign_in, signed_in


async def test_signing_in_sets_a_cookie_that_says_who_it_is(place: Place) -> None:
    """Whatever the case of the login; the cookie is out of reach for scripts and other sites, and no token is told."""
    async with place.client() as browser:
        answer = await sign_in(browser, "Mai")
        assert answer.status_code == 201
        known = answer.json()
        assert known["expires_at"] == START + STAFF_SESSION_MS
        assert known["account"] | {"id": "-"} == {"id": "-", "login": "mai", "name": "Mai", "role": "manager"}
        assert (await browser.get(SESSION)).json() == known
    name, _, token = answer.headers["set-cookie"].split("; ")[0].partition("=")
    assert name == place.staff.cookie.name
    assert token not in answer.text
    attributes = {part.lower() for part in answer.headers["set-cookie"].split("; ")[1:]}
    assert attributes == {"httponly", "samesite=strict", "path=/"}


async def test_the_token_is_kept_as_a_hash_alone(place: Place) -> None:
    """Who reads the table cannot sign in by it."""
    async with signed_in(place, "mai") as browser:
        token = browser.cookies[place.staff.cookie.name]
    async with place.engine.connect() as connection:
        (kept,) = (await connection.execute(text("SELECT token_hash FROM staff_sessions"))).scalars()
    assert kept == hashlib.sha256(token.encode()).digest()


@pytest.mark.parametrize("login", ["binh", "nobody", "bình", "Kelvin\u212a", "' OR 1=1 --", "a\0b", "<b>mai</b>"])
async def test_what_is_wrong_is_not_told(place: Place, login: str) -> None:
    """A wrong password, an account that is not there and a login that none can have get the same answer."""
    async with place.client() as browser:
        document = problem(await sign_in(browser, login, "another password"), 401, "unauthenticated")
        reference = problem(await sign_in(browser, "mai", "another password"), 401, "unauthenticated")
        assert document | {"instance": ""} == reference | {"instance": ""}
        assert not browser.cookies
        problem(await browser.get(SESSION), 401, "unauthenticated")


async def test_no_account_takes_as_long_as_a_wrong_password(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer costs one hash of the same parameters, whether there is an account or not."""
    worked: list[str] = []

    def count(name: str) -> None:
        real = getattr(PasswordHasher, name)

        def counted(*given: object) -> object:
            worked.append(name)
            return real(*given)

        monkeypatch.setattr(PasswordHasher, name, counted)

    count("hash")
    count("verify")
    async with place.client() as browser:
        for login in ("mai", "nobody", "bình"):
            await sign_in(browser, login, "another password")
    assert worked == ["verify", "hash", "hash"]


async def test_a_cookie_is_worth_nothing_after_signing_out(place: Place) -> None:
    """Also a copy of it, and only that one: another browser of the same person stays."""
    async with signed_in(place, "mai") as browser, signed_in(place, "mai") as other:
        copied = {"cookie": f"{place.staff.cookie.name}={browser.cookies[place.staff.cookie.name]}"}
        answer = await browser.delete(SESSION)
        assert (answer.status_code, answer.json()) == (200, {"signed_out": True})
        assert not browser.cookies
        async with place.client(**copied) as thief:
            problem(await thief.get(SESSION), 401, "unauthenticated")
            problem(await thief.delete(SESSION), 401, "unauthenticated")
        assert (await other.get(SESSION)).status_code == 200


async def test_a_session_ends_without_use_and_at_its_end(place: Place) -> None:
    """Use keeps it alive, but not beyond its absolute end."""
    async with signed_in(place, "mai") as browser, signed_in(place, "binh") as idle:
        for _ in range(STAFF_SESSION_MS // (STAFF_IDLE_MS - 1)):
            place.clock.ms += STAFF_IDLE_MS - 1
            assert (await browser.get(SESSION)).status_code == 200
        problem(await idle.get(SESSION), 401, "unauthenticated")
        place.clock.ms = START + STAFF_SESSION_MS - 1
        assert (await browser.get(SESSION)).status_code == 200
        place.clock.ms += 1
        problem(await browser.get(SESSION), 401, "unauthenticated")


async def test_a_disabled_account_is_out_at_once(place: Place) -> None:
    """Its sessions end, and the right password opens no other."""
    async with signed_in(place, "binh") as browser:
        await place.staff.accounts.disable("binh", actor=CLI)
        problem(await browser.get(SESSION), 401, "unauthenticated")
        problem(await sign_in(browser, "binh"), 401, "unauthenticated")


async def test_another_password_ends_every_session(place: Place) -> None:
    """The old one opens none any more, the new one does."""
    async with signed_in(place, "binh") as browser:
        password_hash = await place.staff.passwords.hash("quite another password")
        await place.staff.accounts.set_password("binh", password_hash, actor=CLI)
        problem(await browser.get(SESSION), 401, "unauthenticated")
        problem(await sign_in(browser, "binh"), 401, "unauthenticated")
        assert (await sign_in(browser, "binh", "quite another password")).status_code == 201


async def test_guests_and_staff_are_not_mistaken_for_each_other(place: Place) -> None:
    """A guest's token opens nothing to staff, nor staff's to guests, under either name of the cookie or as Bearer."""
    guest, _ = place.sessions.tokens.issue()
    async with signed_in(place, "mai") as browser:
        staff = browser.cookies[place.staff.cookie.name]
    async with place.client(cookie=f"{place.staff.cookie.name}={guest}") as client:
        problem(await client.get(SESSION), 401, "unauthenticated")
    async with place.client(cookie=f"{place.sessions.cookie.name}={staff}") as client:
        problem(await client.get(SESSION), 401, "unauthenticated")
        renewed = (await client.post("/api/v1/sessions")).json()
        assert place.sessions.tokens.read(renewed["token"]).id != staff
    for token in (guest, staff):
        async with place.client(authorization=f"Bearer {token}") as client:
            problem(await client.get(SESSION), 401, "unauthenticated")


async def test_a_good_cookie_counts_beside_bad_ones(place: Place) -> None:
    """Another host of the same site may have set one of the same name; of very many only some are looked at."""
    name = place.staff.cookie.name
    async with signed_in(place, "mai") as browser:
        token = browser.cookies[name]
    forged = f"{name}={'x' * 43}"
    async with place.client(cookie=f"{name}=forged; {forged}; {name}={token}") as client:
        assert (await client.get(SESSION)).status_code == 200
    async with place.client(cookie="; ".join([forged] * 3 + [f"{name}={token}"])) as client:
        problem(await client.get(SESSION), 401, "unauthenticated")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_another_site_signs_nobody_in_or_out(place: Place, method: str) -> None:
    """A page elsewhere can neither end a session nor put its visitor into one of its own."""
    hostile = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    async with signed_in(place, "mai") as browser:
        body = {"login": "binh", "password": PASSWORD}
        problem(await browser.request(method, SESSION, json=body, headers=hostile), 403, "forbidden")
        assert (await browser.get(SESSION)).json()["account"]["login"] == "mai"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"login": "mai", "password": "' + b"a" * 1_000_000 + b'"}', 413, "too_large"),
        (b'{"login": "mai", "password": "' + b"a" * 1025 + b'"}', 422, "bad_request"),
        (b'{"login": "' + b"m" * 257 + b'", "password": "a"}', 422, "bad_request"),
        (b'{"login": "mai", "password": ""}', 422, "bad_request"),
        (b'{"login": "mai"}', 422, "bad_request"),
        (b'{"login": ["mai"], "password": {"$ne": null}}', 422, "bad_request"),
        (b'{"login": "mai", "password": "\\ud800"}', 400, "malformed"),
        (b'{"login": "mai", "password": "\xff"}', 400, "malformed"),
        (b"login=mai&password=a", 400, "malformed"),
        (b'{"login": "mai", "password": "nul \\u0000 nul"}', 401, "unauthenticated"),
        (b'{"login": "mai", "password": "correct horse battery\\u0000"}', 401, "unauthenticated"),
    ],
)
async def test_bad_input_is_refused_by_its_code(place: Place, body: bytes, status: int, code: str) -> None:
    """And signs nobody in."""
    async with place.client() as browser:
        answer = await browser.post(SESSION, content=body, headers={"Content-Type": "application/json"})
        problem(answer, status, code)
        assert not browser.cookies


async def test_a_form_of_another_kind_is_refused(place: Place) -> None:
    """What a plain HTML form sends is no JSON."""
    async with place.client() as browser:
        problem(await browser.post(SESSION, data={"login": "mai"}), 415, "unsupported_media_type")


async def test_a_password_is_the_same_however_it_was_typed(place: Place) -> None:
    """Keyboards put accents and letters together, or send them apart."""
    password_hash = await place.staff.passwords.hash("mật khẩu dài lắm")
    await place.staff.accounts.set_password("mai", password_hash, actor=CLI)
    async with place.client() as browser:
        assert (await sign_in(browser, "mai", "mật khẩu dài lắm")).status_code == 201


async def test_a_name_is_data(place: Place) -> None:
    """SQL and HTML in a name come out as they went in."""
    name = "<script>alert(1)</script>'; DROP TABLE staff; --"
    await employ(place, "odd", Role.BOX_OFFICE, name)
    async with signed_in(place, "odd") as browser:
        answer = await browser.get(SESSION)
    assert answer.json()["account"]["name"] == name
    assert answer.headers["content-type"] == "application/json"


async def test_a_hash_of_other_parameters_is_made_anew(place: Place) -> None:
    """Signing in renews it without ending other sessions."""
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    await place.staff.accounts.set_password("mai", old, actor=CLI)
    async with signed_in(place, "mai") as browser, signed_in(place, "mai"):
        assert (await browser.get(SESSION)).status_code == 200
    known = await place.staff.accounts.credentials("mai")
    assert known is not None
    assert known.password_hash.startswith("$argon2id$v=19$m=8,t=1,p=1$")


async def test_each_act_is_in_the_audit(place: Place) -> None:
    """Who signed in and out and who failed to, with the request, and without what was typed."""
    ids = {member.login: member.id for member in await place.staff.accounts.members()}
    async with place.client() as browser:
        await sign_in(browser, "mai", "another password")
        await sign_in(browser, "hunter2", "another password")
        request = (await sign_in(browser, "mai")).headers["x-request-id"]
        await browser.delete(SESSION)
    mai, binh = f"staff:{ids['mai']}", f"staff:{ids['binh']}"
    assert await acts(place) == [
        ("cli", "staff.add", mai),
        ("cli", "staff.add", binh),
        ("system", "staff.sign_in_failed", mai),
        ("system", "staff.sign_in_failed", "staff:unknown"),
        (ids["mai"], "staff.sign_in", mai),
        (ids["mai"], "staff.sign_out", mai),
    ]
    page = await place.staff.audit.page(after=None, limit=100)
    assert page.records[1].request == request
    assert "hunter2" not in repr(page)
    assert "another password" not in repr(page)


async def test_the_database_away_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is let in, and nobody is told to sign in again."""
    async with signed_in(place, "mai") as browser:
        await place.engine.dispose()

        async def refuse(*_: object, **__: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr("server.db.engine.asyncpg.connect", refuse)
        answers: list[httpx.Response] = [await browser.get(SESSION), await sign_in(browser, "mai")]
        for answer in answers:
            assert problem(answer, 503, "unavailable")["outcome"] == "none"
