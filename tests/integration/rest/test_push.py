"""Browsers subscribe over REST, each for its own holder."""

import dataclasses
from typing import Any

import pytest

from tests.browsers import PushBrowser
from tests.integration.rest.place import PUSH_HOSTS, Place, problem

PATH = "/api/v1/push/subscriptions"
ENDPOINT = f"https://{PUSH_HOSTS[0]}/send/1"


def body_of(browser: PushBrowser, **changes: Any) -> dict[str, Any]:
    """What a browser's `PushSubscription.toJSON()` says, as the page sends it."""
    kept = browser.subscription
    keys = {"p256dh": kept.p256dh, "auth": kept.auth} | changes.pop("keys", {})
    return {"endpoint": kept.endpoint, "expirationTime": None, "keys": keys, "locale": kept.locale, **changes}


def subscriptions(place: Place) -> Any:
    """Where the application keeps them."""
    return place.app.state.context.push.subscriptions


async def test_a_browser_subscribes_and_unsubscribes(place: Place) -> None:
    """It is kept as it said, once however often it says so, and forgotten when it asks."""
    browser = PushBrowser(ENDPOINT, "vi")
    token, holder = place.sessions.tokens.issue()
    async with place.client(authorization=f"Bearer {token}") as client:
        for _ in range(2):
            answer = await client.post(PATH, json=body_of(browser))
            assert (answer.status_code, answer.json()) == (201, {"subscribed": True})
        assert await subscriptions(place).of_holder(holder.id) == (browser.subscription,)
        gone = await client.request("DELETE", PATH, json={"endpoint": ENDPOINT})
        assert (gone.status_code, gone.json()) == (200, {"subscribed": False})
    assert await subscriptions(place).of_holder(holder.id) == ()


async def test_nobody_unsubscribes_another(place: Place) -> None:
    """Though the answer tells nobody whose it is."""
    browser = PushBrowser(f"{ENDPOINT}/own")
    token, holder = place.sessions.tokens.issue()
    async with place.client(authorization=f"Bearer {token}") as client, place.guest() as stranger:
        await client.post(PATH, json=body_of(browser))
        answer = await stranger.request("DELETE", PATH, json={"endpoint": browser.subscription.endpoint})
    assert answer.status_code == 200
    assert await subscriptions(place).of_holder(holder.id) == (browser.subscription,)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"endpoint": "https://169.254.169.254/latest/meta-data"}, "endpoint"),
        ({"endpoint": ENDPOINT.replace("https", "http")}, "endpoint"),
        ({"endpoint": f"{ENDPOINT}/{'a' * 1024}"}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"keys": {"p256dh": "AAAA"}}, "keys.p256dh"),
        ({"keys": {"auth": "AAAA"}}, "keys.auth"),
        ({"keys": {"auth": "<b>"}}, "keys.auth"),
        ({"locale": "fr"}, "locale"),
    ],
)
async def test_what_is_no_subscription_is_refused(place: Place, changes: dict[str, Any], field: str) -> None:
    """By the name of its fault; nothing is kept, and no address inside our network is ever asked."""
    token, holder = place.sessions.tokens.issue()
    async with place.client(authorization=f"Bearer {token}") as client:
        refused = problem(await client.post(PATH, json=body_of(PushBrowser(ENDPOINT), **changes)), 422, "bad_request")
    assert [error["field"] for error in refused["errors"]] == [field]
    assert await subscriptions(place).of_holder(holder.id) == ()


async def test_only_a_holder_subscribes(place: Place) -> None:
    """There would be nothing to tell others."""
    async with place.client() as client:
        problem(await client.post(PATH, json=body_of(PushBrowser(ENDPOINT))), 401, "unauthenticated")
        problem(await client.request("DELETE", PATH, json={"endpoint": ENDPOINT}), 401, "unauthenticated")


async def test_the_key_is_there_for_everybody(place: Place) -> None:
    """And where no push is configured, there is nothing."""
    async with place.client() as client:
        key = await client.get("/api/v1/push/key")
        assert key.json() == {"key": place.app.state.context.push.public_key}
        place.app.state.context = dataclasses.replace(place.app.state.context, push=None)
        problem(await client.get("/api/v1/push/key"), 404, "not_found")
