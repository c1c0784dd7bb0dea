"""Money that goes back, once, whatever happens on the way."""

import msgspec
import pytest

from server.domain.payments import ABSENT, RefundAnswer, RefundOrder, RefundOutcome
from server.ports import PaymentGateway
from tests.contract.payments.world import MomoWorld, VnpayWorld, World, refund_of
from tests.gateways import Mode


async def until_done(world: World, refund: RefundOrder, answer: RefundAnswer) -> RefundAnswer:
    """The refund's end, asked for as the caller does."""
    if answer.outcome is RefundOutcome.SENT:
        refund = msgspec.structs.replace(refund, gateway_id=answer.gateway_id)
        assert (await world.gateway.query_refund(refund)).outcome is RefundOutcome.SENT
        await world.finish_refund(refund)
        answer = await world.gateway.query_refund(refund)
    await world.finish_refund(refund)
    return answer


async def test_all_of_a_payment_goes_back(world: World) -> None:
    """A full refund ends as done, and the gateway keeps nothing."""
    attempt, paid = await world.paid()
    refund = refund_of(attempt, paid)
    answer = await until_done(world, refund, await world.gateway.refund(refund))
    assert answer.outcome is RefundOutcome.DONE
    assert answer.gateway_id
    assert await world.kept() == 0


async def test_parts_of_a_payment_go_back_one_after_the_other(world: World) -> None:
    """Two partial refunds end as done, and the gateway keeps the rest."""
    attempt, paid = await world.paid()
    for amount in (60_000, 90_000):
        refund = refund_of(attempt, paid, amount=amount, full=False)
        answer = await until_done(world, refund, await world.gateway.refund(refund))
        assert answer.outcome is RefundOutcome.DONE
    assert await world.kept() == 30_000


async def test_no_more_than_was_paid_goes_back(world: World) -> None:
    """A refund of more than is left fails, with the gateway's reason, and gives nothing."""
    attempt, paid = await world.paid()
    answer = await world.gateway.refund(refund_of(attempt, paid, amount=200_000, full=False))
    assert answer.outcome is RefundOutcome.FAILED
    assert answer.code
    assert await world.kept() == attempt.amount


async def test_a_refund_that_was_never_sent_is_absent(world: World) -> None:
    """Asked about a refund that it never got, the gateway says so: then it may be sent."""
    attempt, paid = await world.paid()
    answer = await world.gateway.query_refund(refund_of(attempt, paid))
    assert (answer.outcome, answer.code) == (RefundOutcome.FAILED, ABSENT)


async def test_a_refund_whose_answer_was_lost_is_not_sent_twice(world: World) -> None:
    """After a lost answer the question finds the refund, and sending it again gives nothing more."""
    attempt, paid = await world.paid()
    refund = refund_of(attempt, paid, amount=60_000, full=False)
    if world.gateway.name == "sandbox":
        await world.gateway.refund(refund)
    else:
        world.behave(Mode.LOST)
        assert (await world.gateway.refund(refund)).outcome is RefundOutcome.UNKNOWN
        world.behave(Mode.RIGHT)
    found = await world.gateway.query_refund(refund)
    assert found.outcome in {RefundOutcome.SENT, RefundOutcome.DONE}
    assert (await world.gateway.refund(refund)).outcome is not RefundOutcome.FAILED
    await until_done(world, refund, found)
    assert await world.kept() == 120_000


@pytest.mark.parametrize("mode", [Mode.NEVER, Mode.GARBAGE, Mode.ERROR])
async def test_a_gateway_that_does_not_answer_leaves_a_refund_unknown(world: World, mode: Mode) -> None:
    """Silence, garbage and failures are `unknown`, of the refund and of the question, and nothing went back."""
    attempt, paid = await world.paid()
    refund = refund_of(attempt, paid)
    world.behave(mode)
    assert (await world.gateway.refund(refund)).outcome is RefundOutcome.UNKNOWN
    assert (await world.gateway.query_refund(refund)).outcome is RefundOutcome.UNKNOWN
    world.behave(Mode.RIGHT)
    assert (await world.gateway.query_refund(refund)).code == ABSENT
    assert await world.kept() == attempt.amount


async def test_forged_replies_do_not_end_a_refund(remote: VnpayWorld | MomoWorld) -> None:
    """A reply that is not genuine, or about something else, leaves a refund unknown."""
    attempt, paid = await remote.paid()
    remote.behave(Mode.FORGED)
    refund = refund_of(attempt, paid)
    assert (await remote.gateway.refund(refund)).outcome is RefundOutcome.UNKNOWN
    assert (await remote.gateway.query_refund(refund)).outcome is RefundOutcome.UNKNOWN


async def test_vnpay_refunds_are_not_mixed_up(vnpay: VnpayWorld) -> None:
    """VNPay shows a payment's last refund alone: one of another number or amount says nothing of ours."""
    attempt, paid = await vnpay.paid()
    first = refund_of(attempt, paid, amount=60_000, full=False)
    sent = await vnpay.gateway.refund(first)
    busy = refund_of(attempt, paid, amount=60_000, full=False)
    assert await answer_of(vnpay.gateway, busy) == (RefundOutcome.UNKNOWN, "94")
    vnpay.local.finish_refund(attempt.reference)
    other = refund_of(attempt, paid, amount=30_000, full=False)
    assert (await vnpay.gateway.query_refund(other)).outcome is RefundOutcome.UNKNOWN
    same_amount = msgspec.structs.replace(busy, gateway_id="1")
    assert (await vnpay.gateway.query_refund(same_amount)).outcome is RefundOutcome.UNKNOWN
    known = msgspec.structs.replace(first, gateway_id=sent.gateway_id)
    assert (await vnpay.gateway.query_refund(known)).outcome is RefundOutcome.DONE


async def test_vnpay_shows_an_earlier_refund_where_a_later_one_never_arrived(vnpay: VnpayWorld) -> None:
    """Two parts of one price differ by their numbers alone: the second is absent, and may be sent."""
    attempt, paid = await vnpay.paid()
    first = refund_of(attempt, paid, amount=60_000, full=False)
    sent = await vnpay.gateway.refund(first)
    assert sent.gateway_id is not None
    vnpay.local.finish_refund(attempt.reference)
    second = msgspec.structs.replace(refund_of(attempt, paid, amount=60_000, full=False), earlier=(sent.gateway_id,))
    answer = await vnpay.gateway.query_refund(second)
    assert (answer.outcome, answer.code) == (RefundOutcome.FAILED, ABSENT)


async def test_a_refund_that_the_bank_rejects_fails(vnpay: VnpayWorld) -> None:
    """Status 09 after acceptance is a failed refund, and the money is still there."""
    attempt, paid = await vnpay.paid()
    refund = refund_of(attempt, paid)
    assert (await vnpay.gateway.refund(refund)).outcome is RefundOutcome.SENT
    vnpay.local.finish_refund(attempt.reference, status="06")
    assert (await vnpay.gateway.query_refund(refund)).outcome is RefundOutcome.SENT
    vnpay.local.finish_refund(attempt.reference, status="09")
    assert await answer_of_query(vnpay.gateway, refund) == (RefundOutcome.FAILED, "09")
    assert await vnpay.kept() == attempt.amount


@pytest.mark.parametrize("mode", [Mode.RIGHT, Mode.UNSIGNED])
async def test_vnpay_takes_a_request_once_a_day(vnpay: VnpayWorld, mode: Mode) -> None:
    """Also one that it did nothing about: it goes out again under the id that the answer names."""
    attempt, paid = await vnpay.paid()
    refund = refund_of(attempt, paid)
    vnpay.behave(mode)
    vnpay.local.refund_code = "99"
    answer = await vnpay.gateway.refund(refund)
    assert (answer.outcome, answer.request_id is None) == (RefundOutcome.UNKNOWN, False)
    vnpay.behave(Mode.RIGHT)
    vnpay.local.refund_code = ""
    again = await vnpay.gateway.refund(refund)
    assert (again.outcome, again.code, again.request_id is None) == (RefundOutcome.UNKNOWN, "94", False)
    anew = msgspec.structs.replace(refund, request_id=answer.request_id)
    assert (await vnpay.gateway.refund(anew)).outcome is RefundOutcome.SENT
    assert len({fields["vnp_RequestId"] for fields in vnpay.local.calls("refund")}) == 2


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        *[(code, RefundOutcome.FAILED) for code in ("02", "03", "04", "13", "91", "93", "95")],
        *[(code, RefundOutcome.UNKNOWN) for code in ("94", "98", "99")],
    ],
)
async def test_vnpay_refusals(vnpay: VnpayWorld, code: str, outcome: RefundOutcome) -> None:
    """A refusal of VNPay is failed where it says why, and unknown where it may be under way."""
    attempt, paid = await vnpay.paid()
    vnpay.local.refund_code = code
    assert await answer_of(vnpay.gateway, refund_of(attempt, paid)) == (outcome, code)


async def test_vnpay_refunds_without_its_number(vnpay: VnpayWorld) -> None:
    """Where VNPay's number of the payment is not known, it is left out and signed empty, and VNPay accepts it."""
    attempt, _ = await vnpay.paid()
    refund = refund_of(attempt, vnpay.shop.facts[0])
    refund = msgspec.structs.replace(refund, attempt=attempt)
    assert (await vnpay.gateway.refund(refund)).outcome is RefundOutcome.SENT
    assert "vnp_TransactionNo" not in vnpay.local.calls("refund")[0]
    assert vnpay.local.log[-1].genuine


@pytest.mark.parametrize(
    ("code", "outcome", "again_after_ms"),
    [
        (1080, RefundOutcome.FAILED, 3_600_000),
        (1081, RefundOutcome.FAILED, None),
        (1088, RefundOutcome.FAILED, None),
        (11, RefundOutcome.FAILED, None),
        (7000, RefundOutcome.SENT, None),
        (7002, RefundOutcome.SENT, None),
        (41, RefundOutcome.SENT, None),
        (40, RefundOutcome.SENT, None),
        (10, RefundOutcome.UNKNOWN, None),
    ],
)
async def test_momo_refusals(momo: MomoWorld, code: int, outcome: RefundOutcome, again_after_ms: int | None) -> None:
    """Each code of MoMo has its meaning: done with, under way, or to be sent again after an hour."""
    attempt, paid = await momo.paid()
    momo.local.refund_code = code
    answer = await momo.gateway.refund(refund_of(attempt, paid))
    assert (answer.outcome, answer.code, answer.again_after_ms) == (outcome, str(code), again_after_ms)


async def test_momo_says_busy_while_the_first_is_in_flight(momo: MomoWorld) -> None:
    """A refund repeated while the first is in flight gets 422 and 7000, and counts as sent."""
    attempt, paid = await momo.paid()
    momo.behave(Mode.BUSY)
    assert await answer_of(momo.gateway, refund_of(attempt, paid)) == (RefundOutcome.SENT, "7000")


@pytest.mark.parametrize("direct", [False, True])
async def test_momo_refunds_that_take_time(momo: MomoWorld, *, direct: bool) -> None:
    """A refund under way is sent until MoMo says done, whether it lists refunds or tells of one directly."""
    attempt, paid = await momo.paid()
    momo.local.refund_code, momo.local.direct_refunds = 7002, direct
    refund = refund_of(attempt, paid)
    assert (await momo.gateway.refund(refund)).outcome is RefundOutcome.SENT
    assert (await momo.gateway.query_refund(refund)).outcome is RefundOutcome.SENT
    momo.local.finish_refund(refund.reference)
    assert (await momo.gateway.query_refund(refund)).outcome is RefundOutcome.DONE
    assert await momo.kept() == 0


async def test_momo_is_asked_for_a_number_that_is_not_known(momo: MomoWorld) -> None:
    """MoMo wants its own number of the payment; where it is missing, the question brings it."""
    attempt, _ = await momo.paid()
    refund = msgspec.structs.replace(refund_of(attempt, momo.shop.facts[0]), attempt=attempt)
    assert (await momo.gateway.refund(refund)).outcome is RefundOutcome.DONE


async def answer_of(gateway: PaymentGateway, refund: RefundOrder) -> tuple[RefundOutcome, str | None]:
    """What a gateway answers to a refund, and why."""
    answer = await gateway.refund(refund)
    return answer.outcome, answer.code


async def answer_of_query(gateway: PaymentGateway, refund: RefundOrder) -> tuple[RefundOutcome, str | None]:
    """What a gateway says of a refund, and why."""
    answer = await gateway.query_refund(refund)
    return answer.outcome, answer.code
