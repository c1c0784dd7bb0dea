"""The store or the database does not answer: what is known is said, and reading goes on where it can."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedValkey
from tests.integration.rest.place import open_place, problem

LOCK = "/api/v1/showtimes/demo/seats/lock"
TIMEOUT_MS = 1000
"""After this a command is given up: soon, and longer than any answer takes on a busy machine."""


@pytest.fixture
def own_valkey(servers_folder: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey that this test may stop."""
    with EmbeddedValkey(servers_folder / "pausing", persistent=False) as server:
        yield server


@contextlib.contextmanager
def paused(server: EmbeddedValkey) -> Iterator[None]:
    """The server stands still inside of this."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def test_a_lock_without_an_answer_in_time_has_an_unknown_outcome(
    own_valkey: EmbeddedValkey, key_prefix: str, seeded_url: str
) -> None:
    """503 with `outcome` and `Retry-After`; pages and lists go on; afterwards the truth can be read."""
    async with (
        open_place(own_valkey.url, key_prefix, seeded_url, timeout_ms=TIMEOUT_MS) as place,
        place.guest() as guest,
    ):
        assert (await guest.post(LOCK, json={"seats": ["F7"]})).status_code == 200
        with paused(own_valkey):
            answer = await guest.post(LOCK, json={"seats": ["F8"]})
            document = problem(answer, 503, "unavailable")
            assert document["outcome"] == "unknown"
            assert int(answer.headers["retry-after"]) * 1000 >= document["retry_after_ms"] > 0
            assert (await guest.get("/api/v1/showtimes/demo")).status_code == 200
            assert (await guest.get("/api/v1/showtimes")).status_code == 200
            problem(await guest.get("/api/v1/showtimes/demo/seats/status"), 503, "unavailable")
        seats = (await guest.get("/api/v1/showtimes/demo/seats/status")).json()["seats"]
        assert next(seat for seat in seats if seat["seat"] == "F7")["mine"]


async def test_without_the_database_nothing_is_granted(redis_url: str, key_prefix: str) -> None:
    """503, outcome none, and no word of where the database should be."""
    url = "postgresql://cinebook:hunter2@127.0.0.1:1/cinebook"
    async with open_place(redis_url, key_prefix, url) as place, place.guest() as guest:
        for answer in (
            await guest.post(LOCK, json={"seats": ["F7"]}),
            await guest.get("/api/v1/showtimes"),
            await guest.get("/api/v1/showtimes/demo/layout"),
        ):
            assert problem(answer, 503, "unavailable")["outcome"] == "none"
            assert "hunter2" not in answer.text
