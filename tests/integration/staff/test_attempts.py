"""Guessing passwords gets slower and slower, whichever worker is asked."""

import asyncio

import pytest
from sqlalchemy import text

from server.domain.attempts import FIRST_DELAY_MS, FORGET_MS, FREE_BY_ADDRESS, FREE_BY_LOGIN, LONGEST_DELAY_MS
from server.domain.errors import RateLimitedError
from server.domain.staff import CredentialsError
from tests.integration.rest.place import Place, problem
from tests.integration.staff.conftest import PASSWORD, SESSION, WRONG, sign_in


async def guess(place: Place, login: str, address: str, password: str = WRONG) -> None:
    """One attempt from an address."""
    await place.staff.sign_in(login, password, address=address)


async def fail(place: Place, login: str, address: str) -> None:
    """One attempt that is looked at, and fails."""
    with pytest.raises(CredentialsError):
        await guess(place, login, address)


async def wait(place: Place, login: str, address: str, password: str = PASSWORD) -> int:
    """How long an attempt is told to wait, without being looked at."""
    with pytest.raises(RateLimitedError) as refused:
        await guess(place, login, address, password)
    assert refused.value.retry_after_ms is not None
    return refused.value.retry_after_ms


async def test_failures_with_one_login_delay_the_next(place: Place) -> None:
    """From whatever address, in whatever case; even the right password has to wait, and each delay is longer."""
    for number in range(FREE_BY_LOGIN):
        await fail(place, "MAI", f"192.0.2.{number}")
    assert await wait(place, "mai", "198.51.100.1") == FIRST_DELAY_MS
    place.clock.ms += FIRST_DELAY_MS - 1
    assert await wait(place, "mai", "198.51.100.1") == 1
    place.clock.ms += 1
    await fail(place, "mai", "198.51.100.1")
    assert await wait(place, "mai", "198.51.100.1") == 2 * FIRST_DELAY_MS
    await guess(place, "binh", "198.51.100.1", PASSWORD)
    place.clock.ms += 2 * FIRST_DELAY_MS
    await guess(place, "mai", "198.51.100.1", PASSWORD)
    for _ in range(FREE_BY_LOGIN - 1):
        await fail(place, "mai", "198.51.100.1")
    await guess(place, "mai", "198.51.100.1", PASSWORD)


async def test_unknown_logins_are_limited_like_others(place: Place) -> None:
    """The limit does not tell which accounts there are."""
    for _ in range(FREE_BY_LOGIN):
        await fail(place, "nobody", "192.0.2.1")
    assert await wait(place, "nobody", "192.0.2.1") == FIRST_DELAY_MS


@pytest.mark.parametrize(
    ("addresses", "elsewhere"),
    [(["192.0.2.1"], "192.0.2.2"), (["2001:db8::1", "2001:db8::2"], "2001:db8:0:1::1")],
)
async def test_failures_from_one_address_delay_the_next(place: Place, addresses: list[str], elsewhere: str) -> None:
    """Whatever the logins; of IPv6 a whole network counts as one, and who comes from elsewhere is let in."""
    for number in range(FREE_BY_ADDRESS):
        await fail(place, f"guess-{number}", addresses[number % len(addresses)])
    assert await wait(place, "mai", addresses[0]) == FIRST_DELAY_MS
    await guess(place, "mai", elsewhere, PASSWORD)


async def test_signing_in_does_not_clear_the_address(place: Place) -> None:
    """Whoever has one account cannot guess others for ever by signing in between; but own sign-ins are no failures."""
    for number in range(FREE_BY_ADDRESS - 1):
        await fail(place, f"guess-{number}", "192.0.2.1")
        await guess(place, "binh", "192.0.2.1", PASSWORD)
    await guess(place, "binh", "192.0.2.1", PASSWORD)
    await fail(place, "guess", "192.0.2.1")
    assert await wait(place, "mai", "192.0.2.1") == FIRST_DELAY_MS


async def test_a_delay_has_a_longest_and_failures_are_forgotten(place: Place) -> None:
    """After a quarter of an hour without any, counting begins anew, and the old rows are removed."""
    for number in range(FREE_BY_LOGIN + 12):
        await fail(place, "mai", f"192.0.2.{number}")
        place.clock.ms += LONGEST_DELAY_MS
    place.clock.ms -= LONGEST_DELAY_MS
    assert await wait(place, "mai", "192.0.2.1") == LONGEST_DELAY_MS
    place.clock.ms += FORGET_MS
    await guess(place, "binh", "192.0.2.2", PASSWORD)
    async with place.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM staff_attempts"))).scalar_one() == 2
    for _ in range(FREE_BY_LOGIN):
        await fail(place, "mai", "192.0.2.1")
    assert await wait(place, "mai", "192.0.2.1") == FIRST_DELAY_MS


async def test_guesses_at_once_are_counted_before_they_are_looked_at(place: Place) -> None:
    """Of many at the same moment no more are let through than one after the other."""
    results = await asyncio.gather(
        *(guess(place, "mai", f"192.0.2.{number}") for number in range(12)), return_exceptions=True
    )
    assert [type(result) for result in results].count(CredentialsError) == FREE_BY_LOGIN
    assert [type(result) for result in results].count(RateLimitedError) == 12 - FREE_BY_LOGIN


async def test_the_answer_says_when_to_come_again(place: Place) -> None:
    """As a problem, in milliseconds and in the header; a login like a password is nowhere in the table."""
    async with place.client() as browser:
        for _ in range(FREE_BY_LOGIN):
            problem(await sign_in(browser, "mai", WRONG), 401, "unauthenticated")
        answer = await browser.post(SESSION, json={"login": "mai", "password": PASSWORD})
    assert problem(answer, 429, "rate_limited")["retry_after_ms"] == FIRST_DELAY_MS
    assert answer.headers["retry-after"] == "2"
    assert not browser.cookies
