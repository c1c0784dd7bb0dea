"""The service worker in a real browser: what is pushed is shown, and nothing leads away from here."""

import json
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.e2e.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

REGISTER = """async () => {
  const { PushSwitch } = await import("/static/js/ui/push.js");
  const policy = trustedTypes.createPolicy("test", { createScriptURL: (url) => url });
  await navigator.serviceWorker.register(policy.createScriptURL("/sw.js"));
  await navigator.serviceWorker.ready;
  return typeof PushSwitch;
}"""

SHOWN = """async () => {
  const { active, getNotifications } = await navigator.serviceWorker.ready;
  const shown = await (await navigator.serviceWorker.ready).getNotifications();
  return shown.map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, path: data.path }));
}"""


async def test_a_push_is_shown_once_a_tag_and_leads_nowhere_else(browser: Browser, server: Server) -> None:
    """A later one of the same tag takes the place of the earlier; an address elsewhere becomes the front page."""
    context = await browser.new_context(permissions=["notifications"])
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    await session.send("ServiceWorker.enable")
    await page.goto(server.url)
    assert await page.evaluate(REGISTER) == "function"
    while not registrations:
        await page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    for path, tag in (("/orders/1", "order 1"), ("/showtimes/demo", "hold"), ("https://evil.example/x", "hold")):
        note = {"title": "T", "body": f"B {path}", "url": path, "tag": tag, "lang": "vi"}
        await session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": server.url, "registrationId": registrations[0]["registrationId"], "data": json.dumps(note)},
        )
    expected = [
        {"title": "T", "body": "B /orders/1", "tag": "order 1", "lang": "vi", "path": "/orders/1"},
        {"title": "T", "body": "B https://evil.example/x", "tag": "hold", "lang": "vi", "path": "/"},
    ]
    shown: list[dict[str, Any]] = []
    for _ in range(600):
        shown = sorted(await page.evaluate(SHOWN), key=lambda note: str(note["tag"]), reverse=True)
        if shown == expected:
            break
        await page.wait_for_timeout(50)
    await context.close()
    assert shown == expected
