"""From held seats to tickets, through both gateways."""

import pytest

from tests.integration.payments.people import reference
from tests.integration.payments.town import Town, heard

BOTH = pytest.mark.parametrize("name", ["vnpay", "momo"])
SEATS = ("F7", "F8")
RECORDED = {"vnpay": "00", "momo": "204"}
"""What each gateway hears of what was written down."""

ENDS = {"vnpay": ("declined", "cancelled"), "momo": ("insufficient", "refused")}
OTHER = {"vnpay": "momo", "momo": "vnpay"}


@BOTH
async def test_a_paid_order_has_tickets_and_its_seats_are_sold(town: Town, name: str) -> None:
    """The callback makes the tickets, the mail takes them, the seats are occupied for everybody and held by nobody."""
    buyer, other, gateway = await town.buyer(), await town.buyer(), town.gateway(name)
    order = await buyer.orders_seats(*SEATS, gateway=name)
    assert order["payment"] == {"gateway": name, "state": "started", "redirect_url": order["payment"]["redirect_url"]}
    back = await gateway.pay(order["payment"]["redirect_url"])
    paid = await buyer.sees(order, "paid")
    assert [ticket["seat"] for ticket in paid["tickets"]] == list(SEATS)
    await buyer.comes_back(back, order)
    await gateway.settled()
    assert heard(gateway) == [RECORDED[name]]
    for somebody in (buyer, other):
        await somebody.sees_seats("occupied", *SEATS)
    await town.mailed(buyer, tickets=1)
    await town.balance()


@BOTH
async def test_after_attempts_that_failed_the_other_gateway_is_paid(town: Town, name: str) -> None:
    """Declined, then given up at the gateway's page: the order stays open with its seats, and takes another attempt."""
    buyer, first = await town.buyer(), town.gateway(name)
    order = tried = await buyer.orders_seats(*SEATS, gateway=name)
    for outcome, next_one in zip(ENDS[name], (name, OTHER[name]), strict=True):
        back = await first.pay(tried["payment"]["redirect_url"], outcome)
        await first.settled()
        await buyer.comes_back(back, order)
        failed = await buyer.order(order)
        assert (failed["state"], failed["payment"]) == ("open", {"gateway": name, "state": "failed"})
        tried = await buyer.tries_again(order, next_one)
        assert tried["expires_at"] == order["expires_at"]
    assert heard(first) == [RECORDED[name]] * 2
    await town.gateway(OTHER[name]).pay(tried["payment"]["redirect_url"])
    await buyer.sees(order, "paid")
    await town.mailed(buyer, tickets=1)
    await town.balance()


@BOTH
async def test_a_callback_before_the_customer_comes_back_after_and_twice_at_once(town: Town, name: str) -> None:
    """One order however it is told of: each copy is answered finally, and there is one mail."""
    buyer, gateway = await town.buyer(), town.gateway(name)
    early = await buyer.orders_seats("F7", gateway=name)
    back = await gateway.pay(early["payment"]["redirect_url"], copies=2)
    await gateway.settled()
    assert sorted(heard(gateway)) == {"vnpay": ["00", "02"], "momo": ["204", "204"]}[name]
    await buyer.comes_back(back, early)
    # The customer is back before anything was told: the gateway is asked, and its callback finds the order paid.
    late = await buyer.orders_seats("F8", gateway=name)
    await buyer.comes_back(await gateway.pay(late["payment"]["redirect_url"], copies=0), late)
    await buyer.sees(late, "paid")
    gateway.end(reference(late), "paid", copies=3)
    await gateway.settled()
    assert heard(gateway)[2:] == [{"vnpay": "02", "momo": "204"}[name]] * 3
    await town.mailed(buyer, tickets=2)
    await town.balance()
