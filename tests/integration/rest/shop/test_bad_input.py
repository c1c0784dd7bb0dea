"""Bad input to checkout: each is refused by its code, and changes nothing."""

from typing import Any

import httpx
import pytest

from tests.integration.rest.place import Place, problem
from tests.integration.rest.shop.buying import API, CUSTOMER, DEMO, ask, hold, ordered, state_of

EMAILS = [
    "",
    "an",
    "@example.vn",
    "an@",
    "an@localhost",
    "an@@example.vn",
    "an@example.vn@example.vn",
    "an nguyen@example.vn",
    "an@exam ple.vn",
    "an@example.vn\n",
    "an@example.vn\r\nBcc: all@example.vn",
    "an\x00@example.vn",
    "<an@example.vn>",
    "an@-example.vn",
    "an@example..vn",
    ".an@example.vn",
    "an.@example.vn",
    "a..n@example.vn",
    "an@192.0.2.1",
    "ân@example.vn",
    "an@ví-dụ.vn",
    "'; DROP TABLE orders;--",
    "a" * 65 + "@example.vn",
    "an@" + "a" * 64 + ".vn",
    "an@" + "a.b" * 100 + ".vn",
    None,
    7,
]
NAMES = ["", " ", "\t", "a\x00b", "a\nb", "a\x1bb", "a\u202eb", "a\u2066b", "a" * 101, 7]
PHONES = ["", "+", "0", "901234567", "+0901234567", "+84 901 234 567", "+1" * 9, "0901234567\n", "tel:0901234567", 901]
FAULTS: list[tuple[dict[str, Any], str]] = [
    *[({"customer": {**CUSTOMER, "email": email}}, "customer.email") for email in EMAILS],
    *[({"customer": {**CUSTOMER, "name": name}}, "customer.name") for name in NAMES],
    *[({"customer": {**CUSTOMER, "phone": phone}}, "customer.phone") for phone in PHONES],
    *[({"customer": {**CUSTOMER, "locale": locale}}, "customer.locale") for locale in ("fr", "", None, "VI")],
    *[({"customer": customer}, "customer") for customer in (None, "an@example.vn", 7)],
    ({"customer": {}}, "customer.email"),
    *[({"expected_total": total}, "expected_total") for total in (90_000.0, 1e5, 0.5, "90000", True, -1, 2**53)],
    *[({"gateway": gateway}, "gateway") for gateway in (None, "", "VNPAY", "vn pay", "a" * 33, 1)],
    *[({"seats": seats}, "seats") for seats in (None, [], "F7", ["F7", "F7"], ["F7"] * 101)],
    *[({"seats": seats}, "seats[0]") for seats in ([7], ["F 7"], [""], [None], ["'; DROP TABLE seats;--"])],
]


async def test_each_fault_is_told_by_its_field(place: Place) -> None:
    """Addresses, names, numbers, floats as amounts, SQL and control characters; nothing changes by any."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        before = await state_of(place)
        for change, field in FAULTS:
            answer = await guest.post(f"{DEMO}/checkout", json={**ask("F7"), **change})
            document = problem(answer, 422, "bad_request")
            assert document["errors"][0]["field"] == field, ascii(change)
        assert await state_of(place) == before


@pytest.mark.parametrize(
    "customer",
    [
        {"email": "a@b.vn"},
        {"email": "an.nguyen+phim_1@mail-2.example.com.vn", "phone": "+4930123456", "name": None, "phone_2": 1},
        {"email": "o'brien!#$%&*/=?^_`{|}~-@xn--v-dja.xn--p1ai", "name": "  Ân  "},
        {"email": "A@EXAMPLE.VN", "name": "नमस्ते 🎬", "phone": None, "locale": "en"},
    ],
)
async def test_what_is_right_is_taken(place: Place, customer: dict[str, Any]) -> None:
    """Unusual addresses and names of any script; fields that nobody knows are ignored."""
    async with place.guest() as guest:
        await hold(guest, "F7")
        answer = await guest.post(f"{DEMO}/checkout", json=ask("F7", customer=customer))
    assert answer.status_code == 201
    kept = (await place.orders.order(answer.json()["id"])).customer
    assert kept.email == customer["email"]
    assert kept.name == (customer["name"].strip() if customer.get("name") else None)


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b'{"seats": ["\xff"]}', "application/json", 400, "malformed"),
        (b'{"customer": {"email": "\\ud800"}}', "application/json", 400, "malformed"),
        (b"seats=F7", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", "application/json; charset=utf-16", 415, "unsupported_media_type"),
        (b'{"seats": ["' + b"A" * 1_000_000 + b'"]}', "application/json", 413, "too_large"),
        (b"", "application/json", 422, "bad_request"),
        (b"[]", "application/json", 422, "bad_request"),
    ],
)
async def test_what_cannot_be_read(place: Place, content: bytes, media_type: str, status: int, code: str) -> None:
    """On checkout and on another attempt."""
    async with place.guest() as guest:
        order = await ordered(guest, "F7")
        before = await state_of(place)
        for path in (f"{DEMO}/checkout", f"{API}/orders/{order['id']}/pay"):
            answer: httpx.Response = await guest.post(path, content=content, headers={"Content-Type": media_type})
            problem(answer, status, code)
        assert await state_of(place) == before


@pytest.mark.parametrize("keys", [[""], ["k" * 256], ["k", "k"]])
async def test_an_idempotency_key_that_is_none(place: Place, keys: list[str]) -> None:
    """Empty, too long, or two of them: named, and nothing changes."""
    async with place.guest() as guest:
        order = await ordered(guest, "F8")
        await hold(guest, "F7")
        before = await state_of(place)
        headers = [("Idempotency-Key", key) for key in keys]
        for path, body in (
            (f"{DEMO}/checkout", ask("F7")),
            (f"{API}/orders/{order['id']}/pay", {"gateway": "vnpay"}),
            (f"{API}/orders/{order['id']}/cancel", None),
        ):
            document = problem(await guest.post(path, json=body, headers=headers), 422, "bad_request")
            assert document["errors"][0]["field"] == "Idempotency-Key"
        assert await state_of(place) == before


async def test_another_site_cannot_order(place: Place) -> None:
    """Not even with the visitor's cookie: no page of another site may check out, pay or give up."""
    async with place.client() as browser:
        (await browser.post(f"{API}/sessions")).raise_for_status()
        order = await ordered(browser, "F7")
        before = await state_of(place)
        evil = {"Origin": "https://evil.example"}
        for path in (f"{DEMO}/checkout", f"{API}/orders/{order['id']}/pay", f"{API}/orders/{order['id']}/cancel"):
            problem(await browser.post(path, json={}, headers=evil), 403, "forbidden")
        assert await state_of(place) == before
