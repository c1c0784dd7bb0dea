"""What staff do with orders over REST, and who may."""

import json
from typing import Any

import httpx
import pytest

from server.checkout.gateways import MAX_ATTEMPTS
from server.domain.errors import Conflict
from server.domain.orders import EffectKind, NoticeKind
from server.domain.payments import RefundAnswer, RefundOutcome
from server.domain.refunds import refunded
from server.domain.staff import Role
from server.ops.texts import conflict_text
from server.web.app import endpoints
from server.web.endpoint import PREFIX
from tests.integration.rest.place import START, Place, problem
from tests.integration.rest.shop.buying import (
    API,
    CUSTOMER,
    PRICE,
    STAFF_ORDERS,
    VNPAY_IPN,
    check_out,
    hold,
    ordered,
    paid,
    refund,
    rows,
    state_of,
    vnpay,
)
from tests.integration.staff.conftest import acts, employ, signed_in

BODIES = {
    "refund_order": {"reason": "Projector broke"},
    "close_refund": {"outcome": "failed", "reason": "Bank statement"},
}
PARTS = {"order_id": "a" * 24, "reference": "a" * 24, "job": "1", "showtime_id": "demo", "seat": "F7"}
MANAGERS = {
    *("refund_order", "approve_order", "retry_refund", "close_refund"),
    *("retry_effect", "list_audit", "list_traffic"),
}

NOT_REFUNDED: list[tuple[dict[str, Any], int, str]] = [
    ({"seats": ["Z99"]}, 409, "conflict"),
    ({"amount": 2 * PRICE + 1}, 409, "conflict"),
    ({"seats": ["F7"], "amount": 1}, 422, "bad_request"),
    ({"seats": []}, 422, "bad_request"),
    ({"seats": ["F7", "F7"]}, 422, "bad_request"),
    ({"amount": 0}, 422, "bad_request"),
    ({"amount": -1}, 422, "bad_request"),
    ({"amount": 90_000.0}, 422, "bad_request"),
    ({"amount": 1e5}, 422, "bad_request"),
    ({"amount": "90000"}, 422, "bad_request"),
    ({"amount": 2**53}, 422, "bad_request"),
    ({"reason": ""}, 422, "bad_request"),
    ({"reason": "a\x00b"}, 422, "bad_request"),
    ({"reason": "a" * 201}, 422, "bad_request"),
    ({"reason": None}, 422, "bad_request"),
]


async def test_roles_reach_what_they_may_and_nobody_else_does(place: Place) -> None:
    """Without a sign-in `unauthenticated`; the box office looks, and acts on nothing; customers are nobody here."""
    await employ(place, "binh", Role.BOX_OFFICE)
    own = [endpoint for endpoint in endpoints() if endpoint.staff is not None and "/session" not in endpoint.path]
    assert {endpoint.name for endpoint in own if endpoint.staff is Role.MANAGER} == MANAGERS
    async with signed_in(place, "binh") as binh, place.guest() as guest, place.client() as nobody:
        before = await state_of(place)
        for endpoint in own:
            path, body = PREFIX + endpoint.path.format_map(PARTS), BODIES.get(endpoint.name, {})
            for client in (guest, nobody):
                problem(await client.request(endpoint.method, path, json=body), 401, "unauthenticated")
            answer = await binh.request(endpoint.method, path, json=body)
            if endpoint.name in MANAGERS:
                problem(answer, 403, "forbidden")
            else:
                assert answer.status_code in {200, 404}, endpoint.name
        assert await state_of(place) == before


async def test_staff_see_all_of_an_order(place: Place, manager: httpx.AsyncClient) -> None:
    """Its customer, every attempt to pay it, and which one pays."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7", "F8")
    whole = (await manager.get(f"{STAFF_ORDERS}/{order['id']}")).json()
    assert whole["customer"] == {**CUSTOMER, "phone": "+84901234567"}
    assert (whole["state"], whole["live"], whole["refunds"]) == ("paid", ["F7", "F8"], [])
    [payment] = whole["payments"]
    assert (payment["gateway"], payment["gateway_id"], payment["state"]) == ("vnpay", "14422574", "paid")
    assert (payment["captured"], payment["pays"]) == (order["amount"], True)
    problem(await manager.get(f"{STAFF_ORDERS}/{'a' * 24}"), 404, "not_found")
    problem(await manager.get(f"{STAFF_ORDERS}/%00"), 404, "not_found")


async def test_seats_are_refunded_once_under_a_key(place: Place, manager: httpx.AsyncClient) -> None:
    """They are the order's no more; with the same key it is one refund, with another body it is refused."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7", "F8")
    first = await refund(manager, order["id"], key="k", seats=["F7"])
    again = await refund(manager, order["id"], key="k", seats=["F7"])
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    whole = first.json()
    [row] = whole["refunds"]
    assert (whole["state"], whole["live"]) == ("refunding", ["F8"])
    assert (row["amount"], row["state"], row["seats"], row["by"]) == (PRICE, "requested", ["F7"], "mai")
    before = await state_of(place)
    problem(await refund(manager, order["id"], key="k", seats=["F8"]), 422, "idempotency_mismatch")
    assert await state_of(place) == before
    assert [act[1:] for act in await acts(place) if act[1].startswith("order.")] == [
        ("order.refund", f"order:{order['id']}")
    ]


async def test_money_is_sent_back_once_under_a_key_that_is_forgotten(place: Place, manager: httpx.AsyncClient) -> None:
    """A client that asks again days later is shown the order as it is by then, and sends nothing a second time."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7", "F8")
    await refund(manager, order["id"], key="k", amount=1000)
    await refund(manager, order["id"], amount=500)
    await place.orders.forget(now=START + 24 * 3_600_000)
    again = await refund(manager, order["id"], key="k", amount=1000)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert [row["amount"] for row in again.json()["refunds"]] == [1000, 500]
    assert (await manager.get(f"{STAFF_ORDERS}/{order['id']}")).json() == again.json()


async def test_an_amount_frees_no_seat_and_no_word_is_all(place: Place, manager: httpx.AsyncClient) -> None:
    """Up to what is left, to the last đồng."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7", "F8")
    part = (await refund(manager, order["id"], amount=1)).json()
    assert (part["live"], part["refunds"][0]["seats"]) == (["F7", "F8"], [])
    rest = (await refund(manager, order["id"])).json()
    assert rest["live"] == []
    assert sum(row["amount"] for row in rest["refunds"]) == order["amount"]
    problem(await refund(manager, order["id"], amount=1), 409, "conflict")


async def test_what_cannot_be_refunded(place: Place, manager: httpx.AsyncClient) -> None:
    """More than is left, seats of nobody, floats, two ways at once: told by a sentence; nothing changes."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7", "F8")
    before = await state_of(place)
    for body, status, code in NOT_REFUNDED:
        document = problem(await refund(manager, order["id"], **body), status, code)
        assert document["errors"][0]["message"], body
    assert await state_of(place) == before


async def test_another_site_cannot_refund(place: Place, manager: httpx.AsyncClient) -> None:
    """Not even with the manager's cookie."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7")
    before = await state_of(place)
    answer = await manager.post(
        f"{STAFF_ORDERS}/{order['id']}/refunds", json={"reason": "r"}, headers={"Origin": "https://evil.example"}
    )
    problem(answer, 403, "forbidden")
    assert await state_of(place) == before


@pytest.mark.parametrize(("given_back", "left"), [({}, []), ({"seats": ["F7", "F8"]}, []), ({"seats": ["F7"]}, ["F8"])])
async def test_no_tickets_are_announced_for_what_was_given_back(
    place: Place, manager: httpx.AsyncClient, given_back: dict[str, Any], left: list[str]
) -> None:
    """Where money goes back before the news of the payment do, they tell of the seats that are left, or do not go."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7", "F8")
    assert (await refund(manager, order["id"], **given_back)).status_code == 201
    await place.till.dispatcher.work()
    announced = [[seat for seat, _ in told.seats] for told in place.told.notices if told.kind is NoticeKind.TICKETS]
    assert announced == ([left] if left else [])
    waiting = await place.app.state.context.shop.outbox.claim(now=START * 2, lease_ms=1, kinds=[EffectKind.NOTICE])
    assert waiting == ()


async def test_an_order_under_review_is_cleared_once(place: Place, manager: httpx.AsyncClient) -> None:
    """Then it is paid and has tickets; one that is not under review is a conflict."""
    async with place.guest() as guest:
        order = await ordered(guest, "F7")
        suspected = vnpay(await place.orders.order(order["id"]), vnp_ResponseCode="07", vnp_TransactionStatus="07")
        await guest.get(VNPAY_IPN, params=suspected)
        doubted = (await guest.get(f"{API}/orders/{order['id']}")).json()
        assert (doubted["state"], "tickets" in doubted) == ("review", False)
        cleared = await manager.post(f"{STAFF_ORDERS}/{order['id']}/approve")
        assert (cleared.status_code, cleared.json()["state"]) == (200, "paid")
        problem(await manager.post(f"{STAFF_ORDERS}/{order['id']}/approve"), 409, "conflict")
        assert (await guest.get(f"{API}/orders/{order['id']}")).json()["tickets"]
    assert ("order.approve", f"order:{order['id']}") in [act[1:] for act in await acts(place)]


async def test_a_refund_that_failed_is_sent_once_more(place: Place, manager: httpx.AsyncClient) -> None:
    """One that did not fail is a conflict; so is one that is none."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7")
    [row] = (await refund(manager, order["id"])).json()["refunds"]
    path = f"{STAFF_ORDERS}/{order['id']}/refunds/{row['reference']}/retry"
    problem(await manager.post(path), 409, "conflict")
    async with place.orders.change(order["id"]) as change:
        failed = RefundAnswer(outcome=RefundOutcome.FAILED, code="99")
        change.order = refunded(change.order, row["reference"], failed, now=START).order
    rows = (await manager.post(path)).json()["refunds"]
    assert [(row["state"], row["amount"]) for row in rows] == [("replaced", PRICE), ("requested", PRICE)]
    problem(await manager.post(path), 409, "conflict")
    problem(await manager.post(f"{STAFF_ORDERS}/{order['id']}/refunds/{'a' * 24}/retry"), 409, "conflict")
    problem(await manager.post(f"{STAFF_ORDERS}/{order['id']}/refunds/none/retry"), 404, "not_found")


async def test_a_conflict_says_what_is_in_the_way(place: Place, manager: httpx.AsyncClient) -> None:
    """By a sentence of its own for each, in the language that is asked for; the code is the same."""

    def detail(answer: httpx.Response) -> str:
        said: str = problem(answer, 409, "conflict")["detail"]
        return said

    async with place.guest() as guest:
        await hold(guest, "F7")
        price = detail(await check_out(guest, "F7", expected_total=1))
        order = (await check_out(guest, "F7")).json()["id"]
        ordered_already = detail(await check_out(guest, "F7"))
        guest.headers["Accept-Language"] = "vi"
        in_vietnamese = detail(await check_out(guest, "F7"))
        del guest.headers["Accept-Language"]
        for _ in range(MAX_ATTEMPTS - 1):
            (await guest.post(f"{API}/orders/{order}/pay", json={"gateway": "vnpay"})).raise_for_status()
        attempts = detail(await guest.post(f"{API}/orders/{order}/pay", json={"gateway": "vnpay"}))
        await guest.post(f"{API}/orders/{order}/cancel")
        closed = detail(await guest.post(f"{API}/orders/{order}/pay", json={"gateway": "vnpay"}))
    said = {
        Conflict.PRICE: price,
        Conflict.ORDERED: ordered_already,
        Conflict.ATTEMPTS: attempts,
        Conflict.NOT_OPEN: closed,
        Conflict.NOT_IN_REVIEW: detail(await manager.post(f"{STAFF_ORDERS}/{order}/approve")),
        Conflict.NOT_FAILED: detail(await manager.post(f"{STAFF_ORDERS}/{order}/refunds/{'a' * 24}/retry")),
        Conflict.REFUNDS: detail(await refund(manager, order)),
    }
    assert said == {why: conflict_text(why, "en") for why in Conflict if why is not Conflict.SOLD}
    assert in_vietnamese == conflict_text(Conflict.ORDERED, "vi")


async def test_orders_are_found_by_what_staff_are_told(place: Place, manager: httpx.AsyncClient) -> None:
    """Ids, an address in any case, a phone number as people say it, references; no address of a page has them."""
    async with place.guest() as guest:
        first, second = await paid(place, guest, "F7"), await ordered(guest, "F8")
    payment = (await place.orders.order(first["id"])).payments[0]

    async def found(**query: object) -> list[str]:
        answer = await manager.post(f"{STAFF_ORDERS}/search", json=query)
        assert answer.status_code == 200, answer.text
        return [order["id"] for order in answer.json()["orders"]]

    both = {first["id"], second["id"]}
    assert await found(order=first["id"]) == [first["id"]]
    assert set(await found(email="AN.Nguyen@example.vn")) == both
    assert set(await found(phone="0901234567")) == set(await found(phone="+84901234567")) == both
    assert await found(reference=payment.reference) == [first["id"]]
    assert await found(gateway_id="14422574") == [first["id"]]
    assert await found(state="paid", showtime="demo") == [first["id"]]
    assert await found(email="nobody@example.vn") == []
    page = (await manager.post(f"{STAFF_ORDERS}/search", json={"limit": 1})).json()
    rest = (await manager.post(f"{STAFF_ORDERS}/search", json={"limit": 1, "cursor": page["next"]})).json()
    assert {page["orders"][0]["id"], rest["orders"][0]["id"]} == both
    problem(await manager.post(f"{STAFF_ORDERS}/search", json={"cursor": "none"}), 422, "bad_request")
    problem(await manager.post(f"{STAFF_ORDERS}/search", json={"email": "' OR 1=1"}), 422, "bad_request")


async def test_staff_see_how_payments_go(place: Place, manager: httpx.AsyncClient) -> None:
    """Attempts by gateway and state, and where the money is, which must all be explained."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7")
        await ordered(guest, "F8", gateway="sandbox")
    await refund(manager, order["id"], amount=40_000)
    figures = (await manager.get(f"{API}/staff/payments")).json()
    attempts = {gateway["gateway"]: gateway["attempts"] for gateway in figures["gateways"]}
    assert (attempts["vnpay"]["paid"], attempts["sandbox"]["started"]) == (1, 1)
    [money] = figures["money"]
    assert (money["captured"], money["kept"], money["returning"]) == (PRICE, PRICE - 40_000, 40_000)
    assert (money["unexplained"], figures["open_refunds"]) == (0, 1)
    assert figures["since"] == START - 86_400_000
    for window in ("0", "x", "60000.5", str(2**60)):
        problem(await manager.get(f"{API}/staff/payments?window_ms={window}"), 422, "bad_request")


async def test_effects_that_were_given_up_are_seen_and_tried_again(place: Place, manager: httpx.AsyncClient) -> None:
    """Once: what is queued is no dead letter any more."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7")
    outbox = place.app.state.context.shop.outbox
    for job in await outbox.claim(now=place.clock.ms, lease_ms=60_000):
        await outbox.failed(job, "DeliveryError", again_at=None)
    seen = (await manager.get(f"{API}/staff/outbox")).json()
    assert {(letter["order"], letter["error"]) for letter in seen["dead"]} == {(order["id"], "DeliveryError")}
    assert CUSTOMER["email"] not in json.dumps(seen)
    job = seen["dead"][0]["job"]
    assert (await manager.post(f"{API}/staff/outbox/{job}/retry")).json() == {"queued": True}
    problem(await manager.post(f"{API}/staff/outbox/{job}/retry"), 404, "not_found")
    left = (await manager.get(f"{API}/staff/outbox")).json()
    assert job not in [letter["job"] for letter in left["dead"]]
    assert ("outbox.retry", f"job:{job}") in [act[1:] for act in await acts(place)]
    for none in ("0", "-1", "x", "1.5", str(2**70)):
        problem(await manager.post(f"{API}/staff/outbox/{none}/retry"), 404, "not_found")


async def test_staff_are_told_what_happened_to_a_seat(place: Place, manager: httpx.AsyncClient) -> None:
    """Who had it when, and why somebody was refused it, by names that lead to nobody outside."""
    async with place.guest() as guest, place.guest() as other:
        order = await ordered(guest, "F7")
        place.clock.ms += 10
        await other.post(f"{API}/showtimes/demo/seats/lock", json={"seats": ["F7"]})
    await place.ledger.append(place.events)
    told = (await manager.get(f"{API}/staff/seats/demo/F7/history", params={"around_ms": 1000})).json()
    events = [(event["event"], event["reason"]) for event in told["events"]]
    assert [name for name, _ in events] == ["granted", "pinned", "refused"]
    assert events[-1] == ("refused", "seats_unavailable")
    assert (told["last"]["event"], told["last"]["order"]) == ("pinned", order["id"])
    holders = [event["holder_hash"] for event in told["events"]]
    assert holders[0] == holders[1] != holders[2]
    before = (await manager.get(f"{API}/staff/seats/demo/F7/history", params={"at": START - 1})).json()
    assert before["last"] is None
    assert problem(await manager.get(f"{API}/staff/seats/demo/Z99/history"), 422, "unknown_seat")["seats"] == ["Z99"]
    problem(await manager.get(f"{API}/staff/seats/none/F7/history"), 404, "not_found")
    problem(await manager.get(f"{API}/staff/seats/demo/%00/history"), 404, "not_found")
    assert await rows(place, "orders") == 1
