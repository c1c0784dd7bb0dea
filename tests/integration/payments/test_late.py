"""Payments that come after their order has ended, twice, or that nobody tells of."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from server.db.engine import create_lone_engine
from tests.gateways import LocalMomo, LocalVnpay
from tests.integration.payments.conftest import Opening
from tests.integration.payments.people import Buyer, reference
from tests.integration.payments.town import Town

BOTH = pytest.mark.parametrize("name", ["vnpay", "momo"])
SEATS = {"vnpay": ("F7", "F8"), "momo": ("G7", "G8")}
PAYMENT_MS = 8000
"""Where time is to pass by itself: long enough to reach the gateway's page on a busy machine."""

DEADLINE = (
    # Or the database would keep what was agreed.
    "SET LOCAL session_replication_role = replica",
    # Both move by what is left until the order's: whatever is due some time after a deadline is as late after it.
    """
    UPDATE payments SET
        expires_at = payments.expires_at - (orders.expires_at - now()),
        ask_at = payments.ask_at - (orders.expires_at - now())
    FROM orders WHERE orders.id = payments."order" AND orders.id = :id
    """,
    "UPDATE orders SET expires_at = now() WHERE id = :id",
)


async def at_the_page(town: Town, name: str) -> tuple[Buyer, dict[str, Any]]:
    """A customer who is at the gateway's page with an order of the gateway's `SEATS`."""
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS[name], gateway=name)
    await visit(order)
    return buyer, order


async def visit(order: dict[str, Any]) -> None:
    """Open the gateway's page, so that it knows of the payment."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        page = await browser.get(order["payment"]["redirect_url"])
    assert page.status_code == 200


async def deadline_comes(town: Town, order: dict[str, Any]) -> None:
    """Bring the order's time to pay to its end now: one that is short would be over early on a busy machine."""
    engine = create_lone_engine(town.app.addresses.database_url)
    async with engine.begin() as connection:
        for statement in DEADLINE:
            await connection.execute(text(statement), {"id": order["id"]} if ":id" in statement else {})
    await engine.dispose()


async def pays(gateway: LocalVnpay | LocalMomo, order: dict[str, Any], *, copies: int = 1) -> None:
    """The customer, at the page since long, pays at last."""
    gateway.end(reference(order), "paid", copies=copies)
    await gateway.settled()


async def test_paid_after_the_deadline_with_the_seats_free_is_a_ticket(opening: Opening) -> None:
    """The order has expired and its seats were free for everybody; the same seats are its own again."""

    async def path(town: Town, name: str) -> None:
        buyer, order = await at_the_page(town, name)
        await buyer.sees(order, "expired")
        await buyer.sees_seats("available", *SEATS[name])
        await pays(town.gateway(name), order)
        late = await buyer.sees(order, "paid")
        assert [ticket["seat"] for ticket in late["tickets"]] == list(SEATS[name])
        await buyer.sees_seats("occupied", *SEATS[name])
        await town.mailed(buyer, tickets=1)

    async with opening(payment_ms=PAYMENT_MS, hold_ms=PAYMENT_MS) as town:
        await asyncio.gather(path(town, "vnpay"), path(town, "momo"))
        await town.balance()


async def test_paid_after_the_deadline_with_a_seat_taken_goes_back(opening: Opening) -> None:
    """A seat is in other hands, or sold: all the money goes back, and the customer is told twice."""

    async def path(town: Town, name: str, *, sold: bool) -> None:
        buyer, order = await at_the_page(town, name)
        await deadline_comes(town, order)
        await buyer.sees(order, "expired")
        await buyer.sees_seats("locked", *SEATS[name], mine=True)
        await buyer.lets_go(*SEATS[name])
        other = await town.buyer()
        await other.locks(SEATS[name][0])
        if sold:
            theirs = await other.orders_seats(SEATS[name][0], gateway=name)
            await town.gateway(name).pay(theirs["payment"]["redirect_url"])
            await other.sees(theirs, "paid")
        await pays(town.gateway(name), order)
        await town.refunds_end()
        await buyer.sees(order, "refunded")
        await town.mailed(buyer, refund_started=1, refund_done=1)
        await other.sees_seats("occupied" if sold else "locked", SEATS[name][0], mine=not sold)

    async with opening() as town:
        await asyncio.gather(path(town, "vnpay", sold=False), path(town, "momo", sold=True))
        await town.balance()


async def test_a_gateway_that_tells_nothing_is_asked_at_the_deadline(opening: Opening) -> None:
    """The customer paid in time, no callback came and nobody came back: the question finds it, and makes the ticket."""

    async def path(town: Town, name: str) -> None:
        buyer, order = await at_the_page(town, name)
        await pays(town.gateway(name), order, copies=0)
        assert (await buyer.order(order))["state"] == "open"
        await deadline_comes(town, order)
        await buyer.sees(order, "paid")
        assert town.gateway(name).deliveries == []
        await town.mailed(buyer, tickets=1)

    async with opening() as town:
        await asyncio.gather(path(town, "vnpay"), path(town, "momo"))
        await town.balance()


@BOTH
async def test_a_gateway_is_asked_again_a_minute_after_and_later(town: Town, name: str) -> None:
    """It says pending at the deadline; a quarter of an hour later it is asked again, and the payment was made."""
    gateway, minute = town.gateway(name), 60_000
    buyer, order = await at_the_page(town, name)
    for after in (15, 16, 20):
        await town.later(after * minute + 1000, lambda rounds: rounds.expire())
        await town.later(after * minute + 1000, lambda rounds: rounds.ask())
        assert (await buyer.order(order))["state"] == "expired"
    asked = {"vnpay": "querydr", "momo": "query"}[name]
    assert len(gateway.calls(asked)) == 3
    await town.later(21 * minute, lambda rounds: rounds.ask())
    assert len(gateway.calls(asked)) == 3
    await pays(gateway, order, copies=0)
    await town.later(30 * minute + 1000, lambda rounds: rounds.ask())
    await buyer.sees(order, "paid")
    await town.mailed(buyer, tickets=1)
    await town.balance()


@BOTH
async def test_another_amount_that_only_a_question_brings_to_light_goes_back(town: Town, name: str) -> None:
    """No callback ever told of it: the money does not stay where nobody looks."""
    buyer, order = await at_the_page(town, name)
    town.gateway(name).end(reference(order), "paid", amount=50_000, copies=0)
    await town.later(16 * 60_000, lambda rounds: rounds.expire())
    await town.later(16 * 60_000, lambda rounds: rounds.ask())
    await town.refunds_end()
    [row] = await town.manager.sees_refunds(order, "done")
    assert (row["amount"], row["reason"]) == (50_000, "amount mismatch")
    await buyer.sees(order, "refunded")
    assert town.gateway(name).kept() == 0
    await town.balance()


@BOTH
async def test_paid_after_the_customer_cancelled_goes_back(town: Town, name: str) -> None:
    """The seats were free at once; the money is sent back, and the customer told."""
    buyer, order = await at_the_page(town, name)
    await buyer.cancels(order)
    await buyer.sees_seats("available", *SEATS[name])
    await pays(town.gateway(name), order)
    await town.refunds_end()
    await buyer.sees(order, "refunded")
    await town.mailed(buyer, refund_started=1, refund_done=1)
    await buyer.sees_seats("available", *SEATS[name])
    await town.balance()


@pytest.mark.parametrize(("first", "second"), [("vnpay", "momo"), ("momo", "vnpay"), ("vnpay", "vnpay")])
async def test_of_two_attempts_that_were_paid_the_second_goes_back(town: Town, first: str, second: str) -> None:
    """Two pages were open, both were paid: the tickets stay good, and one price is kept."""
    buyer, order = await at_the_page(town, first)
    again = await buyer.tries_again(order, second)
    await visit(again)
    await pays(town.gateway(first), order)
    await buyer.sees(order, "paid")
    await pays(town.gateway(second), again)
    await town.refunds_end()
    [row] = await town.manager.sees_refunds(order, "done")
    assert (row["payment"], row["by"], row["reason"]) == (reference(again), "system", "paid twice")
    still = await buyer.order(order)
    assert (still["state"], still["payment"]["gateway"]) == ("paid", first)
    assert len(still["tickets"]) == 2
    await town.mailed(buyer, tickets=1, refund_started=1, refund_done=1)
    await town.balance()


@BOTH
async def test_that_an_attempt_failed_is_told_after_it_was_paid(town: Town, name: str) -> None:
    """News that come in the wrong order take no ticket away."""
    buyer, order = await at_the_page(town, name)
    gateway = town.gateway(name)
    failed = {"vnpay": "declined", "momo": "refused"}[name]
    gateway.end(reference(order), failed, copies=0)
    old = stale(town, name, order)
    await pays(gateway, order)
    await buyer.sees(order, "paid")
    gateway.tell(old)
    await gateway.settled()
    assert (await buyer.order(order))["state"] == "paid"
    await town.mailed(buyer, tickets=1)
    await town.balance()


def stale(town: Town, name: str, order: dict[str, Any]) -> Any:
    """The notification of what the gateway knows now, to be sent later."""
    if name == "vnpay":
        return town.vnpay.result(reference(order), "51")
    return town.momo.result(town.momo.purchases[reference(order)])
