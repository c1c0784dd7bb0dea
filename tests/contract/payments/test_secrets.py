"""Keys that do not fit, and what is said of them."""

import pytest
from structlog.testing import capture_logs

from server.domain.payments import Outcome
from server.payments.momo import MomoGateway
from server.payments.momo_api import MomoAccount
from server.payments.vnpay import VnpayAccount, VnpayGateway
from server.ports.traffic import GatewayCall
from tests.contract.payments.world import TIMEOUT_MS, MomoWorld, VnpayWorld, new_attempt, refund_of
from tests.gateways import Mode, PageError


async def test_what_momo_complains_of_is_kept_without_any_key(momo: MomoWorld) -> None:
    """A call signed with a wrong key is refused; log and record have MoMo's complaint, and neither of our keys."""
    account = MomoAccount(
        partner_code=momo.local.partner_code,
        access_key=momo.local.access_key,
        secret_key=b"AWRONGKEY",
        api_url=momo.local.url,
        timeout_ms=TIMEOUT_MS,
    )
    calls: list[GatewayCall] = []
    gateway = MomoGateway(account, base_url=momo.shop.url, clock=momo.clock, record=calls.append)
    with capture_logs() as logs:
        assert await gateway.start(new_attempt()) is None
    await gateway.aclose()
    assert not momo.local.log[-1].genuine
    assert "accessKey=…&amount=180000" in str(logs)
    assert account.access_key not in str(logs)
    assert "AWRONGKEY" not in str(logs)
    assert "accessKey=…&amount=180000".encode() in (calls[0].answer or b"")
    assert account.access_key not in str(calls)
    assert "AWRONGKEY" not in str(calls)


async def test_vnpay_refuses_what_another_key_signed(vnpay: VnpayWorld) -> None:
    """Under a wrong key VNPay's page shows error 70, and its unsigned refusal of a question says nothing."""
    account = VnpayAccount(
        tmn_code=vnpay.local.tmn_code,
        hash_secret=b"AWRONGKEY",
        pay_url=vnpay.local.pay_url,
        api_url=vnpay.local.api_url,
        timeout_ms=TIMEOUT_MS,
    )
    gateway = VnpayGateway(account, base_url=vnpay.shop.url, clock=vnpay.clock)
    url = await gateway.start(new_attempt())
    assert url is not None
    with pytest.raises(PageError, match="70"):
        await vnpay.local.pay(url)
    assert (await gateway.query(new_attempt())).outcome is Outcome.UNKNOWN
    await gateway.aclose()


async def test_everything_that_is_sent_is_genuine(vnpay: VnpayWorld, momo_two_step: MomoWorld) -> None:
    """The gateways find each of our calls signed as it should be."""
    for world in (vnpay, momo_two_step):
        world.shop.gateway = world.gateway
        attempt, paid = await world.paid()
        await world.gateway.query(attempt)
        await world.gateway.capture(attempt)
        refund = refund_of(attempt, paid)
        await world.gateway.refund(refund)
        await world.gateway.query_refund(refund)
        assert all(received.genuine for received in world.local.log)
    assert {received.call for received in vnpay.local.log} == {"pay", "querydr", "refund"}
    called = {received.call for received in momo_two_step.local.log}
    assert called == {"create", "query", "confirm", "refund", "refund/query"}


@pytest.mark.parametrize("mode", [Mode.LOST, Mode.BUSY])
async def test_a_page_whose_address_was_lost_is_had_by_asking_again(momo: MomoWorld, mode: Mode) -> None:
    """MoMo answers a repeated call by the same page: it has the same ids, and nothing in it differs."""
    attempt = new_attempt()
    momo.local.behave(mode, "create")
    assert await momo.gateway.start(attempt) is None
    momo.local.behave(Mode.RIGHT, "create")
    momo.clock.ahead_ms = 5000
    url = await momo.gateway.start(attempt)
    assert url is not None
    first, second = momo.local.calls("create")
    assert first == second
    await momo.pay(url, "paid")
    assert momo.shop.facts[0].outcome is Outcome.PAID


async def test_a_page_that_has_ended_is_not_opened(vnpay: VnpayWorld) -> None:
    """VNPay closes its page when the attempt ends."""
    _, url = await vnpay.started()
    vnpay.local.clock = lambda: vnpay.clock() + 700_000
    with pytest.raises(PageError, match="15"):
        await vnpay.local.pay(url)
