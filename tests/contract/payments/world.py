"""Each gateway with somebody on the other side: a customer who pays, and the gateway's own books."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from server.domain.payments import Attempt, Callback, Fact, RefundOrder
from server.payments.momo import MomoGateway
from server.payments.momo_api import MomoAccount
from server.payments.sandbox import SandboxChoice, SandboxGateway
from server.payments.vnpay import VnpayAccount, VnpayGateway
from server.ports import PaymentGateway
from server.ports.sandbox import SandboxLedger
from tests.contract.payments.shop import Shop
from tests.gateways import LocalMomo, LocalVnpay, Mode
from tests.gateways.base import now_ms
from tests.trust import TRUSTED

TIMEOUT_MS = 1200
"""How long gateways have in these tests: longer than any answer takes, and soon over."""


class Clock:
    """The present millisecond, or one that a test sets."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.ahead_ms


def new_attempt(**changes: Any) -> Attempt:
    """An attempt to pay that begins now and lasts ten minutes."""
    now = now_ms()
    attempt = Attempt(
        order="order-1",
        reference="".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(24)),
        request_id=secrets.token_hex(16),
        amount=180_000,
        currency="VND",
        created_at=now,
        expires_at=now + 600_000,
        title="Mắt Biếc: F7 & F8 <b>",
        locale="vi",
        client_ip="203.0.113.7",
    )
    return msgspec.structs.replace(attempt, **changes)


def refund_of(attempt: Attempt, paid: Fact, *, amount: int | None = None, full: bool = True) -> RefundOrder:
    """A refund of what was paid, all of it unless `amount` says less."""
    return RefundOrder(
        attempt=msgspec.structs.replace(attempt, gateway_id=paid.gateway_id),
        reference="".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(24)),
        request_id=secrets.token_hex(16),
        amount=attempt.amount if amount is None else amount,
        full=full,
        by="system",
        reason="paid twice",
        created_at=now_ms(),
    )


class World(ABC):
    """One gateway of ours, and what is on its other side."""

    signed_replies = True
    """Whether replies that are not signed must be doubted."""

    def __init__(self, gateway: PaymentGateway, shop: Shop, clock: Clock) -> None:
        self.gateway = gateway
        self.shop = shop
        self.clock = clock
        shop.gateway = gateway

    async def started(self, **changes: Any) -> tuple[Attempt, str]:
        """An attempt and the address where it is paid."""
        attempt = new_attempt(**changes)
        url = await self.gateway.start(attempt)
        assert url is not None
        return attempt, url

    async def paid(self, **changes: Any) -> tuple[Attempt, Fact]:
        """An attempt that was paid, and what the gateway told of it."""
        attempt, url = await self.started(**changes)
        await self.pay(url, "paid")
        assert len(self.shop.facts) > 0
        return attempt, self.shop.facts[-1]

    @abstractmethod
    async def pay(self, url: str, outcome: str, *, copies: int = 1) -> Callback:
        """Let a customer end it so: `paid`, `failed`; return what the browser brings back once all was told."""

    @abstractmethod
    def behave(self, mode: Mode) -> None:
        """How the gateway answers from now on."""

    @abstractmethod
    async def finish_refund(self, refund: RefundOrder) -> None:
        """Let a refund that was accepted come to its end."""

    @abstractmethod
    async def kept(self) -> int:
        """What the gateway took and did not give back."""

    @abstractmethod
    def changed(self, callback: Callback) -> Iterator[Callback]:
        """The callback with each of its signed fields changed, one after the other."""


def _returned(url: str) -> Callback:
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    return Callback(query=tuple(query), body=b"", content_type="")


def _each_changed(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in values.items():
        yield {**values, name: value + 1 if isinstance(value, int) else f"{value}1"}


class VnpayWorld(World):
    """VNPay and a local VNPay."""

    def __init__(self, local: LocalVnpay, shop: Shop, clock: Clock) -> None:
        account = VnpayAccount(
            tmn_code=local.tmn_code,
            hash_secret=local.secret.encode(),
            pay_url=local.pay_url,
            api_url=local.api_url,
            timeout_ms=TIMEOUT_MS,
        )
        gateway = VnpayGateway(account, base_url=shop.url, clock=clock)
        super().__init__(gateway, shop, clock)
        self.local = local
        self.aclose = gateway.aclose

    async def pay(self, url: str, outcome: str, *, copies: int = 1) -> Callback:
        back = await self.local.pay(url, outcome, copies=copies)
        await self.local.settled()
        return _returned(back)

    def behave(self, mode: Mode) -> None:
        self.local.behave(mode)

    async def finish_refund(self, refund: RefundOrder) -> None:
        self.local.finish_refund(refund.attempt.reference)

    async def kept(self) -> int:
        return self.local.kept()

    def changed(self, callback: Callback) -> Iterator[Callback]:
        for values in _each_changed(dict(callback.query)):
            yield Callback(query=tuple(values.items()), body=b"", content_type="")


class MomoWorld(World):
    """MoMo and a local MoMo."""

    signed_replies = False

    def __init__(self, local: LocalMomo, shop: Shop, clock: Clock, *, two_step: bool = False) -> None:
        account = MomoAccount(
            partner_code=local.partner_code,
            access_key=local.access_key,
            secret_key=local.secret.encode(),
            api_url=local.url,
            timeout_ms=TIMEOUT_MS,
            two_step=two_step,
        )
        gateway = MomoGateway(account, base_url=shop.url, clock=clock)
        super().__init__(gateway, shop, clock)
        self.local = local
        self.aclose = gateway.aclose

    async def pay(self, url: str, outcome: str, *, copies: int = 1) -> Callback:
        back = await self.local.pay(url, "refused" if outcome == "failed" else outcome, copies=copies)
        await self.local.settled()
        return _returned(back)

    def behave(self, mode: Mode) -> None:
        self.local.behave(mode)

    async def finish_refund(self, refund: RefundOrder) -> None:
        self.local.finish_refund(refund.reference)

    async def kept(self) -> int:
        return self.local.kept()

    def changed(self, callback: Callback) -> Iterator[Callback]:
        for values in _each_changed(msgspec.json.decode(callback.body)):
            yield Callback(query=(), body=msgspec.json.encode(values), content_type="application/json")


class SandboxWorld(World):
    """The sandbox and somebody at its page; its ledger stands for what others have behind their API."""

    def __init__(self, ledger: SandboxLedger, broken: SandboxLedger, shop: Shop, clock: Clock) -> None:
        gateway = SandboxGateway(key=b"k" * 32, ledger=ledger, base_url=shop.url, clock=clock)
        super().__init__(gateway, shop, clock)
        self.sandbox = gateway
        self.aclose = gateway.aclose
        self._ledger, self._broken = ledger, broken
        self._paid: dict[str, int] = {}
        self._refunds: set[str] = set()

    async def pay(self, url: str, outcome: str, *, copies: int = 1) -> Callback:
        choice = {"paid": SandboxChoice.PAY, "failed": SandboxChoice.FAIL, "suspected": SandboxChoice.SUSPECT}[outcome]
        token = urlsplit(url).fragment
        news = await self.sandbox.callback_for(token, choice)
        if choice is SandboxChoice.PAY:
            self._paid[self.sandbox.read_page(token).reference] = self.sandbox.read_page(token).amount
        async with httpx.AsyncClient(verify=TRUSTED, trust_env=False, timeout=30) as browser:
            for _ in range(copies):
                headers = {"content-type": news.callback.content_type}
                await browser.post(news.ipn_url, content=news.callback.body, headers=headers)
        return _returned(news.return_url)

    def behave(self, mode: Mode) -> None:
        self.sandbox._ledger = self._ledger if mode is Mode.RIGHT else self._broken

    async def finish_refund(self, refund: RefundOrder) -> None:
        self._refunds.add(refund.reference)

    async def kept(self) -> int:
        returned = [await self._ledger.refunded(reference) for reference in self._refunds]
        return sum(self._paid.values()) - sum(amount or 0 for amount in returned)

    def changed(self, callback: Callback) -> Iterator[Callback]:
        for values in _each_changed(msgspec.json.decode(callback.body)):
            yield Callback(query=(), body=msgspec.json.encode(values), content_type="application/json")
