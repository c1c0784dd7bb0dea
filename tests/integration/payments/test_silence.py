"""Gateways that are down, slow or talk nonsense, callbacks whose answer is lost, and a server that is away."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.gateways import Mode
from tests.gateways.serving import Serving
from tests.integration.payments.conftest import Opening
from tests.integration.payments.people import API
from tests.integration.payments.town import SOON_MS, Town, heard

SEATS = ("F7", "F8")
UNWELL = (Mode.NEVER, Mode.LOST, Mode.GARBAGE, Mode.ERROR, Mode.FORGED, Mode.HUGE, Mode.BUSY)


async def test_an_order_waits_for_a_page_that_momo_does_not_make(opening: Opening) -> None:
    """It is there with its seats and no address to go to; another attempt is made when MoMo is well again."""
    async with opening(momo_timeout_ms=SOON_MS) as town:
        buyer = await town.buyer()
        for place, mode in enumerate(UNWELL, start=1):
            seat = f"F{place}"
            town.momo.behave(mode, "create")
            order = await buyer.orders_seats(seat, gateway="momo")
            assert (order["state"], order["payment"]) == ("open", {"gateway": "momo", "state": "started"}), mode
            await buyer.sees_seats("occupied", seat, mine=True)
            town.momo.behave(Mode.RIGHT, "create")
            again = await buyer.tries_again(order, "momo")
            await town.momo.pay(again["payment"]["redirect_url"])
            await buyer.sees(order, "paid")
        await town.balance()


async def test_an_order_waits_while_momo_is_down(town: Town) -> None:
    """Nobody answers at its address at all; VNPay takes the money instead."""
    await town.momo.stop()
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS, gateway="momo")
    assert (order["state"], "redirect_url" in order["payment"]) == ("open", False)
    again = await buyer.tries_again(order, "vnpay")
    await town.vnpay.pay(again["payment"]["redirect_url"])
    await buyer.sees(order, "paid")
    await town.balance()


async def test_a_page_that_momo_makes_slowly_is_waited_for(town: Town) -> None:
    """An answer within the time that MoMo has counts."""
    town.momo.behave(Mode.SLOW, "create")
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS, gateway="momo")
    await town.momo.pay(order["payment"]["redirect_url"])
    await buyer.sees(order, "paid")
    await town.balance()


@pytest.mark.parametrize("name", ["vnpay", "momo"])
async def test_an_answer_that_cannot_be_believed_pays_for_nothing(town: Town, name: str) -> None:
    """Forged or nonsense, it leaves the payment open; the next question finds that it was made."""
    gateway = town.gateway(name)
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS, gateway=name)
    await gateway.pay(order["payment"]["redirect_url"], copies=0)
    for minutes, mode in ((15, Mode.FORGED), (16, Mode.GARBAGE), (20, Mode.ERROR)):
        gateway.behave(mode, "querydr", "query")
        await town.later(minutes * 60_000 + 1000, lambda rounds: rounds.ask())
        assert (await buyer.order(order))["payment"]["state"] == "started"
    gateway.behave(Mode.RIGHT, "querydr", "query")
    await town.later(30 * 60_000 + 1000, lambda rounds: rounds.ask())
    await buyer.sees(order, "paid")
    await town.balance()


async def test_vnpay_calls_again_when_the_answer_is_lost(town: Town) -> None:
    """The payment was written down at the first call; the second hears so, and VNPay is content."""
    answers: list[bytes] = []

    async def lose(request: Request) -> Response:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as onward:
            answer = await onward.get(f"{town.app.url}{API}/payments/vnpay/ipn?{request.url.query}")
        answers.append(answer.content)
        return Response(status_code=502) if len(answers) == 1 else Response(answer.content)

    proxy = Serving()
    await proxy.start([Route("/ipn", lose)])
    try:
        town.vnpay.ipn_url = f"{proxy.url}/ipn"
        buyer = await town.buyer()
        order = await buyer.orders_seats(*SEATS, gateway="vnpay")
        await town.vnpay.pay(order["payment"]["redirect_url"])
        await town.vnpay.settled()
    finally:
        await proxy.stop()
    assert (heard(town.vnpay), len(answers)) == (["", "02"], 2)
    await buyer.sees(order, "paid")
    await town.mailed(buyer, tickets=1)
    await town.balance()


async def test_vnpay_calls_again_while_the_server_is_away(town: Town) -> None:
    """It restarts in the middle: the calls that found nobody are made up for by the one that did."""
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS, gateway="vnpay")
    town.vnpay.retry_s, town.vnpay.retries = 0.5, 100
    await town.vnpay.visit(order["payment"]["redirect_url"])
    await town.app.stop()
    town.vnpay.end(order["payment"]["redirect_url"].partition("vnp_TxnRef=")[2].partition("&")[0], "paid")
    while not town.vnpay.deliveries:
        await asyncio.sleep(0.01)
    await town.app.start()
    await town.vnpay.settled()
    assert heard(town.vnpay)[-1] == "00"
    assert set(heard(town.vnpay)[:-1]) == {""}
    await buyer.sees(order, "paid")
    await town.mailed(buyer, tickets=1)
    await town.balance()
