"""`cinebook watch`: a showtime in a terminal."""

import asyncio
from pathlib import Path

import httpx
import pytest

from protocol.aio import SeatMapClient
from server.embedded import Addresses
from tests.command import Command
from tests.integration.app import running, settings_for
from tests.integration.cli.conftest import Cinebook
from tests.integration.cli.test_faults import complaint


async def test_it_prints_what_others_do(
    cinebook: Cinebook, tmp_path: Path, redis_url: str, key_prefix: str, seeded_database_url: str
) -> None:
    """The state first, then each change as soon as it happens, by the seats' names; Ctrl-C ends it with 0."""
    addresses = Addresses(redis_url=redis_url, database_url=seeded_database_url)
    async with running(settings_for(tmp_path, key_prefix), addresses) as app:
        host, port = app.url.removeprefix("http://").split(":")
        with cinebook("watch", "demo", host=host, port=port) as terminal:
            await _line_with(terminal, "connected")
            assert "available" in await _line_with(terminal, "version ")
            async with app.client(await app.session()) as person:
                seat = (await person.ready()).letters.index("A")
                name = await _name(person, app.url, seat)
                locked = await person.lock([seat])
                assert await _line_with(terminal, name) == f"version {locked.version}: {name} locked"
                freed = await person.unlock()
                assert await _line_with(terminal, name) == f"version {freed.version}: {name} available"
            await app.stop()
            await _line_with(terminal, "connection lost, trying again")
            await app.start()
            await _line_with(terminal, "connected")
            assert await asyncio.to_thread(terminal.interrupt) == 0
            assert terminal.errors == ""
        code, line = await asyncio.to_thread(complaint, cinebook("watch", "no-such", "--url", f"{app.url}/"))
    assert (code, line) == (1, f"cinebook: {app.url} has no showtime no-such")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1 cannot be reached: "),
        ("localhost:8000", "localhost:8000 cannot be reached: unknown url type: localhost"),
        ("http://a b", "http://a b "),
    ],
)
def test_a_server_that_cannot_be_read_is_named(cinebook: Cinebook, url: str, words: str) -> None:
    """Where no server is, one line says so."""
    code, line = complaint(cinebook("watch", "a seat?", "--url", url))
    assert code == 1
    assert line.startswith(f"cinebook: {words}")


async def _line_with(terminal: Command, text: str) -> str:
    """The next line with `text`, without its time of day."""
    line = await asyncio.to_thread(terminal.line_with, text)
    return line.partition("  ")[2]


async def _name(person: SeatMapClient, url: str, seat: int) -> str:
    async with httpx.AsyncClient(base_url=url) as http:
        layout = (await http.get("/api/v1/showtimes/demo/layout")).raise_for_status().json()
    assert person.welcome is not None
    assert layout["version"] == person.welcome.layout
    name: str = layout["seats"][seat]["id"]
    return name
