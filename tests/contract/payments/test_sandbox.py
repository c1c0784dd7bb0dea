"""The sandbox's page and books."""

import asyncio
from urllib.parse import urlsplit

import pytest

from server.domain.errors import ForgedCallbackError
from server.domain.payments import Outcome, RefundOutcome
from server.payments.sandbox import SandboxChoice, SandboxGateway
from tests.contract.payments.world import SandboxWorld, new_attempt, refund_of


async def test_the_page_is_told_in_the_fragment(sandbox: SandboxWorld) -> None:
    """The attempt stands in the address's fragment, which no server and no log sees, and the page reads it there."""
    attempt, url = await sandbox.started()
    parts = urlsplit(url)
    assert (parts.path, parts.query) == ("/sandbox/pay", "")
    page = sandbox.sandbox.read_page(parts.fragment)
    assert (page.reference, page.amount, page.title) == (attempt.reference, attempt.amount, attempt.title)
    assert page.expires_at == attempt.expires_at


@pytest.mark.parametrize("place", [0, 20, -1])
async def test_a_page_cannot_be_made_up(sandbox: SandboxWorld, place: int) -> None:
    """A token that was changed, cut, emptied or signed by another installation opens no page and decides nothing."""
    attempt, url = await sandbox.started()
    token = urlsplit(url).fragment
    letters = list(token)
    letters[place] = "0" if letters[place] != "0" else "1"
    other = SandboxGateway(key=b"o" * 32, ledger=sandbox._ledger, base_url=sandbox.shop.url, clock=sandbox.clock)
    stranger = urlsplit(await other.start(attempt) or "").fragment
    for wrong in ("".join(letters), token[:-1], token.partition(".")[0], "", "é.é", stranger):
        with pytest.raises(ForgedCallbackError):
            sandbox.sandbox.read_page(wrong)
        with pytest.raises(ForgedCallbackError):
            await sandbox.sandbox.callback_for(wrong, SandboxChoice.PAY)
    assert (await sandbox.gateway.query(attempt)).outcome is Outcome.PENDING


async def test_what_failed_may_be_tried_again_and_what_was_paid_stays(sandbox: SandboxWorld) -> None:
    """A customer may pay after failing; once paid, nothing that is chosen later changes it."""
    attempt, url = await sandbox.started()
    for choice in ("failed", "paid", "failed", "suspected"):
        await sandbox.pay(url, choice)
    outcomes = [fact.outcome for fact in sandbox.shop.facts]
    assert outcomes == [Outcome.FAILED, Outcome.PAID, Outcome.PAID, Outcome.PAID]
    assert (await sandbox.gateway.query(attempt)).outcome is Outcome.PAID


async def test_refunds_at_once_give_no_more_than_was_paid(sandbox: SandboxWorld) -> None:
    """Of refunds that race each other, only so many are done as the payment covers."""
    # Connections first: refunds that wait for one each would come one after the other by themselves.
    await asyncio.gather(*(sandbox.gateway.query(new_attempt()) for _ in range(8)))
    for _ in range(5):
        attempt, paid = await sandbox.paid()
        refunds = [refund_of(attempt, paid, amount=60_000, full=False) for _ in range(8)]
        answers = await asyncio.gather(*(sandbox.gateway.refund(refund) for refund in refunds))
        assert [answer.outcome for answer in answers].count(RefundOutcome.DONE) == 3


async def test_what_was_not_paid_is_not_refunded(sandbox: SandboxWorld) -> None:
    """A failed or unknown payment has nothing to give back."""
    attempt, url = await sandbox.started()
    await sandbox.pay(url, "failed")
    for each in (attempt, new_attempt()):
        answer = await sandbox.gateway.refund(refund_of(each, sandbox.shop.facts[0]))
        assert answer.outcome is RefundOutcome.FAILED
