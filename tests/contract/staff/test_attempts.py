"""`SignInAttempts`: counted before they are looked at, by every worker, without ever waiting for each other."""

import asyncio
import random

import pytest

from server.domain.attempts import FIRST_DELAY_MS, FORGET_MS, Attempt, Subject
from server.domain.errors import RateLimitedError
from server.ports import SignInAttempts

NOW = 1_900_000_000_000


def subject(name: str, free: int = 2) -> Subject:
    """Somebody or some place."""
    return Subject(key=name.encode().ljust(32), free=free)


async def test_each_subject_is_counted(attempts: SignInAttempts) -> None:
    """By itself, whatever it comes with; one that has to wait holds the others back uncounted."""
    mai, here, there = subject("mai"), subject("here", 9), subject("there", 9)
    assert (await attempts.begin((mai, here), now=NOW)).counts == (1, 1)
    assert (await attempts.begin((mai, there), now=NOW)).counts == (2, 1)
    with pytest.raises(RateLimitedError) as refused:
        await attempts.begin((mai, here), now=NOW)
    assert refused.value.retry_after_ms == FIRST_DELAY_MS
    assert (await attempts.begin((subject("anh"), here), now=NOW)).counts == (1, 2)
    assert (await attempts.begin((mai, here), now=NOW + FIRST_DELAY_MS)).counts == (3, 3)


async def test_what_is_forgiven_was_none(attempts: SignInAttempts) -> None:
    """The first subject begins anew; the other has one less, and its own delay is gone, but not that of others."""
    mai, here = subject("mai", 9), subject("here")
    first = await attempts.begin((mai, here), now=NOW)
    second = await attempts.begin((mai, here), now=NOW)
    with pytest.raises(RateLimitedError):
        await attempts.begin((mai, here), now=NOW)
    await attempts.forgive(second, now=NOW)
    third = await attempts.begin((mai, here), now=NOW)
    assert third.counts == (1, 2)
    await attempts.forgive(first, now=NOW)
    with pytest.raises(RateLimitedError):
        await attempts.begin((mai, here), now=NOW)


async def test_failures_are_forgotten(attempts: SignInAttempts) -> None:
    """Counting begins anew after long enough without any."""
    mai, here = subject("mai", 9), subject("here", 9)
    await attempts.begin((mai, here), now=NOW)
    assert (await attempts.begin((mai, here), now=NOW + FORGET_MS - 1)).counts == (2, 2)
    assert (await attempts.begin((subject("anh"), here), now=NOW + 2 * FORGET_MS - 1)).counts == (1, 1)


async def test_many_at_once_neither_lose_a_count_nor_lock_up(attempts: SignInAttempts) -> None:
    """Crossing each other in every order, some forgiven, some old: each is counted, none fails otherwise."""
    order = random.Random(4)
    names = [subject(name, 1000) for name in ("a", "b", "c", "d")]
    old = [subject(f"old-{number}", 1000) for number in range(20)]
    for pair in zip(old[::2], old[1::2], strict=True):
        await attempts.begin(pair, now=NOW - 2 * FORGET_MS)

    async def one(number: int) -> Attempt:
        two = order.sample(names, 2)
        attempt = await attempts.begin((*two, old[number % len(old)]), now=NOW)
        if number % 4 == 0:
            await attempts.forgive(attempt, now=NOW)
        return attempt

    assert len(await asyncio.gather(*(one(number) for number in range(80)))) == 80
    fresh = (subject("e", 1000), subject("f", 1000))
    for pair, before in ((fresh, 0), (fresh[::-1], 10)):
        counted = await asyncio.gather(*(attempts.begin(pair, now=NOW) for _ in range(10)))
        assert sorted(attempt.counts for attempt in counted) == [(before + n, before + n) for n in range(1, 11)]
