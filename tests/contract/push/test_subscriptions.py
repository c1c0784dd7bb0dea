"""Push subscriptions: a browser is one endpoint, a holder has a few."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.push import PostgresPushSubscriptions
from server.ports.push import MAX_SUBSCRIPTIONS, PushSubscription, PushSubscriptions


@pytest.fixture
def subscriptions(engine: AsyncEngine) -> PushSubscriptions:
    """The subscriptions on PostgreSQL."""
    return PostgresPushSubscriptions(engine)


def browser(number: int, *, auth: str = "auth", locale: str = "vi") -> PushSubscription:
    """A browser's subscription."""
    return PushSubscription(endpoint=f"https://push.example/{number}", p256dh="key", auth=auth, locale=locale)


async def test_a_browser_is_kept_once(subscriptions: PushSubscriptions) -> None:
    """The newest of an endpoint stands, under whichever holder the browser has now."""
    await subscriptions.add("alice", browser(1))
    await subscriptions.add("alice", browser(1, auth="new", locale="en"))
    assert await subscriptions.of_holder("alice") == (browser(1, auth="new", locale="en"),)
    await subscriptions.add("bob", browser(1))
    assert await subscriptions.of_holder("alice") == ()
    assert await subscriptions.of_holder("bob") == (browser(1),)


async def test_a_holder_has_a_few(subscriptions: PushSubscriptions) -> None:
    """Beyond the limit the oldest are forgotten, and nobody else's."""
    await subscriptions.add("bob", browser(99))
    for number in range(MAX_SUBSCRIPTIONS + 2):
        await subscriptions.add("alice", browser(number))
    kept = await subscriptions.of_holder("alice")
    assert kept == tuple(browser(number) for number in range(2, MAX_SUBSCRIPTIONS + 2))
    assert await subscriptions.of_holder("bob") == (browser(99),)


async def test_forgetting(subscriptions: PushSubscriptions) -> None:
    """An endpoint is forgotten by its holder or by the server, never by somebody else; one that is gone is no error."""
    await subscriptions.add("alice", browser(1))
    await subscriptions.remove(browser(1).endpoint, holder="bob")
    assert await subscriptions.of_holder("alice") == (browser(1),)
    await subscriptions.remove(browser(1).endpoint, holder="alice")
    await subscriptions.add("alice", browser(2))
    await subscriptions.remove(browser(2).endpoint)
    await subscriptions.remove(browser(2).endpoint)
    assert await subscriptions.of_holder("alice") == ()
