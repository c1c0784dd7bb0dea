"""`/healthz` and `/readyz` of the whole application, on servers that are as they should be, or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from server.embedded import Addresses, EmbeddedValkey
from server.main import create_app
from server.web import health
from tests.integration.app import settings_for

NOBODY = "127.0.0.1:1"
"""Where nothing listens."""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no dependency that is gone."""
    monkeypatch.setattr(health, "PROBE_TIMEOUT_S", 30.0)


@asynccontextmanager
async def client_of(folder: Path, prefix: str, redis_url: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application that `cinebook run` serves, started over these servers."""
    settings = settings_for(folder, prefix, redis_timeout_ms=2000, database_timeout_ms=5000)
    app = create_app(settings, Addresses(redis_url=redis_url, database_url=database_url), address="http://127.0.0.1")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as client,
    ):
        yield client


async def readiness(client: httpx.AsyncClient) -> tuple[int, dict[str, str], dict[str, Any]]:
    """The status, each dependency's state, and the whole answer; the process itself lives in any case."""
    assert (await client.get("/healthz")).status_code == 200
    answer = await client.get("/readyz")
    document = answer.json()
    return answer.status_code, {name: check["state"] for name, check in document["checks"].items()}, document


async def test_ready_when_every_dependency_is(tmp_path: Path, key_prefix: str, redis_url: str, seeded_url: str) -> None:
    """Both are named and well; the database of the tests, which waits for no disk, is found out."""
    async with client_of(tmp_path, key_prefix, redis_url, seeded_url) as client:
        status, states, document = await readiness(client)
    assert (status, document["ready"]) == (200, True)
    assert states == {"seat store": "ok", "database": "degraded"}
    assert "fsync=off" in str(document["checks"]["database"]["findings"])


async def test_not_ready_without_the_seat_store(tmp_path: Path, key_prefix: str, seeded_url: str) -> None:
    """503, and it is the store that is named."""
    async with client_of(tmp_path, key_prefix, f"redis://{NOBODY}", seeded_url) as client:
        status, states, document = await readiness(client)
    assert (status, document["ready"]) == (503, False)
    assert states == {"seat store": "gone", "database": "degraded"}


async def test_not_ready_without_the_database(tmp_path: Path, key_prefix: str, redis_url: str) -> None:
    """503, it is the database that is named, and no part of its address is told."""
    url = f"postgresql://cinebook:hunter2@{NOBODY}/cinebook"
    async with client_of(tmp_path, key_prefix, redis_url, url) as client:
        status, states, document = await readiness(client)
    assert (status, document["ready"]) == (503, False)
    assert states == {"seat store": "ok", "database": "gone"}
    assert "hunter2" not in str(document)


async def test_a_store_that_may_forget_is_said_loudly(key_prefix: str, seeded_url: str, servers_folder: Path) -> None:
    """It serves, but a `maxmemory-policy` other than `noeviction` is named."""
    folder = servers_folder / "forgetful"
    with EmbeddedValkey(folder, persistent=False) as valkey:
        async with Redis.from_url(valkey.url) as redis:
            await redis.config_set("maxmemory-policy", "allkeys-lru")
        async with client_of(folder, key_prefix, valkey.url, seeded_url) as client:
            status, states, document = await readiness(client)
    assert (status, document["ready"]) == (200, True)
    assert states["seat store"] == "degraded"
    assert "maxmemory-policy is allkeys-lru" in str(document["checks"]["seat store"]["findings"])
