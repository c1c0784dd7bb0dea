"""From the address that a customer is sent to, to the fact that the gateway tells."""

import pytest

from server.domain.errors import ForgedCallbackError, MalformedCallbackError
from server.domain.payments import Callback, Outcome, Verdict
from tests.contract.payments.world import MomoWorld, SandboxWorld, VnpayWorld, World, new_attempt
from tests.gateways import Mode

MINUTE = 60_000


async def test_a_payment_is_told_by_a_signed_callback(world: World) -> None:
    """A customer who pays at the address given makes one fact: paid, of this attempt, by this amount."""
    attempt, url = await world.started()
    await world.pay(url, "paid")
    [fact] = world.shop.facts
    assert (fact.gateway, fact.reference, fact.amount) == (world.gateway.name, attempt.reference, attempt.amount)
    assert fact.outcome is Outcome.PAID
    assert fact.gateway_id


async def test_an_attempt_may_be_started_again(world: World) -> None:
    """The same attempt has the same address, however often it is asked for."""
    attempt, url = await world.started()
    assert await world.gateway.start(attempt) == url


async def test_a_payment_that_fails_is_told_as_failed(world: World) -> None:
    """A customer who does not pay makes a fact too: failed, with the gateway's reason."""
    attempt, url = await world.started()
    await world.pay(url, "failed")
    [fact] = world.shop.facts
    assert (fact.reference, fact.outcome) == (attempt.reference, Outcome.FAILED)
    assert fact.code


async def test_suspected_fraud_is_neither_paid_nor_failed(vnpay: VnpayWorld, sandbox: SandboxWorld) -> None:
    """Money that the gateway took and suspects is told as such, by the callback and on asking."""
    for world in (vnpay, sandbox):
        world.shop.gateway = world.gateway
        attempt, url = await world.started()
        await world.pay(url, "suspected")
        assert world.shop.facts[-1].outcome is Outcome.SUSPECTED
        assert (await world.gateway.query(attempt)).outcome is Outcome.SUSPECTED


@pytest.mark.parametrize(("outcome", "status"), [("cancelled", "24"), ("declined", "51"), ("expired", "11")])
async def test_vnpay_failures_are_failed(vnpay: VnpayWorld, outcome: str, status: str) -> None:
    """A cancelled, declined or timed out payment is failed, also where VNPay has no number for it."""
    _, url = await vnpay.started()
    await vnpay.pay(url, outcome)
    [fact] = vnpay.shop.facts
    assert (fact.outcome, fact.code) == (Outcome.FAILED, status)
    assert (fact.gateway_id is None) == (outcome == "cancelled")


async def test_what_the_bank_debited_without_vnpay_is_asked_for(vnpay: VnpayWorld) -> None:
    """Status 04, money perhaps taken, is pending: neither a ticket nor free seats follow from it."""
    attempt, url = await vnpay.started()
    await vnpay.pay(url, "reversed")
    assert vnpay.shop.facts[-1].outcome is Outcome.PENDING
    assert (await vnpay.gateway.query(attempt)).outcome is Outcome.PENDING


async def test_the_browser_brings_what_the_callback_told(world: World) -> None:
    """What the customer's browser brings back is signed too, and says the same."""
    _, url = await world.started()
    back = await world.pay(url, "paid")
    assert world.gateway.read_return(back) == world.shop.facts[0]


async def test_a_late_payment_is_told_like_any_other(world: World) -> None:
    """A payment that ends after the attempt's time is paid: the caller decides what that means."""
    attempt, url = await world.started()
    if isinstance(world, VnpayWorld):
        await world.local.visit(url)
    world.clock.ahead_ms = 3600_000
    await world.pay(url, "paid")
    assert world.shop.facts[-1].outcome is Outcome.PAID
    assert (await world.gateway.query(attempt)).outcome is Outcome.PAID


async def test_another_amount_is_told_as_it_is(remote: VnpayWorld | MomoWorld) -> None:
    """The fact has the amount that the gateway has, whatever was asked for."""
    attempt, url = await remote.started()
    await remote.local.pay(url, amount=attempt.amount - 1000)
    await remote.local.settled()
    assert remote.shop.facts[-1].amount == attempt.amount - 1000


async def test_the_same_callback_twice_at_once_is_the_same_fact(world: World) -> None:
    """Two copies of a callback read alike, so that the second can be known."""
    _, url = await world.started()
    await world.pay(url, "paid", copies=2)
    assert len(world.shop.facts) == 2
    assert world.shop.facts[0] == world.shop.facts[1]


async def test_any_changed_field_makes_a_callback_forged(world: World) -> None:
    """No field of a callback can be changed: not the amount, not the reference, not the outcome, not the hash."""
    _, url = await world.started()
    await world.pay(url, "failed")
    count = 0
    for changed in world.changed(world.shop.callbacks[0]):
        with pytest.raises(ForgedCallbackError):
            world.gateway.read_callback(changed)
        count += 1
    assert count >= 6


async def test_what_is_no_callback_is_malformed(world: World) -> None:
    """Nothing at all, other media types, repeated names, floats, broken and endless JSON are refused as such."""
    _, url = await world.started()
    await world.pay(url, "paid")
    genuine = world.shop.callbacks[0]
    callbacks = [Callback(query=(), body=b"", content_type="")]
    if genuine.query:
        callbacks.append(Callback(query=(*genuine.query, genuine.query[0]), body=b"", content_type=""))
    else:
        body, kind = genuine.body, genuine.content_type
        bodies = (
            *(b"[]", b"null", b"{", b"\xff{}", b'{"a":NaN}', b"[" * 60_000, b'{"amount":' + b"9" * 5000 + b"}"),
            *(body.replace(b"180000", b"180000.0"), body.replace(b"180000", b"18e4"), body[:-1] + b" " * 70_000 + b"}"),
            *(body[:-1] + b',"amount":180000}', body.replace(b"180000", b"true")),
        )
        callbacks += [Callback(query=(), body=each, content_type=kind) for each in bodies]
        callbacks.append(Callback(query=(), body=body, content_type="text/plain"))
    for callback in callbacks:
        with pytest.raises(MalformedCallbackError):
            world.gateway.read_callback(callback)
    with pytest.raises(MalformedCallbackError):
        world.gateway.read_return(Callback(query=(), body=b"", content_type=""))


async def test_the_gateway_stops_calling_once_it_was_written_down(world: World) -> None:
    """`recorded` and `already` are final answers, for a failed payment too."""
    for verdict in (Verdict.RECORDED, Verdict.ALREADY):
        world.shop.verdicts = [verdict]
        before = len(world.shop.facts)
        _, url = await world.started()
        await world.pay(url, "failed")
        assert len(world.shop.facts) == before + 1


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.UNKNOWN_REFERENCE, Verdict.MISMATCH, Verdict.FORGED])
async def test_vnpay_calls_again_until_it_was_written_down(vnpay: VnpayWorld, verdict: Verdict) -> None:
    """VNPay repeats its call after any other answer, and the fact is the same each time."""
    vnpay.shop.verdicts = [verdict, verdict]
    _, url = await vnpay.started()
    await vnpay.pay(url, "paid")
    assert len(vnpay.shop.facts) == 3
    assert len(set(map(str, vnpay.shop.facts))) == 1


async def test_amounts_out_of_range_are_not_accepted(world: World) -> None:
    """Each gateway takes what it says it takes, to the dong, and no foreign currency unless it says so."""
    least, most = {"vnpay": (5_000, 999_999_999), "momo": (1_000, 50_000_000), "sandbox": (1, (1 << 53) - 1)}[
        world.gateway.name
    ]
    assert world.gateway.accepts(least, "VND")
    assert world.gateway.accepts(most, "VND")
    assert not world.gateway.accepts(least - 1, "VND")
    assert not world.gateway.accepts(most + 1, "VND")
    assert world.gateway.accepts(least, "USD") == (world.gateway.name == "sandbox")
    _, url = await world.started(amount=least)
    await world.pay(url, "paid")
    assert world.shop.facts[-1].amount == least


async def test_without_an_answer_there_is_no_address(world: World) -> None:
    """A gateway that must be asked for its page and does not answer gives none; others need no answer."""
    for mode in (Mode.NEVER, Mode.GARBAGE, Mode.HUGE, Mode.ERROR, Mode.FORGED):
        world.behave(mode)
        assert (await world.gateway.start(new_attempt()) is None) != world.gateway.offline
