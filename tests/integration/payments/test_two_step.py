"""MoMo with capture by us: money is reserved first, and taken only while the seats are held for it."""

import pytest

from tests.gateways import Mode
from tests.integration.payments.conftest import Opening
from tests.integration.payments.people import eventually, reference
from tests.integration.payments.town import SOON_MS, Town

SEATS = ("F7", "F8")
VOIDED = 1017


async def reserved_and_let_go(town: Town, order: dict[str, object]) -> None:
    """Wait until MoMo has let go of the reserved money of an order's latest attempt."""
    purchase = town.momo.purchases[reference(order)]

    async def look() -> bool:
        return purchase.code == VOIDED

    await eventually(look, lambda: f"MoMo still says {purchase.code}")


async def test_money_is_taken_while_the_seats_are_held(opening: Opening) -> None:
    """Authorised, captured by a call of ours, and a ticket."""
    async with opening(momo_capture="two_step") as town:
        buyer = await town.buyer()
        order = await buyer.orders_seats(*SEATS, gateway="momo")
        await town.momo.pay(order["payment"]["redirect_url"])
        await buyer.sees(order, "paid")
        assert [call["requestType"] for call in town.momo.calls("confirm")] == ["capture"]
        await town.mailed(buyer, tickets=1)
        await town.balance()


@pytest.mark.parametrize("mode", [Mode.LOST, Mode.ERROR])
async def test_a_capture_without_an_answer_is_repeated(opening: Opening, mode: Mode) -> None:
    """Under the same ids, so that the money is taken once, whether the first call had arrived or not."""
    async with opening(momo_capture="two_step", momo_timeout_ms=SOON_MS) as town:
        buyer = await town.buyer()
        order = await buyer.orders_seats(*SEATS, gateway="momo")
        town.momo.behave(mode, "confirm")
        await town.momo.pay(order["payment"]["redirect_url"])
        await town.called("momo", "confirm")
        assert (await buyer.order(order))["state"] == "open"
        town.momo.behave(Mode.RIGHT, "confirm")
        await buyer.sees(order, "paid")
        assert len({call["requestId"] for call in town.momo.calls("confirm")}) == 1
        await town.balance()


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
async def test_money_reserved_too_late_is_let_go(opening: Opening, ending: str) -> None:
    """The customer gave up, or the time was over: nothing is taken, and so there is nothing to refund."""
    async with opening(momo_capture="two_step") as town:
        buyer = await town.buyer()
        order = await buyer.orders_seats(*SEATS, gateway="momo")
        if ending == "cancelled":
            await buyer.cancels(order)
        else:
            await town.later(16 * 60_000, lambda rounds: rounds.expire())
        await town.momo.pay(order["payment"]["redirect_url"])
        await reserved_and_let_go(town, order)
        await town.balance()
        after = await buyer.order(order)
        assert (after["state"], after["payment"]["state"], after["refunds"]) == (ending, "voided", [])
        assert town.mails(buyer) == {}


async def test_another_amount_that_was_reserved_is_let_go(opening: Opening) -> None:
    """MoMo wants to hear the very amount that it reserved; the order stays open."""
    async with opening(momo_capture="two_step") as town:
        buyer = await town.buyer()
        order = await buyer.orders_seats(*SEATS, gateway="momo")
        await town.momo.pay(order["payment"]["redirect_url"], amount=50_000)
        await reserved_and_let_go(town, order)
        await town.balance()
        after = await buyer.order(order)
        assert (after["state"], after["payment"]["state"]) == ("open", "voided")
