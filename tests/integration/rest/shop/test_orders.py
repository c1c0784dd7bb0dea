"""`/orders/{id}`: who may see an order, pay it again and give it up."""

import base64

import pytest

from server.tickets.codes import verify
from tests.integration.rest.place import PAYMENT_MS, Place, problem
from tests.integration.rest.shop.buying import API, DEMO, VNPAY_IPN, ordered, paid, state_of, vnpay

ORDERS = f"{API}/orders"
STRANGE = ["a" * 24, "none", "a" * 25, "A" * 24, "%00", "..%2F..", "unknown", "1%27%20OR%201=1", "é"]


async def test_an_order_is_told_as_it_stands(place: Place) -> None:
    """To its holder, with the time of the answer and the ways to pay while it is open."""
    async with place.guest() as guest:
        placed = await ordered(guest, "F7", "F8")
        place.clock.ms += 5000
        answer = await guest.get(f"{ORDERS}/{placed['id']}")
        showtime = (await guest.get(DEMO)).json()
    order = answer.json()
    assert {name: order[name] for name in placed} == placed
    assert order["server_at"] == place.clock.ms
    assert [gateway["id"] for gateway in order["gateways"]] == ["vnpay", "momo", "sandbox"]
    assert {name: order[name] for name in ("film", "hall", "starts_at")} == {
        name: showtime[name] for name in ("film", "hall", "starts_at")
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_strangers_are_not_told_that_there_is_an_order(place: Place) -> None:
    """No session, another's, a wrong token, another order's token: the same answer as for an order that is none."""
    async with place.guest() as guest, place.guest() as other, place.client() as nobody:
        order = await ordered(guest, "F7")
        theirs = await ordered(other, "A1")
        before = await state_of(place)
        path = f"{ORDERS}/{order['id']}"
        for client in (other, nobody):
            for token in (b"", b"wrong", b"\xe9", place.tokens.issue(theirs["id"]).encode()):
                sent = {b"X-Order-Token": token}
                problem(await client.get(path, headers=sent), 404, "not_found")
                problem(await client.post(f"{path}/pay", json={"gateway": "momo"}, headers=sent), 404, "not_found")
                problem(await client.post(f"{path}/cancel", headers=sent), 404, "not_found")
        problem(await guest.get(path, headers={"Authorization": "Bearer x"}), 401, "unauthenticated")
        assert await state_of(place) == before


@pytest.mark.parametrize("order", STRANGE)
async def test_an_order_that_is_none(place: Place, order: str) -> None:
    """Whatever its id looks like."""
    async with place.guest() as guest:
        problem(await guest.get(f"{ORDERS}/{order}"), 404, "not_found")
        problem(await guest.post(f"{ORDERS}/{order}/pay", json={"gateway": "momo"}), 404, "not_found")
        problem(await guest.post(f"{ORDERS}/{order}/cancel"), 404, "not_found")


async def test_the_token_opens_the_order_without_a_session(place: Place) -> None:
    """For looking, for another attempt and for giving up; and its idempotency keys are not those of the holder."""
    async with place.guest() as guest, place.client() as nobody:
        order = await ordered(guest, "F7")
        path = f"{ORDERS}/{order['id']}"
        opened = {"X-Order-Token": place.tokens.issue(order["id"])}
        assert (await nobody.get(path, headers=opened)).json()["id"] == order["id"]
        keyed = {**opened, "Idempotency-Key": "k"}
        again = await nobody.post(f"{path}/pay", json={"gateway": "sandbox"}, headers=keyed)
        assert again.json()["payment"]["gateway"] == "sandbox"
        own = await guest.post(f"{path}/pay", json={"gateway": "vnpay"}, headers={"Idempotency-Key": "k"})
        assert own.json()["payment"]["gateway"] == "vnpay"
        assert (await nobody.post(f"{path}/cancel", headers=opened)).json()["state"] == "cancelled"


async def test_another_attempt_keeps_the_deadline(place: Place) -> None:
    """A new payment under a new address; with the same key it is the same one."""
    async with place.guest() as guest:
        order = await ordered(guest, "F7")
        place.clock.ms += 1000
        path, key = f"{ORDERS}/{order['id']}/pay", {"Idempotency-Key": "k"}
        first = await guest.post(path, json={"gateway": "vnpay"}, headers=key)
        again = await guest.post(path, json={"gateway": "vnpay"}, headers=key)
        mismatch = await guest.post(path, json={"gateway": "momo"}, headers=key)
    assert first.status_code == 200
    assert first.json()["expires_at"] == order["expires_at"]
    assert first.json()["payment"]["redirect_url"] != order["payment"]["redirect_url"]
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    problem(mismatch, 422, "idempotency_mismatch")
    assert len((await place.orders.order(order["id"])).payments) == 2


async def test_an_order_that_is_not_open_is_not_paid_again(place: Place) -> None:
    """Paid, given up, or past its deadline; a gateway that is none is named."""
    async with place.guest() as guest:
        done = await paid(place, guest, "F7")
        over, late = await ordered(guest, "F8"), await ordered(guest, "A1")
        body = {"gateway": "paypal"}
        fault = problem(await guest.post(f"{ORDERS}/{late['id']}/pay", json=body), 422, "bad_request")
        assert fault["errors"][0]["field"] == "gateway"
        await guest.post(f"{ORDERS}/{over['id']}/cancel")
        place.clock.ms += PAYMENT_MS
        before = await state_of(place)
        for order in (done, over, late):
            answer = await guest.post(f"{ORDERS}/{order['id']}/pay", json={"gateway": "vnpay"})
            assert problem(answer, 409, "conflict")["order"] == order["id"]
        assert await state_of(place) == before


async def test_a_paid_order_has_tickets(place: Place) -> None:
    """One a seat, each with a code that the published key verifies offline, and no way to pay any more."""
    async with place.guest() as guest, place.client() as door:
        order = await paid(place, guest, "F7", "F8")
        whole = (await guest.get(f"{ORDERS}/{order['id']}")).json()
        jwk = (await door.get(f"{API}/tickets/key")).json()
    assert whole["state"] == "paid"
    assert whole["payment"] == {"gateway": "vnpay", "state": "paid"}
    assert "gateways" not in whole
    assert [ticket["seat"] for ticket in whole["tickets"]] == ["F7", "F8"]
    assert (jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519")
    key = base64.urlsafe_b64decode(jwk["x"] + "=")
    for ticket in whole["tickets"]:
        vouched = verify(key, ticket["code"])
        assert (vouched.order, vouched.seat, vouched.showtime) == (order["id"], ticket["seat"], "demo")
        assert ticket["qr"].startswith("<svg")


async def test_an_order_is_given_up_once(place: Place) -> None:
    """Sent again it is given up still; one that is paid is a conflict."""
    async with place.guest() as guest:
        order, done = await ordered(guest, "F7"), await paid(place, guest, "F8")
        key = {"Idempotency-Key": "k"}
        first = await guest.post(f"{ORDERS}/{order['id']}/cancel", headers=key)
        again = await guest.post(f"{ORDERS}/{order['id']}/cancel", headers=key)
        third = await guest.post(f"{ORDERS}/{order['id']}/cancel")
        assert [answer.json()["state"] for answer in (first, again, third)] == ["cancelled"] * 3
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in third.headers
        problem(await guest.post(f"{ORDERS}/{done['id']}/cancel"), 409, "conflict")
        # Keys are the holder's, not the order's: under the same one another order is another request.
        problem(await guest.post(f"{ORDERS}/{done['id']}/cancel", headers=key), 422, "idempotency_mismatch")


async def test_what_is_paid_for_an_order_given_up_goes_back(place: Place) -> None:
    """The page tells of the refund, and of no ticket."""
    async with place.guest() as guest:
        order = await ordered(guest, "F7")
        await guest.post(f"{ORDERS}/{order['id']}/cancel")
        await guest.get(VNPAY_IPN, params=vnpay(await place.orders.order(order["id"])))
        whole = (await guest.get(f"{ORDERS}/{order['id']}")).json()
    assert whole["state"] == "refunding"
    [refund] = whole["refunds"]
    assert (refund["amount"], refund["state"], refund["seats"]) == (order["amount"], "requested", [])
    assert "tickets" not in whole
