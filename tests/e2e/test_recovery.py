"""The server or its store goes and comes back, and the pages go on without being reloaded."""

from collections.abc import Callable, Coroutine

import pytest
from playwright.async_api import expect

from server.embedded import EmbeddedValkey
from tests.e2e.conftest import Arrive
from tests.e2e.server import Server
from tests.e2e.visitor import LIMIT_MS, LOST_CONNECTION, Hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARK = "window.markOfThisPage = true"


@pytest.mark.parametrize("end", [Server.stop, Server.crash])
async def test_the_server_is_restarted(
    own_server: Server, arrive: Arrive, end: Callable[[Server], Coroutine[None, None, None]]
) -> None:
    """Two pages notice that the server is away, come back to it by themselves, and work as before."""
    one, other = [await (await arrive(own_server, expecting=LOST_CONNECTION)).hall() for _ in range(2)]
    for hall in (one, other):
        await hall.page.evaluate(MARK)
    kept, later = await one.free(2)
    await one.choose(kept)
    await end(own_server)
    for hall in (one, other):
        await hall.connected("offline")
    await one.seat(later).click()
    await expect(one.refusal).to_contain_text("Not connected right now")
    await own_server.start()
    for hall in (one, other):
        await hall.connected("live")
    await one.shows(kept, "L", mine=True)
    await other.shows(kept, "L")
    await _work(one, other, later)


async def test_the_store_is_lost(own_server: Server, own_valkey: EmbeddedValkey, arrive: Arrive) -> None:
    """While the store is away a click is refused; when it is back, empty, both pages show that and work as before.

    The one whose seat is gone with it is told.
    """
    one, other = [await (await arrive(own_server, expecting=LOST_CONNECTION)).hall() for _ in range(2)]
    for hall in (one, other):
        await hall.page.evaluate(MARK)
    held, later = await one.free(2)
    await one.choose(held)
    await other.shows(held, "L")
    own_valkey.kill()
    await one.seat(later).click()
    await expect(one.refusal).to_be_visible(timeout=LIMIT_MS)
    own_valkey.start()
    for hall in (one, other):
        await hall.shows(held, "A")
        await hall.connected("live")
    await expect(one.basket).to_have_count(0)
    await expect(one.notice).to_contain_text(f"Seat {held} could not be kept", timeout=LIMIT_MS)
    await expect(other.notice).to_be_hidden()
    await _work(one, other, later)


async def _work(one: Hall, other: Hall, seat: str) -> None:
    """Both pages are those that were opened, and one sees what the other does."""
    await one.choose(seat)
    await other.shows(seat, "L")
    for hall in (one, other):
        assert await hall.page.evaluate("window.markOfThisPage")
