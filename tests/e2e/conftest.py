"""One browser and one server for all of these tests; people with windows for each."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from server.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.e2e.browser import find
from tests.e2e.server import Server
from tests.e2e.visitor import LIMIT_MS, Visitor

SWITCHES = (
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--no-proxy-server",
)

Arrive = Callable[..., Coroutine[Any, Any, Visitor]]

expect.set_options(timeout=LIMIT_MS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium without a screen."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=find(), args=SWITCHES, timeout=120_000)
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
def demo_url(postgres: EmbeddedPostgres, seeded_template: str) -> str:
    """A database with the demo data, which these tests only read."""
    postgres.sql(f"CREATE DATABASE demo_for_e2e TEMPLATE {seeded_template}")
    return postgres.url_of("demo_for_e2e")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(
    valkey: EmbeddedValkey, demo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """The server that most tests share; each takes seats that are free."""
    async with serving(tmp_path_factory.mktemp("server"), valkey, demo_url, "e2e") as shared:
        yield shared


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hasty_server(
    valkey: EmbeddedValkey, demo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """A server whose holds last six seconds: a page is there before on a busy machine too."""
    folder = tmp_path_factory.mktemp("hasty")
    async with serving(folder, valkey, demo_url, "hasty", hold_ms=6000, max_hold_ms=6000) as shared:
        yield shared


@pytest_asyncio.fixture(loop_scope="session")
async def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedValkey]:
    """A Valkey for one test, which keeps nothing."""
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey"), persistent=False) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def own_server(own_valkey: EmbeddedValkey, demo_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    """A server for one test, on its own Valkey."""
    async with serving(tmp_path, own_valkey, demo_url, "own", redis_timeout_ms=1000) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser) -> AsyncIterator[Arrive]:
    """Makes visitors of a server; in the end none of their pages may have complained of anything unexpected.

    `expecting` is a pattern of complaints that the test brings about itself.
    """
    visitors: list[tuple[Visitor, re.Pattern[str] | None]] = []

    async def make(server: Server, *, expecting: re.Pattern[str] | None = None, **options: Any) -> Visitor:
        visitor = await Visitor(browser, server.url).begin(**options)
        visitors.append((visitor, expecting))
        return visitor

    yield make
    for visitor, _ in visitors:
        await visitor.end()
    complaints = [
        complaint
        for visitor, expected in visitors
        for complaint in visitor.complaints
        if expected is None or not expected.search(complaint)
    ]
    assert complaints == []


@asynccontextmanager
async def serving(
    folder: Path, valkey: EmbeddedValkey, database_url: str, prefix: str, **settings: object
) -> AsyncIterator[Server]:
    """A server on these databases, for as long as the block runs."""
    # A slow machine is no store that is away.
    more: dict[str, object] = {"sweep_ms": 100, "redis_timeout_ms": 5000} | settings
    server = Server(folder, redis_url=valkey.url, redis_prefix=f"{prefix}:", database_url=database_url, **more)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
