"""What gateways say when they are asked, and what is believed of it."""

import pytest

from server.domain.payments import Outcome
from tests.contract.payments.world import MomoWorld, VnpayWorld, World, new_attempt
from tests.gateways import Mode

SILENT = (Mode.NEVER, Mode.GARBAGE, Mode.HUGE, Mode.ERROR)


async def test_an_attempt_that_nobody_paid_is_pending_until_it_ended_a_while_ago(world: World) -> None:
    """An attempt that nobody touched may be paid by who was at the bank at its end; it has failed when that is over."""
    attempt = new_attempt()
    ends_in = attempt.expires_at - attempt.created_at
    for ahead_ms, outcome in (
        (0, Outcome.PENDING),
        (ends_in + 1000, Outcome.PENDING),
        (ends_in + 901_000, Outcome.FAILED),
    ):
        world.clock.ahead_ms = ahead_ms
        assert (await world.gateway.query(attempt)).outcome is outcome


async def test_a_paid_attempt_is_paid_when_asked(world: World) -> None:
    """Asked, the gateway says what its callback said, also where no callback came."""
    attempt, url = await world.started()
    await world.pay(url, "paid", copies=0)
    assert world.shop.facts == []
    said = await world.gateway.query(attempt)
    assert (said.outcome, said.amount, said.reference) == (Outcome.PAID, attempt.amount, attempt.reference)
    assert said.gateway_id


async def test_a_failed_attempt_is_failed_when_asked(world: World) -> None:
    """A payment that failed is failed when asked, with a reason."""
    attempt, url = await world.started()
    await world.pay(url, "failed", copies=0)
    said = await world.gateway.query(attempt)
    assert said.outcome is Outcome.FAILED
    assert said.code


@pytest.mark.parametrize("mode", SILENT)
async def test_a_gateway_that_does_not_answer_says_nothing(world: World, mode: Mode) -> None:
    """Silence, garbage, endless answers and failures are `unknown`, never paid or failed, and raise nothing."""
    attempt, url = await world.started()
    await world.pay(url, "paid", copies=0)
    world.behave(mode)
    assert (await world.gateway.query(attempt)).outcome is Outcome.UNKNOWN
    world.behave(Mode.RIGHT)
    assert (await world.gateway.query(attempt)).outcome is Outcome.PAID


async def test_a_slow_gateway_is_waited_for(world: World) -> None:
    """An answer that comes within the time-out counts."""
    attempt, url = await world.started()
    await world.pay(url, "paid", copies=0)
    if world.gateway.name != "sandbox":
        world.behave(Mode.SLOW)
    assert (await world.gateway.query(attempt)).outcome is Outcome.PAID


@pytest.mark.parametrize("mode", [Mode.FORGED, Mode.UNSIGNED])
async def test_replies_that_cannot_be_trusted_say_nothing(remote: VnpayWorld | MomoWorld, mode: Mode) -> None:
    """A reply without its signature, or about something else, is `unknown`; only MoMo does not sign its replies."""
    attempt, url = await remote.started()
    await remote.pay(url, "failed", copies=0)
    remote.behave(mode)
    trusted = mode is Mode.UNSIGNED and not remote.signed_replies
    assert (await remote.gateway.query(attempt)).outcome is (Outcome.FAILED if trusted else Outcome.UNKNOWN)


async def test_a_reply_tells_of_another_amount_as_it_is(remote: VnpayWorld | MomoWorld) -> None:
    """Money that was taken is not passed over in silence: it is stated, and pays for nothing."""
    attempt, url = await remote.started()
    await remote.local.pay(url, amount=attempt.amount * 2, copies=0)
    fact = await remote.gateway.query(attempt)
    assert (fact.outcome, fact.amount) == (Outcome.PAID, attempt.amount * 2)


async def test_money_taken_at_once_can_only_be_asked_about(world: World) -> None:
    """Where there are no two steps, capture and void say what stands and change nothing."""
    attempt, url = await world.started()
    await world.pay(url, "paid", copies=0)
    assert not world.gateway.two_step
    for said in (await world.gateway.capture(attempt), await world.gateway.void(attempt)):
        assert said.outcome is Outcome.PAID
    assert await world.kept() == attempt.amount


async def test_two_steps_authorise_then_capture(momo_two_step: MomoWorld) -> None:
    """In two steps money is authorised first, on both ways; capture takes it, and may be repeated."""
    world = momo_two_step
    attempt, url = await world.started()
    await world.pay(url, "paid")
    assert world.gateway.two_step
    assert world.shop.facts[0].outcome is Outcome.AUTHORISED
    assert (await world.gateway.query(attempt)).outcome is Outcome.AUTHORISED
    assert await world.kept() == 0
    for _ in range(2):
        taken = await world.gateway.capture(attempt)
        assert (taken.outcome, taken.amount) == (Outcome.PAID, attempt.amount)
        assert taken.gateway_id == world.shop.facts[0].gateway_id
    assert await world.kept() == attempt.amount


async def test_two_steps_authorise_then_let_go(momo_two_step: MomoWorld) -> None:
    """Voided money is failed, for good: it cannot be captured any more."""
    world = momo_two_step
    attempt, url = await world.started()
    await world.pay(url, "paid")
    for _ in range(2):
        assert (await world.gateway.void(attempt)).outcome is Outcome.FAILED
    assert (await world.gateway.capture(attempt)).outcome is Outcome.FAILED
    assert await world.kept() == 0


async def test_a_capture_without_an_answer_is_found_by_repeating_it(momo_two_step: MomoWorld) -> None:
    """A capture whose answer was lost is unknown; repeated, it says that the money was taken, once."""
    world = momo_two_step
    attempt, url = await world.started()
    await world.pay(url, "paid")
    world.behave(Mode.LOST)
    assert (await world.gateway.capture(attempt)).outcome is Outcome.UNKNOWN
    world.behave(Mode.RIGHT)
    assert (await world.gateway.capture(attempt)).outcome is Outcome.PAID
    assert await world.kept() == attempt.amount


async def test_what_is_authorised_is_pending_where_momo_captures_by_itself(momo: MomoWorld) -> None:
    """In one step an authorised payment is not paid yet: it is asked about until it is."""
    attempt, url = await momo.started()
    await momo.pay(url, "processing")
    momo.local.purchases[attempt.reference].code = 9000
    assert momo.shop.facts[0].outcome is Outcome.PENDING
    assert (await momo.gateway.query(attempt)).outcome is Outcome.PENDING
