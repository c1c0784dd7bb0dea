"""What the sandbox's page asks for, and that what it has signed counts as any gateway's callback."""

import json

import httpx

from tests.integration.rest.place import Place
from tests.integration.rest.shop.buying import API, ordered, state_of

PAYMENT = f"{API}/sandbox/payment"
DECISION = f"{API}/sandbox/decision"


def _token(order: dict[str, dict[str, str]]) -> str:
    return order["payment"]["redirect_url"].partition("#")[2]


async def _tell(browser: httpx.AsyncClient, news: dict[str, str]) -> httpx.Response:
    """Send a callback as the page does."""
    path = httpx.URL(news["ipn_url"]).path
    return await browser.post(path, content=news["callback"], headers={"Content-Type": news["content_type"]})


async def test_the_page_shows_what_is_to_be_paid(place: Place) -> None:
    """The amount, until when and for what; whoever has the address may see it, and nothing of the customer."""
    async with place.guest() as guest, place.client() as browser:
        order = await ordered(guest, "F7", "F8", gateway="sandbox")
        answer = await browser.post(PAYMENT, json={"token": _token(order)})
    page = answer.json()
    assert answer.status_code == 200
    assert (page["order"], page["amount"], page["currency"]) == (order["id"], order["amount"], "VND")
    assert page["expires_at"] == order["expires_at"] > page["server_at"]
    assert page["title"].endswith("F7 F8")
    assert "@" not in answer.text


async def test_a_decision_changes_nothing_until_the_shop_is_told(place: Place) -> None:
    """Signing is not telling; told, the order is paid, and told again it stays so."""
    async with place.guest() as guest, place.client() as browser:
        order = await ordered(guest, "F7", gateway="sandbox")
        news = (await browser.post(DECISION, json={"token": _token(order), "choice": "pay"})).json()
        assert (await place.orders.order(order["id"])).state == "open"
        verdicts = [(await _tell(browser, news)).json()["verdict"] for _ in range(2)]
        assert verdicts == ["recorded", "already"]
        assert (await place.orders.order(order["id"])).state == "paid"


async def test_what_was_decided_stands(place: Place) -> None:
    """Who has paid cannot go back and fail: the second callback says what the first said."""
    async with place.guest() as guest, place.client() as browser:
        token = _token(await ordered(guest, "F7", gateway="sandbox"))
        first, second = [
            json.loads((await browser.post(DECISION, json={"token": token, "choice": choice})).json()["callback"])
            for choice in ("pay", "fail")
        ]
    assert first == second


async def test_what_the_sandbox_did_not_sign_is_refused(place: Place) -> None:
    """A token of somebody's making, a choice that there is not: a fault of the field, and no state changes."""
    async with place.guest() as guest, place.client() as browser:
        token = _token(await ordered(guest, "F7", gateway="sandbox"))
        before = await state_of(place)
        for path, body, field in (
            (PAYMENT, {"token": f"{token[:-1]}{'0' if token[-1] != '0' else '1'}"}, "token"),
            (DECISION, {"token": "x", "choice": "pay"}, "token"),
            (DECISION, {"token": token, "choice": "rob"}, "choice"),
            (DECISION, {"token": "x" * 5000, "choice": "pay"}, "token"),
        ):
            answer = await browser.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
            assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert await state_of(place) == before
