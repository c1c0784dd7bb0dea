"""The whole way from a seat to a ticket, through the application as it is wired, over real HTTP."""

from pathlib import Path

import httpx

from server.embedded import Addresses
from tests.integration.app import running, settings_for
from tests.integration.rest.shop.buying import API, check_out, hold


async def test_a_seat_is_bought_through_the_sandbox(
    redis_url: str, key_prefix: str, seeded_database_url: str, tmp_path: Path
) -> None:
    """Held, ordered, paid on the gateway's page, told by its callback, and shown with a ticket to who comes back."""
    addresses = Addresses(redis_url=redis_url, database_url=seeded_database_url)
    async with (
        running(settings_for(tmp_path, key_prefix), addresses) as app,
        httpx.AsyncClient(base_url=app.url, timeout=10) as browser,
    ):
        (await browser.post(f"{API}/sessions")).raise_for_status()
        await hold(browser, "F7")
        placed = (await check_out(browser, "F7", gateway="sandbox")).json()
        page, _, token = placed["payment"]["redirect_url"].partition("#")
        assert page.startswith(app.url)
        choice = {"token": token, "choice": "pay"}
        news = (await browser.post(f"{API}/sandbox/decision", json=choice)).raise_for_status().json()
        told = await browser.post(
            news["ipn_url"], content=news["callback"], headers={"Content-Type": news["content_type"]}
        )
        assert told.json() == {"verdict": "recorded"}
        back = await browser.get(news["return_url"])
        assert back.headers["location"] == f"/orders/{placed['id']}"
        order = (await browser.get(f"{API}/orders/{placed['id']}")).json()
    assert (order["state"], [ticket["seat"] for ticket in order["tickets"]]) == ("paid", ["F7"])
