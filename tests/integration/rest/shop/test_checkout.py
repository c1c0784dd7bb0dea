"""`POST /showtimes/{id}/checkout`: what it answers, and what it refuses."""

import asyncio
import json

import httpx
import pytest

from server.web.app import endpoints
from server.web.orders.representations import OrderAnswer
from tests.integration.rest.place import PAYMENT_MS, START, Place, problem
from tests.integration.rest.shop.buying import (
    API,
    CUSTOMER,
    DEMO,
    PRICE,
    check_out,
    hold,
    ordered,
    paid,
    rows,
    state_of,
)


async def test_held_seats_become_an_order(place: Place) -> None:
    """With its prices, its deadline, the address where it is paid, and a location; others see the seats as occupied."""
    async with place.guest() as guest, place.client() as other:
        await hold(guest, "F7", "F8")
        answer = await check_out(guest, "F7", "F8", expected_total=2 * PRICE)
        seats = (await other.get(f"{DEMO}/seats/status")).json()["seats"]
    order = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/orders/{order['id']}"
    assert (order["showtime"], order["state"]) == ("demo", "open")
    assert [seat["seat"] for seat in order["seats"]] == ["F7", "F8"]
    assert order["amount"] == sum(seat["price"] for seat in order["seats"])
    assert order["currency"] == "VND"
    assert order["expires_at"] == START + PAYMENT_MS
    assert order["refunds"] == []
    assert order["payment"]["gateway"] == "vnpay"
    assert order["payment"]["state"] == "started"
    assert order["payment"]["redirect_url"].startswith("https://vnpay.invalid/pay?")
    assert order["email"] == "a***@example.vn"
    assert "tickets" not in order
    assert {seat["status"] for seat in seats if seat["seat"] in {"F7", "F8"}} == {"occupied"}


async def test_the_customer_is_kept_as_given(place: Place) -> None:
    """HTML, SQL and quotes in a name are text; a national phone number gets its country."""
    name = "Robert'); DROP TABLE orders;-- <script>alert(1)</script> \\ \" %s {x}"
    async with place.guest() as guest:
        await hold(guest, "F7")
        customer = {**CUSTOMER, "name": name, "locale": "en"}
        answer = await check_out(guest, "F7", customer=customer)
    assert "script" not in answer.text
    kept = (await place.orders.order(answer.json()["id"])).customer
    assert (kept.email, kept.phone, kept.name, kept.locale) == (CUSTOMER["email"], "+84901234567", name, "en")
    assert await rows(place, "orders") == 1


async def test_the_same_key_gets_the_same_answer(place: Place) -> None:
    """Byte for byte, with a header that says so, and there is one order; without a key a second one is a conflict."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        first = await check_out(guest, "F7", key="k")
        again = await check_out(guest, "F7", key="k")
        other = problem(await check_out(guest, "F7"), 409, "conflict")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (other["order"], other["seats"]) == (first.json()["id"], ["F7"])
    assert await rows(place, "orders") == 1


FORGOTTEN_MS = 24 * 3_600_000


async def test_a_key_that_is_forgotten_orders_anew(place: Place) -> None:
    """A day later the same key and body are another request: whoever holds the seats again gets another order."""
    orders: list[str] = []
    async with place.guest() as guest:
        for _ in range(3):
            await hold(guest, "F7")
            answer = await check_out(guest, "F7", key="k")
            assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)
            assert (await check_out(guest, "F7", key="k")).content == answer.content
            orders.append(answer.json()["id"])
            await guest.post(f"{API}/orders/{orders[-1]}/cancel")
            await place.till.dispatcher.work()
            assert await place.orders.forget(now=place.clock.ms + FORGOTTEN_MS) == 1
        assert len(set(orders)) == 3
        assert [(await place.orders.order(order)).state.value for order in orders] == ["cancelled"] * 3


async def test_a_key_that_is_forgotten_is_one_request_again(place: Place) -> None:
    """Ten tabs send it at once: one more order, and whoever is answered is answered the same."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        first = (await check_out(guest, "F7", key="k")).json()["id"]
        await guest.post(f"{API}/orders/{first}/cancel")
        await place.till.dispatcher.work()
        await place.orders.forget(now=place.clock.ms + FORGOTTEN_MS)
        await hold(guest, "F7")
        answers = await asyncio.gather(*(check_out(guest, "F7", key="k") for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    [content] = {answer.content for answer in answers if answer.status_code == 201}
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "idempotency_in_progress")
    assert json.loads(content)["id"] != first
    assert await rows(place, "orders") == 2


async def test_a_key_that_is_forgotten_takes_no_seats_twice(place: Place) -> None:
    """While the first order has the seats, the second is a conflict that names it; once they are lost, they are."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        first = (await check_out(guest, "F7", key="k")).json()["id"]
        await place.orders.forget(now=place.clock.ms + FORGOTTEN_MS)
        before = await state_of(place)
        assert problem(await check_out(guest, "F7", key="k"), 409, "conflict")["order"] == first
        assert await state_of(place) == before
        await guest.post(f"{API}/orders/{first}/cancel")
        await place.till.dispatcher.work()
        problem(await check_out(guest, "F7", key="k"), 409, "not_held")


async def test_a_key_with_another_body_is_refused(place: Place) -> None:
    """Whatever differs, and nothing changes; another holder's key is another key."""
    async with place.guest() as guest, place.guest() as other:
        await hold(guest, "F7", "F8")
        await check_out(guest, "F7", key="k")
        before = await state_of(place)
        for seats, more in ((("F8",), {}), (("F7",), {"gateway": "momo"}), (("F7",), {"expected_total": 1})):
            problem(await check_out(guest, *seats, key="k", **more), 422, "idempotency_mismatch")
        assert await state_of(place) == before
        await hold(other, "A1")
        assert (await check_out(other, "A1", key="k")).status_code == 201


async def test_forty_tabs_make_one_order(place: Place) -> None:
    """One holder orders the same seats from all at once: one wins, the others get the order that has them."""
    async with place.guest() as guest:
        await hold(guest, "F7", "F8")
        answers = await asyncio.gather(*(check_out(guest, "F7", "F8") for _ in range(40)))
    [won] = [answer for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer is not won:
            assert problem(answer, 409, "conflict")["order"] == won.json()["id"]
    assert await rows(place, "orders") == 1


async def test_seats_of_others_are_not_held(place: Place) -> None:
    """Free ones too; those that are not held are named, and nothing changes."""
    async with place.guest() as guest, place.guest() as other:
        await hold(guest, "F7")
        await hold(other, "F8")
        before = await state_of(place)
        assert problem(await check_out(guest, "F7", "F8"), 409, "not_held")["seats"] == ["F8"]
        assert problem(await check_out(guest, "A1"), 409, "not_held")["seats"] == ["A1"]
        assert await state_of(place) == before


async def test_a_hold_that_ended_is_gone(place: Place) -> None:
    """Whoever has the seats now."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        place.clock.ms += 60_001
        assert problem(await check_out(guest, "F7"), 410, "gone")["seats"] == ["F7"]
    assert await rows(place, "orders") == 0


async def test_another_price_is_a_conflict(place: Place) -> None:
    """With the total that is right; nothing is pinned."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        before = await state_of(place)
        total = problem(await check_out(guest, "F7", expected_total=1), 409, "conflict")["total"]
        assert await state_of(place) == before
        assert (await check_out(guest, "F7", expected_total=total)).status_code == 201


async def test_a_gateway_that_is_none_is_named(place: Place) -> None:
    """By the field that is at fault."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        before = await state_of(place)
        document = problem(await check_out(guest, "F7", gateway="paypal"), 422, "bad_request")
        assert await state_of(place) == before
    assert document["errors"][0]["field"] == "gateway"


async def test_seats_and_showtimes_that_are_none(place: Place) -> None:
    """Seats are named; a stranger to the showtime's id gets `not_found`; without a session nothing goes."""
    async with place.guest() as guest, place.client() as nobody:
        assert problem(await check_out(guest, "F7", "Z99"), 422, "unknown_seat")["seats"] == ["Z99"]
        body = {"seats": ["F7"], "customer": CUSTOMER, "gateway": "vnpay"}
        problem(await guest.post("/api/v1/showtimes/none/checkout", json=body), 404, "not_found")
        problem(await check_out(nobody, "F7"), 401, "unauthenticated")


@pytest.mark.parametrize("gateway", ["vnpay", "sandbox"])
async def test_each_gateway_names_its_page(place: Place, gateway: str) -> None:
    """The customer is sent there at once."""
    async with place.guest() as guest:
        order = await ordered(guest, "F7", gateway=gateway)
    assert order["payment"]["redirect_url"]


async def test_a_gateway_that_does_not_answer_leaves_an_order_without_an_address(place: Place) -> None:
    """The order stands, and may be paid by another attempt."""
    async with place.guest() as guest:
        order = await ordered(guest, "F7", gateway="momo")
    assert order["payment"] == {"gateway": "momo", "state": "started"}


async def test_sales_that_are_closed_sell_nothing(place: Place) -> None:
    """Not even to those who hold the seats still."""
    async with place.guest() as guest:
        closes = (await guest.get(DEMO)).json()["sales"]["closes_at"]
        place.clock.ms = closes - 1
        token, _ = place.sessions.tokens.issue()
        async with place.client(authorization=f"Bearer {token}") as late:
            await hold(late, "F7")
            place.clock.ms = closes
            problem(await check_out(late, "F7"), 409, "sales_closed")
    assert await rows(place, "orders") == 0


async def test_the_answer_is_of_the_shape_published(place: Place) -> None:
    """Every field of the contract, and none besides."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7")
        whole: httpx.Response = await guest.get(f"/api/v1/orders/{order['id']}")
    assert set(whole.json()) <= set(OrderAnswer.__struct_fields__)
    assert {endpoint.answer for endpoint in endpoints() if endpoint.name == "check_out"} == {OrderAnswer}
