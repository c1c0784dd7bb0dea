"""Money that staff send back, through gateways that accept, delay, refuse and fall silent."""

from typing import Any

import pytest

from tests.gateways import Mode
from tests.integration.payments.town import SOON_MS, Town, paid

BOTH = pytest.mark.parametrize("name", ["vnpay", "momo"])
SEATS = ("F7", "F8")
PRICE = 95_000
ACCEPTED = {"vnpay": "sent", "momo": "done"}
"""What a refund is at once: VNPay does it later."""


@BOTH
async def test_seats_are_given_back_one_by_one_and_then_no_money_is_kept(town: Town, name: str) -> None:
    """The first as a part, and so the second, of the same price, while VNPay is still at the first."""
    buyer, order = await paid(town, name, *SEATS)
    await town.manager.refunds(order, seats=["F7"])
    await town.manager.sees_refunds(order, ACCEPTED[name])
    await buyer.sees_seats("available", "F7")
    await buyer.sees_seats("occupied", "F8")
    await town.manager.refunds(order, seats=["F8"])
    await town.manager.sees_refunds(order, *{"vnpay": ("sent", "requested"), "momo": ("done", "done")}[name])
    await town.refunds_end()
    await town.manager.sees_refunds(order, *{"vnpay": ("done", "sent"), "momo": ("done", "done")}[name])
    await town.refunds_end()
    await town.manager.sees_refunds(order, "done", "done")
    await buyer.sees(order, "refunded")
    await town.mailed(buyer, tickets=1, refund_done=2)
    assert kinds_of_refunds(town, name) == {"vnpay": ["03", "03"], "momo": [PRICE, PRICE]}[name]
    assert town.gateway(name).kept() == 0
    await town.balance()


@BOTH
async def test_what_is_left_goes_back_after_a_part(town: Town, name: str) -> None:
    """The order is partly refunded between the two, and has a ticket for the seat that it kept."""
    buyer, order = await paid(town, name, *SEATS)
    await town.manager.refunds(order, seats=["F8"])
    await town.refunds_end()
    half = await buyer.sees(order, "partly_refunded")
    assert [ticket["seat"] for ticket in half["tickets"]] == ["F7"]
    await town.balance()
    await town.manager.refunds(order)
    await town.manager.sees_refunds(order, "done", ACCEPTED[name])
    await town.refunds_end()
    await buyer.sees(order, "refunded")
    await buyer.sees_seats("available", *SEATS)
    await town.balance()


@BOTH
async def test_all_goes_back_at_once(town: Town, name: str) -> None:
    """By a full refund, which VNPay has its own word for."""
    buyer, order = await paid(town, name, *SEATS)
    await town.manager.refunds(order)
    await town.manager.sees_refunds(order, ACCEPTED[name])
    await town.refunds_end()
    await buyer.sees(order, "refunded")
    assert kinds_of_refunds(town, name) == {"vnpay": ["02"], "momo": [2 * PRICE]}[name]
    await town.balance()


@BOTH
@pytest.mark.parametrize("mode", [Mode.LOST, Mode.GARBAGE])
async def test_a_refund_without_an_answer_is_asked_about_and_sent_once(opening: Any, name: str, mode: Mode) -> None:
    """Whether it was done, or never was: the question says so, and the money goes back exactly once.

    It goes out again under its old request id: should it have been late alone, it is not done twice.
    """
    async with opening(vnpay_timeout_ms=SOON_MS, momo_timeout_ms=SOON_MS) as town:
        gateway = town.gateway(name)
        buyer, order = await paid(town, name, *SEATS)
        gateway.behave(mode, "refund")
        await town.manager.refunds(order)
        # A refund is unknown from just before it is sent.
        await town.called(name, "refund")
        await town.manager.sees_refunds(order, "unknown")
        gateway.behave(Mode.RIGHT, "refund")
        await town.manager.sees_refunds(order, ACCEPTED[name])
        calls = [received.call for received in gateway.log if received.call not in {"pay", "create"}]
        asked = {"vnpay": "querydr", "momo": "refund/query"}[name]
        assert calls == ["refund", asked] + ([] if mode is Mode.LOST else ["refund"])
        field = {"vnpay": "vnp_RequestId", "momo": "requestId"}[name]
        assert len({fields[field] for fields in gateway.calls("refund")}) == 1
        await town.refunds_end()
        await buyer.sees(order, "refunded")
        await town.mailed(buyer, tickets=1, refund_done=1)
        await town.balance()


@pytest.mark.parametrize("mode", [Mode.RIGHT, Mode.UNSIGNED])
async def test_a_refund_that_vnpay_would_not_take_yet_is_sent_until_it_does(town: Town, mode: Mode) -> None:
    """99, as long as refunds are not enabled there; VNPay has had each request then, and takes none of them again."""
    buyer, order = await paid(town, "vnpay", *SEATS)
    town.vnpay.refund_code = "99"
    town.vnpay.behave(mode, "refund")
    await town.manager.refunds(order)
    await town.called("vnpay", "refund", 2)
    town.vnpay.refund_code = ""
    town.vnpay.behave(Mode.RIGHT, "refund")
    await town.manager.sees_refunds(order, "sent")
    calls = [received.call for received in town.vnpay.log if received.call != "pay"]
    assert calls == ["refund", *["querydr", "refund"] * (len(calls) // 2)]
    ids = [fields["vnp_RequestId"] for fields in town.vnpay.calls("refund")]
    assert len(set(ids)) == len(ids)
    await town.refunds_end()
    await buyer.sees(order, "refunded")
    await town.mailed(buyer, tickets=1, refund_done=1)
    await town.balance()


@BOTH
async def test_a_part_that_never_arrived_is_not_taken_for_the_part_before_it(opening: Any, name: str) -> None:
    """Of two parts of one price the second gets lost: what the gateway shows is the first, and the second is sent."""
    async with opening(vnpay_timeout_ms=SOON_MS, momo_timeout_ms=SOON_MS) as town:
        gateway = town.gateway(name)
        buyer, order = await paid(town, name, *SEATS)
        await town.manager.refunds(order, seats=["F7"])
        await town.refunds_end()
        await town.manager.sees_refunds(order, "done")
        gateway.behave(Mode.ERROR, "refund")
        gateway.log.clear()
        await town.manager.refunds(order, seats=["F8"])
        await town.called(name, "refund")
        await town.manager.sees_refunds(order, "done", "unknown")
        gateway.behave(Mode.RIGHT, "refund")
        await town.manager.sees_refunds(order, "done", ACCEPTED[name])
        await town.refunds_end()
        await buyer.sees(order, "refunded")
        assert gateway.kept() == 0
        await town.balance()


async def test_a_refund_that_the_bank_rejects_waits_for_staff_who_send_it_again(town: Town) -> None:
    """VNPay accepts it and says 09 later: it failed, the money is owed still, and a new one brings it back."""
    buyer, order = await paid(town, "vnpay", *SEATS)
    await town.manager.refunds(order)
    await town.manager.sees_refunds(order, "sent")
    await town.refunds_end("09")
    [failed] = await town.manager.sees_refunds(order, "failed")
    assert failed["code"] == "09"
    figures = await town.manager.figures()
    assert (figures["failed_refunds"], figures["money"][0]["unexplained"]) == (1, 0)
    await town.manager.retries(order, failed["reference"])
    await town.manager.sees_refunds(order, "replaced", "sent")
    await town.refunds_end()
    await town.manager.sees_refunds(order, "replaced", "done")
    await buyer.sees(order, "refunded")
    await town.mailed(buyer, tickets=1, refund_done=1)
    await town.balance()


async def test_a_refund_that_momo_refuses_waits_for_staff_who_send_it_again(town: Town) -> None:
    """At once, and under ids of its own, because MoMo answers the old ones as it did."""
    buyer, order = await paid(town, "momo", *SEATS)
    town.momo.refund_code = 1088
    await town.manager.refunds(order)
    [failed] = await town.manager.sees_refunds(order, "failed")
    assert failed["code"] == "1088"
    town.momo.refund_code = 0
    await town.manager.retries(order, failed["reference"])
    await town.manager.sees_refunds(order, "replaced", "done")
    await buyer.sees(order, "refunded")
    await town.balance()


async def test_a_refund_that_momo_is_at_is_asked_about(town: Town) -> None:
    """7002 now, and done when it is asked again."""
    buyer, order = await paid(town, "momo", *SEATS)
    town.momo.refund_code = 7002
    await town.manager.refunds(order)
    [row] = await town.manager.sees_refunds(order, "sent")
    town.momo.finish_refund(row["reference"])
    await town.refunds_end()
    await buyer.sees(order, "refunded")
    await town.balance()


@pytest.mark.parametrize("decision", ["approve", "refund"])
async def test_a_payment_under_suspicion_keeps_its_seats_until_staff_decide(town: Town, decision: str) -> None:
    """VNPay says 07: no ticket yet; then the tickets, or the money."""
    buyer = await town.buyer()
    order = await buyer.orders_seats(*SEATS, gateway="vnpay")
    await town.vnpay.pay(order["payment"]["redirect_url"], "suspected")
    assert "tickets" not in await buyer.sees(order, "review")
    await buyer.sees_seats("occupied", *SEATS)
    await town.mailed(buyer, review=1)
    assert (await town.manager.figures())["reviews"] == 1
    if decision == "approve":
        await town.manager.approves(order)
        await buyer.sees(order, "paid")
        await town.mailed(buyer, review=1, tickets=1)
    else:
        await town.manager.refunds(order)
        await town.manager.sees_refunds(order, "sent")
        await town.refunds_end()
        await buyer.sees(order, "refunded")
        await buyer.sees_seats("available", *SEATS)
        await town.mailed(buyer, review=1, refund_done=1)
    await town.balance()


def kinds_of_refunds(town: Town, name: str) -> list[Any]:
    """What VNPay was told of the kind of each refund, or of its amount MoMo."""
    field = {"vnpay": "vnp_TransactionType", "momo": "amount"}[name]
    return [fields[field] for fields in town.gateway(name).calls("refund")]
