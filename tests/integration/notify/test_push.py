"""Pushes to a push service of the tests' own: readable by the browser, by nobody else, and signed by us."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from server.domain import base64url
from server.domain.errors import DeliveryError
from server.notify.push import PushNote, PushPolicy, SubscriptionGoneError, WebPush
from tests.browsers import PushBrowser
from tests.integration.notify.authority import Authority
from tests.integration.notify.far_end import far_end

NOW = 1_795_600_000_000
NOTE = PushNote(title="Ghế sắp hết", body="F7", url="/showtimes/demo", tag="hold demo", lang="vi")


@pytest.fixture
async def client(authority: Authority) -> AsyncIterator[httpx.AsyncClient]:
    """A client that trusts the tests' authority alone."""
    async with httpx.AsyncClient(timeout=20, verify=authority.client()) as opened:
        yield opened


def push_to(client: httpx.AsyncClient, url: str) -> WebPush:
    """One that knows this push service alone."""
    policy = PushPolicy((urlsplit(url).netloc,))
    return WebPush(client, policy, b"p" * 32, "mailto:a@tickets.example", lambda: NOW)


async def test_the_browser_reads_what_was_sent(client: httpx.AsyncClient, authority: Authority) -> None:
    """And the push service does not; how long it counts and what it replaces is said outside."""
    async with far_end((201, b""), authority=authority) as service:
        browser = PushBrowser(f"{service.url}/send/1")
        await push_to(client, service.url).send(browser.subscription, NOTE, ttl_s=60, urgent=True)
        await push_to(client, service.url).send(browser.subscription, NOTE, ttl_s=-1)
    first, again = service.got
    told = {"title": NOTE.title, "body": "F7", "url": "/showtimes/demo", "tag": "hold demo", "lang": "vi"}
    assert browser.read(first.body) == browser.read(again.body) == told
    assert first.body != again.body
    assert b"F7" not in first.body
    assert (first.method, first.path) == ("POST", "/send/1")
    assert first.headers["content-encoding"] == "aes128gcm"
    assert (first.headers["ttl"], first.headers["urgency"]) == ("60", "high")
    assert (again.headers["ttl"], again.headers["urgency"]) == ("0", "normal")
    assert first.headers["topic"] == again.headers["topic"]
    assert len(first.headers["topic"]) == 32


async def test_the_service_knows_who_sends(client: httpx.AsyncClient, authority: Authority) -> None:
    """By a signature under the key that the browser subscribed with, for this service and half a day."""
    async with far_end((201, b""), authority=authority) as service:
        push = push_to(client, service.url)
        await push.send(PushBrowser(f"{service.url}/send/1").subscription, NOTE, ttl_s=60)
    scheme, fields = service.got[0].headers["authorization"].split(" ", 1)
    parts = dict(part.strip().split("=", 1) for part in fields.split(","))
    assert scheme == "vapid"
    assert parts["k"] == push.public_key
    point = base64url.decode(push.public_key)
    x, y = (base64url.encode(half) for half in (point[1:33], point[33:]))
    token = jwt.decode(
        parts["t"], ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y}), algorithms=["ES256"]
    )
    assert token.claims == {"aud": service.url, "exp": NOW // 1000 + 43_200, "sub": "mailto:a@tickets.example"}


def test_the_key_is_the_installations(client: httpx.AsyncClient) -> None:
    """The same after every start, another for another secret."""
    keys = [
        WebPush(client, PushPolicy(()), seed, "mailto:a@b", lambda: NOW).public_key
        for seed in (b"p" * 32, b"p" * 32, b"q" * 32)
    ]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (403, True), (413, True), (302, True), (429, False), (500, False), (503, False)],
)
async def test_a_refusal_lasts_as_long_as_it_must(
    client: httpx.AsyncClient, authority: Authority, status: int, permanent: bool
) -> None:
    """Too many and broken services pass; what is wrong with the push does not; no redirect is followed."""
    async with far_end((status, b""), authority=authority) as service:
        with pytest.raises(DeliveryError) as caught:
            await push_to(client, service.url).send(PushBrowser(f"{service.url}/x").subscription, NOTE, ttl_s=1)
    assert (str(caught.value), caught.value.permanent) == (f"push: status {status}", permanent)
    assert not isinstance(caught.value, SubscriptionGoneError)
    assert len(service.got) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_unsubscribed_is_gone(
    client: httpx.AsyncClient, authority: Authority, status: int
) -> None:
    """So whoever keeps it can forget it."""
    async with far_end((status, b""), authority=authority) as service:
        with pytest.raises(SubscriptionGoneError):
            await push_to(client, service.url).send(PushBrowser(f"{service.url}/x").subscription, NOTE, ttl_s=1)


async def test_a_service_that_is_not_listed_any_more_is_not_asked(
    client: httpx.AsyncClient, authority: Authority
) -> None:
    """Though it was when the browser subscribed."""
    async with far_end((201, b""), authority=authority) as service:
        with pytest.raises(SubscriptionGoneError):
            await push_to(client, "https://other.example").send(
                PushBrowser(f"{service.url}/x").subscription, NOTE, ttl_s=1
            )
    assert service.got == []


async def test_no_answer_passes_and_tells_no_address(client: httpx.AsyncClient, authority: Authority) -> None:
    """The address is the browser's secret."""
    async with far_end((201, b""), authority=authority) as service:
        url = service.url
    with pytest.raises(DeliveryError) as caught:
        await push_to(client, url).send(PushBrowser(f"{url}/secret").subscription, NOTE, ttl_s=1)
    assert (str(caught.value), caught.value.permanent) == ("push: ConnectError", False)
    assert caught.value.__cause__ is None
