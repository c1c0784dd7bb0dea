"""Callbacks that are not what they should be: each is answered in its gateway's words."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.integration.payments.conftest import Opening
from tests.integration.payments.people import API, Buyer, reference
from tests.integration.payments.town import Town, heard

BOTH = pytest.mark.parametrize("name", ["vnpay", "momo"])
SEATS = ("F7", "F8")
LESS = 50_000
REFUSED = {"vnpay": "97", "momo": "403"}
VNPAY_IPN = f"{API}/payments/vnpay/ipn"
MOMO_IPN = f"{API}/payments/momo/ipn"


async def genuine(town: Town, name: str) -> tuple[Buyer, dict[str, Any], dict[str, Any]]:
    """A customer who has paid `SEATS`, the order, and the notification that nobody has sent yet."""
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS, gateway=name)
    await town.gateway(name).pay(order["payment"]["redirect_url"], copies=0)
    if name == "vnpay":
        return buyer, order, town.vnpay.result(reference(order), "00")
    return buyer, order, town.momo.result(town.momo.purchases[reference(order)])


@BOTH
async def test_another_amount_buys_nothing_and_goes_back(town: Town, name: str) -> None:
    """VNPay hears 04, each time that it tries; the money is sent back once, and the order can be paid as before."""
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS, gateway=name)
    gateway = town.gateway(name)
    await gateway.pay(order["payment"]["redirect_url"], amount=LESS)
    await gateway.settled()
    assert heard(gateway) == {"vnpay": ["04"] * 11, "momo": ["204"]}[name]
    # Only after the gateway itself was asked what it took.
    await town.called(name, "refund")
    await town.refunds_end()
    [row] = await town.manager.sees_refunds(order, "done")
    assert (row["amount"], row["reason"]) == (LESS, "amount mismatch")
    after = await buyer.order(order)
    assert (after["state"], after["seats"], after["amount"]) == ("open", order["seats"], order["amount"])
    assert (await town.manager.figures())["mismatches"] == 1
    again = await buyer.tries_again(order, name)
    await gateway.pay(again["payment"]["redirect_url"])
    await buyer.sees(order, "paid")
    await town.balance()


@BOTH
async def test_callbacks_that_nobody_can_believe_change_nothing(town: Town, name: str) -> None:
    """Unknown, forged, for somebody else, with a parameter twice; the genuine one is taken after all of them."""
    buyer, order, told = await genuine(town, name)
    async with httpx.AsyncClient(base_url=town.app.url, trust_env=False, timeout=30) as anybody:
        if name == "vnpay":
            answers = await _strange_to_vnpay(town, anybody, told)
            assert answers == ["01", "97", "97", "97", "99", "99", "99"]
        else:
            answers = await _strange_to_momo(town, anybody, told)
            assert answers == ["404", "403", "403", "403", "400", "400", "400"]
    assert (await buyer.order(order))["state"] == "open"
    town.gateway(name).tell(told)
    await buyer.sees(order, "paid")
    await town.mailed(buyer, tickets=1)
    await town.balance()


async def _strange_to_vnpay(town: Town, anybody: httpx.AsyncClient, told: dict[str, str]) -> list[str]:
    unsigned = {name: value for name, value in told.items() if name != "vnp_SecureHash"}
    queries = [
        urlencode(town.vnpay.signed({**unsigned, "vnp_TxnRef": "a" * 24})),
        urlencode({**told, "vnp_Amount": "100"}),
        urlencode(unsigned),
        urlencode(town.vnpay.signed({**unsigned, "vnp_TmnCode": "OTHER001"})),
        urlencode([*told.items(), ("vnp_Amount", told["vnp_Amount"])]),
        urlencode(town.vnpay.signed({**unsigned, "vnp_TransactionStatus": ""})),
        "",
    ]
    return [(await anybody.get(f"{VNPAY_IPN}?{query}")).json()["RspCode"] for query in queries]


async def _strange_to_momo(town: Town, anybody: httpx.AsyncClient, told: dict[str, Any]) -> list[str]:
    twice = httpx.Request("POST", "http://momo", json=told).content[:-1] + b', "amount": 1}'
    bodies: list[dict[str, Any]] = [
        {"json": town.momo.signed({**told, "orderId": "a" * 24})},
        {"json": {**told, "amount": 1000}},
        {"json": {**told, "signature": ""}},
        {"json": town.momo.signed({**told, "partnerCode": "OTHER"})},
        {"content": twice, "headers": {"Content-Type": "application/json"}},
        {"json": {**told, "amount": float(told["amount"])}},
        {"data": told},
    ]
    return [str((await anybody.post(MOMO_IPN, **body)).status_code) for body in bodies]


@BOTH
async def test_a_return_page_is_believed_no_more_than_its_signature(town: Town, name: str) -> None:
    """Forged ones lead to no order; after a genuine one the gateway is asked, and that makes the ticket."""
    buyer, order, told = await genuine(town, name)
    page = f"{town.app.url}{API}/payments/{name}/return"
    amount = {"vnpay": "vnp_Amount", "momo": "amount"}[name]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        for query in (urlencode({**told, amount: "1"}), urlencode([*told.items(), (amount, "1")]), ""):
            assert (await browser.get(f"{page}?{query}")).headers["location"] == "/orders/unknown"
    assert (await buyer.order(order))["state"] == "open"
    await buyer.comes_back(f"{page}?{urlencode(told)}", order)
    await buyer.sees(order, "paid")
    assert town.gateway(name).deliveries == []
    await town.balance()


@BOTH
async def test_only_the_gateways_own_addresses_may_call(opening: Opening, name: str) -> None:
    """Behind a trusted proxy: a genuine callback from elsewhere is refused, whatever it claims."""
    lists = {"vnpay_ipn_addresses": ("203.0.113.7",), "momo_ipn_addresses": ("203.0.113.0/24",)}
    async with opening(trusted_proxies=("127.0.0.1",), **lists) as town:
        buyer, order, told = await genuine(town, name)

        async def call(forwarded: str | None) -> str:
            headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
            async with httpx.AsyncClient(base_url=town.app.url, headers=headers, trust_env=False, timeout=30) as proxy:
                if name == "vnpay":
                    return str((await proxy.get(VNPAY_IPN, params=told)).json()["RspCode"])
                return str((await proxy.post(MOMO_IPN, json=told)).status_code)

        for address in (None, "198.51.100.9", "203.0.113.7, 198.51.100.9", "nonsense"):
            assert await call(address) == REFUSED[name]
        assert (await buyer.order(order))["state"] == "open"
        assert await call("198.51.100.9, 203.0.113.7") == {"vnpay": "00", "momo": "204"}[name]
        await buyer.sees(order, "paid")
        await town.balance()


@BOTH
async def test_nobody_says_of_himself_where_he_comes_from(opening: Opening, name: str) -> None:
    """Where no proxy is trusted the connection's own address counts, also that of the very machine."""
    lists = {"vnpay_ipn_addresses": ("203.0.113.7",), "momo_ipn_addresses": ("203.0.113.7",)}
    async with opening(**lists) as town:
        buyer, order, told = await genuine(town, name)
        headers = {"X-Forwarded-For": "203.0.113.7"}
        async with httpx.AsyncClient(base_url=town.app.url, headers=headers, trust_env=False, timeout=30) as liar:
            if name == "vnpay":
                assert (await liar.get(VNPAY_IPN, params=told)).json()["RspCode"] == REFUSED[name]
            else:
                assert str((await liar.post(MOMO_IPN, json=told)).status_code) == REFUSED[name]
        assert (await buyer.order(order))["state"] == "open"
