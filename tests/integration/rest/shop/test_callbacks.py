"""What gateways call: each is answered in its own words, and only what is signed changes anything."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import structlog
from sqlalchemy import text

from server.ops.metrics import exposition
from server.payments.sandbox import SandboxChoice
from server.web.payments import MAX_CALLBACK_BYTES
from tests.integration.rest.place import BASE, PROXY, Place, problem
from tests.integration.rest.serving import serving, status_of
from tests.integration.rest.shop.buying import (
    API,
    MOMO_IPN,
    VNPAY_IPN,
    answered,
    check_out,
    hold,
    momo,
    ordered,
    rows,
    state_of,
    vnpay,
)

JSON = {"Content-Type": "application/json"}
SANDBOX_IPN = f"{API}/payments/sandbox/ipn"
PAID = ("00", "Confirm Success")

NOT_OF_MOMO: list[dict[str, Any]] = [
    {"signature": "0" * 64},
    {"signature": 7},
    {"signature": None},
    {"amount": 1},
    {"orderId": "a" * 24},
    {"partnerCode": "OTHER"},
    {"amount": 95000.0},
    {"resultCode": 0.0},
    {"transId": [1]},
]


@asynccontextmanager
async def at(place: Place, address: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody whose connection comes from this address."""
    transport = httpx.ASGITransport(place.app, raise_app_exceptions=False, client=(address, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
        yield client


async def test_vnpay_is_answered_as_it_tests_it(place: Place) -> None:
    """Its acceptance test: paid, the same again, failed, unknown, another amount, a wrong hash."""
    async with place.guest() as guest, place.client() as gateway:
        first, second = await ordered(guest, "F7"), await ordered(guest, "F8")
        paid, failed = [await place.orders.order(order["id"]) for order in (first, second)]
        assert answered(await gateway.get(VNPAY_IPN, params=vnpay(paid))) == PAID
        assert answered(await gateway.get(VNPAY_IPN, params=vnpay(paid))) == ("02", "Order already confirmed")
        no = vnpay(failed, vnp_ResponseCode="24", vnp_TransactionStatus="02", vnp_TransactionNo="0")
        assert answered(await gateway.get(VNPAY_IPN, params=no)) == PAID
        before = await state_of(place)
        unknown = vnpay(paid, vnp_TxnRef="a" * 24)
        assert answered(await gateway.get(VNPAY_IPN, params=unknown)) == ("01", "Order not found")
        less = vnpay(paid, vnp_Amount="100")
        assert answered(await gateway.get(VNPAY_IPN, params=less)) == ("04", "Invalid amount")
        forged = {**vnpay(paid), "vnp_SecureHash": "0" * 128}
        assert answered(await gateway.get(VNPAY_IPN, params=forged)) == ("97", "Invalid signature")
        assert await state_of(place) == before
    assert (await place.orders.order(first["id"])).state == "paid"
    still = await place.orders.order(second["id"])
    assert (still.state, still.payments[0].state) == ("open", "failed")


@pytest.mark.parametrize("amount", ["1000000", "950000000", "95000", "9500001", "9500000.0", "95e5", "-9500000", "x"])
async def test_another_amount_spoils_no_order(place: Place, amount: str) -> None:
    """Less, a hundred times as much or as little, a float: VNPay hears 04, and the right amount is taken after it."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        for status in ("00", "02"):
            wrong = vnpay(order, vnp_Amount=amount, vnp_TransactionStatus=status)
            assert answered(await gateway.get(VNPAY_IPN, params=wrong)) == ("04", "Invalid amount")
        after = await place.orders.order(order.id)
        assert (after.state, after.payments[0].state, after.refunds) == ("open", "started", ())
        assert answered(await gateway.get(VNPAY_IPN, params=vnpay(order))) == PAID
    assert (await place.orders.order(order.id)).state == "paid"


async def test_what_vnpay_does_not_know_yet_is_heard_and_asked_about(place: Place) -> None:
    """04, or one of two codes alone: it hears 00 for what was written down, and the order is paid when it is."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        for code, status in (("99", "04"), ("00", "01"), ("00", "09")):
            unsure = vnpay(order, vnp_ResponseCode=code, vnp_TransactionStatus=status)
            assert answered(await gateway.get(VNPAY_IPN, params=unsure)) == PAID
        [payment] = (await place.orders.order(order.id)).payments
        assert payment.state == "started"
        assert payment.ask_at is not None
        assert payment.ask_at < payment.expires_at
        assert answered(await gateway.get(VNPAY_IPN, params=vnpay(order))) == PAID


async def test_a_message_is_kept_byte_by_byte(place: Place) -> None:
    """As it came, escapes and all, genuine or not: what was decoded is no evidence."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        signed = urlencode(vnpay(order)).replace("+", "%20")
        forged = "vnp_TxnRef=%e9%00&vnp_TxnRef=a%26b=c"
        assert answered(await gateway.get(f"{VNPAY_IPN}?{signed}"))[0] == "00"
        assert answered(await gateway.get(f"{VNPAY_IPN}?{forged}"))[0] == "99"
        body = json.dumps(momo(order)).encode() + b" \n"
        assert (await gateway.post(f"{MOMO_IPN}?x=1", content=body, headers=JSON)).status_code == 404
    async with place.engine.connect() as connection:
        found = await connection.execute(text("SELECT raw FROM payment_events ORDER BY id"))
        assert list(found.scalars()) == [signed.encode(), forged.encode(), b"x=1\n" + body]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vnp_SecureHash": ""}, "97"),
        ({"vnp_SecureHash": "é"}, "97"),
        ({"vnp_Amount": "1"}, "97"),
        ({"vnp_TxnRef": "'; DROP TABLE orders;--"}, "97"),
        ({"vnp_TmnCode": "OTHER001"}, "97"),
        ({"vnp_New": "1"}, "97"),
    ],
)
async def test_what_was_changed_under_way_is_forged(place: Place, change: dict[str, str], code: str) -> None:
    """Each parameter counts, and nothing changes."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        before = await state_of(place)
        answer = await gateway.get(VNPAY_IPN, params={**vnpay(order), **change})
        assert answered(answer)[0] == code
        assert await state_of(place) == before


async def test_repeated_and_missing_parameters_are_not_read(place: Place) -> None:
    """Signed or not: of two amounts nobody knows which one was meant."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        before = await state_of(place)
        good = vnpay(order)
        for pairs in ([*good.items(), ("vnp_Amount", good["vnp_Amount"])], [("vnp_TxnRef", "1"), *good.items()], []):
            assert answered(await gateway.get(f"{VNPAY_IPN}?{urlencode(pairs)}"))[0] == "99"
        for missing in ("vnp_TxnRef", "vnp_ResponseCode", "vnp_TransactionStatus"):
            assert answered(await gateway.get(VNPAY_IPN, params=vnpay(order, **{missing: ""})))[0] == "99"
        assert await state_of(place) == before


async def test_the_same_callback_ten_times_at_once_pays_once(place: Place) -> None:
    """One is recorded, the others are told that it was; there is one notice to be sent."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        answers = await asyncio.gather(*(gateway.get(VNPAY_IPN, params=vnpay(order)) for _ in range(10)))
    assert sorted(answered(answer)[0] for answer in answers) == ["00"] + ["02"] * 9
    async with place.engine.connect() as connection:
        notices = text("SELECT count(*) FROM outbox WHERE kind = 'notice'")
        assert (await connection.execute(notices)).scalar_one() == 1
    assert await rows(place, "payment_events") == 1


async def test_momo_is_answered_by_a_status(place: Place) -> None:
    """204 for what was written down, the second time too."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7", gateway="momo"))["id"])
        for _ in range(2):
            answer = await gateway.post(MOMO_IPN, json=momo(order))
            assert (answer.status_code, answer.content) == (204, b"")
    assert (await place.orders.order(order.id)).state == "paid"


async def test_what_momo_did_not_sign_is_refused(place: Place) -> None:
    """By a status that is no success; floats as amounts too; nothing changes."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7", gateway="momo"))["id"])
        before = await state_of(place)
        for change in NOT_OF_MOMO:
            answer = await gateway.post(MOMO_IPN, json={**momo(order), **change})
            assert 400 <= answer.status_code < 500, change
        assert await state_of(place) == before


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (None, "text/plain"),
        (None, "application/x-www-form-urlencoded"),
        (None, ""),
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 50_000, "application/json"),
        ("twice", "application/json"),
    ],
)
async def test_what_is_no_notification_of_momo(place: Place, content: bytes | str | None, media_type: str) -> None:
    """Wrong media types, broken JSON, a name given twice: refused by a status, and nothing changes."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7", gateway="momo"))["id"])
        genuine = json.dumps(momo(order)).encode()
        if content is None:
            content = genuine
        elif content == "twice":
            content = genuine[:-1] + b', "amount": 1}'
        before = await state_of(place)
        answer = await gateway.post(MOMO_IPN, content=content, headers={"Content-Type": media_type})
        assert answer.status_code == 400
        assert await state_of(place) == before


async def test_a_megabyte_is_too_large(place: Place) -> None:
    """As a body, announced or not; as a query the server does not even read it; a good callback is taken after all."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1000

    async with place.guest() as guest:
        order = await place.orders.order((await ordered(guest, "F7", gateway="momo"))["id"])
        before = await state_of(place)
        async with serving(place.app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as gateway:
            problem(await gateway.post(MOMO_IPN, content=b"x" * 1_000_000, headers=JSON), 413, "too_large")
            problem(await gateway.post(MOMO_IPN, content=pieces(), headers=JSON), 413, "too_large")
            problem(await gateway.post(SANDBOX_IPN, content=b"x" * (MAX_CALLBACK_BYTES + 1)), 413, "too_large")
            assert await state_of(place) == before
            assert (await gateway.post(MOMO_IPN, json=momo(order))).status_code == 204
            assert await status_of(port, f"{VNPAY_IPN}?vnp_TxnRef={'a' * 1_000_000}") == 400


async def test_a_callback_may_come_with_any_origin(place: Place) -> None:
    """What it says is signed, and no cookie is looked at; other methods are not allowed."""
    async with place.guest() as guest, place.client(origin="https://gateway.example") as gateway:
        order = await place.orders.order((await ordered(guest, "F7", gateway="momo"))["id"])
        assert (await gateway.post(MOMO_IPN, json=momo(order))).status_code == 204
        problem(await gateway.post(VNPAY_IPN), 405, "method_not_allowed")
        problem(await gateway.get(MOMO_IPN), 405, "method_not_allowed")
        problem(await gateway.post(f"{API}/payments/stripe/ipn"), 404, "not_found")


async def test_the_sandbox_is_answered_by_its_verdict(place: Place) -> None:
    """A callback that its page had signed, and one that nobody signed."""
    async with place.guest() as guest, place.client() as page:
        order = await ordered(guest, "F7", gateway="sandbox")
        token = order["payment"]["redirect_url"].partition("#")[2]
        assert place.gateways.sandbox is not None
        news = await place.gateways.sandbox.callback_for(token, SandboxChoice.PAY)
        taken = await page.post(SANDBOX_IPN, content=news.callback.body, headers=JSON)
        refused = await page.post(SANDBOX_IPN, json={"reference": "a" * 24, "outcome": "paid", "amount": 1})
    assert (taken.status_code, taken.json()) == (200, {"verdict": "recorded"})
    assert (refused.status_code, refused.json()) == (403, {"verdict": "forged"})
    assert (await place.orders.order(order["id"])).state == "paid"


async def test_a_fault_of_ours_asks_the_gateway_to_come_again(place: Place) -> None:
    """In its own words, with the trace in the log and no word of it in the answer; later the same callback is taken."""
    async with place.guest() as guest, place.client() as gateway:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        async with place.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE payment_events RENAME TO elsewhere"))
        before = await state_of(place)
        with structlog.testing.capture_logs() as logs:
            answer = await gateway.get(VNPAY_IPN, params=vnpay(order))
        assert answered(answer) == ("99", "Unknown error")
        assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["a callback failed"]
        assert await state_of(place) == before
        async with place.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO payment_events"))
        assert answered(await gateway.get(VNPAY_IPN, params=vnpay(order))) == PAID


async def test_only_listed_addresses_may_call_for_vnpay(place: Place) -> None:
    """By the address behind trusted proxies; what others say of themselves counts for nothing, and is written down."""
    async with place.guest() as guest:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
    before = await state_of(place)
    listed = {"X-Forwarded-For": "198.51.100.7"}
    async with at(place, "203.0.113.9") as stranger, at(place, "203.0.113.9", **listed) as liar:
        for client in (stranger, liar):
            assert answered(await client.get(VNPAY_IPN, params=vnpay(order)))[0] == "97"
    async with at(place, PROXY, **{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}) as behind:
        assert answered(await behind.get(VNPAY_IPN, params=vnpay(order)))[0] == "97"
    assert await state_of(place) == before
    assert await told(place) == [("forged", False, 3)]
    async with at(place, PROXY, **listed) as gateway:
        assert answered(await gateway.get(VNPAY_IPN, params=vnpay(order))) == PAID
    assert await told(place) == [("recorded", True, 4)]


async def test_where_a_callback_came_from_is_kept(place: Place) -> None:
    """Behind trusted proxies, first and last; first is whoever was believed: copies of strangers change the last."""
    async with place.guest() as guest:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
    listed = {"X-Forwarded-For": "198.51.100.7"}
    async with at(place, "203.0.113.9") as stranger, at(place, "203.0.113.10") as other:
        await stranger.get(VNPAY_IPN, params=vnpay(order))
        await other.get(VNPAY_IPN, params=vnpay(order))
        assert await senders(place) == [("203.0.113.9", "203.0.113.10")]
        async with at(place, PROXY, **listed) as gateway:
            assert answered(await gateway.get(VNPAY_IPN, params=vnpay(order))) == PAID
            assert await senders(place) == [("198.51.100.7", "198.51.100.7")]
        await stranger.get(VNPAY_IPN, params=vnpay(order))
        await stranger.get(VNPAY_IPN, params={**vnpay(order), "vnp_SecureHash": "0" * 128})
    assert await senders(place) == [("198.51.100.7", "203.0.113.9"), ("203.0.113.9", "203.0.113.9")]


async def senders(place: Place) -> list[tuple[str, str]]:
    """Where each message that was kept came from first and last."""
    async with place.engine.connect() as connection:
        found = await connection.execute(text("SELECT address, last_address FROM payment_events ORDER BY id"))
        return [(row.address, row.last_address) for row in found]


async def test_strangers_do_not_fill_the_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many of theirs are kept in an hour, more are counted and told of once; the gateway's own are always kept."""
    monkeypatch.setattr("server.checkout.callbacks.MAX_UNVERIFIED", 3)
    async with place.guest() as guest:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
    before, dropped = await state_of(place), dropped_callbacks()
    async with place.client() as stranger:
        with structlog.testing.capture_logs() as logs:
            for number in range(6):
                forged = {**vnpay(order), "vnp_SecureHash": f"{number:0128x}"}
                assert answered(await stranger.get(VNPAY_IPN, params=forged))[0] == "97"
        assert await told(place) == [("forged", False, 1)] * 3
        assert await state_of(place) == before
        assert dropped_callbacks() == dropped + 3
        assert [entry["event"] for entry in logs] == [
            *["a callback was refused"] * 3,
            "callbacks are refused that are too many to be kept",
        ]
        place.clock.ms += 3_600_000
        forged = {**vnpay(order), "vnp_SecureHash": "f" * 128}
        assert answered(await stranger.get(VNPAY_IPN, params=forged))[0] == "97"
        place.clock.ms -= 3_600_000
        assert answered(await stranger.get(VNPAY_IPN, params=vnpay(order))) == PAID
    assert await told(place) == [*[("forged", False, 1)] * 4, ("recorded", True, 1)]


def dropped_callbacks() -> float:
    """How many of VNPay's were not kept until now."""
    found = re.search(
        r'^cinebook_callbacks_dropped_total\{gateway="vnpay"\} (\S+)$', exposition().decode(), re.MULTILINE
    )
    return float(found[1]) if found else 0.0


async def told(place: Place) -> list[tuple[str, bool, int]]:
    """Verdict of each message that was kept, whether it was verified, and how often it came."""
    async with place.engine.connect() as connection:
        found = await connection.execute(text("SELECT verdict, verified, seen FROM payment_events ORDER BY id"))
        return [(row.verdict, row.verified, row.seen) for row in found]


async def test_gateways_are_told_the_address_of_the_customer(place: Place) -> None:
    """Behind a trusted proxy it is the one that the proxy names."""
    token, _ = place.sessions.tokens.issue()
    forwarded = {"authorization": f"Bearer {token}", "X-Forwarded-For": "2001:db8::7"}
    async with at(place, PROXY, **forwarded) as customer:
        await hold(customer, "F7")
        order = (await check_out(customer, "F7")).json()
    assert (await place.orders.order(order["id"])).payments[0].client_ip == "2001:db8::7"
