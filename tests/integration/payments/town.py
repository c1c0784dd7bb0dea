"""A town for these tests: the application as it is wired, VNPay and MoMo beside it, customers and a manager.

All talk over HTTP. What the gateways keep, what the application says of the money and what customers have in their
hands are three books, and `balance` holds them against each other.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any, Final

import httpx
from argon2 import PasswordHasher
from pydantic import SecretStr

from server.checkout.rounds import Rounds
from server.db.engine import create_lone_engine
from server.db.staff import PostgresStaffAccounts
from server.domain.staff import CLI, Role
from server.embedded import Addresses
from server.ops.settings import Settings
from tests.gateways import LocalMomo, LocalVnpay
from tests.integration.app import App, settings_for
from tests.integration.payments.later import later
from tests.integration.payments.people import API, Buyer, Manager, eventually, succeeded
from tests.trust import TRUSTED

LOGIN: Final = "mai"
PASSWORD: Final = "correct horse battery"
HASH: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
SUBJECTS: Final = {
    "tickets": "Your tickets",
    "refund_started": "Your money is on its way back",
    "refund_done": "Your money was sent back",
    "review": "Your payment is being checked",
}
"""What the subject of each kind of mail begins with, in English."""

QUICKER: Final = frozenset({"momo_timeout_ms"})
"""Settings that a test may set below what a server would start with."""

SOON_MS: Final = 2000
"""A time-out for tests in which a gateway falls silent: soon over, and longer than answers take on a busy machine."""


class Town:
    """`app`, `vnpay`, `momo` and the `manager`; customers come by `buyer`, mails lie in the outbox of `app`."""

    def __init__(self, app: App, vnpay: LocalVnpay, momo: LocalMomo, manager: Manager) -> None:
        self.app = app
        self.vnpay = vnpay
        self.momo = momo
        self.manager = manager
        self.buyers: list[Buyer] = []
        self._ahead_ms = 0
        self._stack = AsyncExitStack()

    def gateway(self, name: str) -> LocalVnpay | LocalMomo:
        """The gateway that the application calls so."""
        return self.vnpay if name == "vnpay" else self.momo

    async def buyer(self) -> Buyer:
        """A new guest."""
        token = await self.app.session()
        headers = {"Authorization": f"Bearer {token}"}
        client = httpx.AsyncClient(base_url=self.app.url, headers=headers, verify=TRUSTED, timeout=30, trust_env=False)
        await self._stack.enter_async_context(client)
        self.buyers.append(Buyer(client))
        return self.buyers[-1]

    async def close(self) -> None:
        """Send all customers home."""
        await self._stack.aclose()

    def mails(self, buyer: Buyer) -> Counter[str]:
        """How many mails of each kind a customer got."""
        found: Counter[str] = Counter()
        for path in (self.app.settings.data_dir / "outbox").glob("*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=default)
            if mail["To"] == buyer.address:
                [kind] = [kind for kind, words in SUBJECTS.items() if mail["Subject"].startswith(words)]
                found[kind] += 1
        return found

    async def mailed(self, buyer: Buyer, **counts: int) -> None:
        """Wait until a customer has got exactly so many mails of each kind."""

        async def look() -> bool:
            return self.mails(buyer) == Counter(counts)

        await eventually(look, lambda: f"mails: {self.mails(buyer)}, not {counts}")

    async def called(self, name: str, call: str, times: int = 1) -> None:
        """Wait until a gateway has got such a call so often; what it makes of it is decided then."""

        async def look() -> bool:
            return len(self.gateway(name).calls(call)) >= times

        await eventually(look, lambda: f"{name} was never asked to {call}")

    async def later(self, ms: int, action: Callable[[Rounds], Awaitable[object]]) -> None:
        """Let another worker, whose clock is `ms` ahead, make the rounds `action`."""
        await later(self.app, ms, action)

    async def refunds_end(self, status: str = "00") -> None:
        """Let VNPay come to an end with every refund that it accepted, and a worker ask about all that are open.

        Each time six minutes later than the last: a question that came before the end keeps the next from being asked
        for five.
        """

        async def accepted() -> bool:
            return not (await self.manager.figures())["waiting_jobs"]

        await eventually(accepted, lambda: "refunds are on their way still")
        for reference, transaction in self.vnpay.transactions.items():
            if transaction.refund.get("TransactionStatus") == "05":
                self.vnpay.finish_refund(reference, status=status)
        self._ahead_ms += 360_000
        await self.later(self._ahead_ms, lambda rounds: rounds.ask_refunds())

    async def balance(self) -> None:
        """Wait until all is done, and hold the gateways' books, the staff's figures and the tickets together."""
        figures: dict[str, Any] = {}

        async def done() -> bool:
            figures.update(await self.manager.figures())
            return not figures["waiting_jobs"]

        await eventually(done, lambda: f"effects are waiting: {figures}")
        assert figures["dead_letters"] == figures["failed_refunds"] == figures["open_refunds"] == 0, figures
        [money] = figures["money"] or [dict.fromkeys(("captured", "kept", "refunded", "returning", "unexplained"), 0)]
        tickets = [await buyer.tickets_worth() for buyer in self.buyers]
        kept = self.vnpay.kept() + self.momo.kept()
        assert (money["unexplained"], money["returning"]) == (0, 0), money
        assert kept == sum(tickets) == money["kept"], (kept, tickets, money)
        assert taken(self) == money["captured"] == kept + money["refunded"], (taken(self), money)


def heard(gateway: LocalVnpay | LocalMomo) -> list[str]:
    """What a gateway heard of its notifications, one after another: VNPay's codes, the statuses that MoMo gets."""
    if isinstance(gateway, LocalMomo):
        return [str(delivery.status) for delivery in gateway.deliveries]
    return [json.loads(delivery.body)["RspCode"] if delivery.body else "" for delivery in gateway.deliveries]


def taken(town: Town) -> int:
    """All the money in VND that the gateways ever took."""
    vnpay = sum(each.amount for each in town.vnpay.transactions.values() if each.status in {"00", "07"}) // 100
    return vnpay + sum(each.amount for each in town.momo.purchases.values() if each.code == 0)


def town_settings(folder: Path, prefix: str, vnpay: LocalVnpay, momo: LocalMomo, **changes: Any) -> Settings:
    """Settings that know both local gateways."""
    settings = settings_for(
        folder,
        prefix,
        gateways=("vnpay", "momo"),
        vnpay_tmn_code=vnpay.tmn_code,
        vnpay_hash_secret=SecretStr(vnpay.secret),
        vnpay_pay_url=vnpay.pay_url,
        vnpay_api_url=vnpay.api_url,
        momo_partner_code=momo.partner_code,
        momo_access_key=SecretStr(momo.access_key),
        momo_secret_key=SecretStr(momo.secret),
        momo_api_url=momo.url,
        **{name: value for name, value in changes.items() if name not in QUICKER},
    )
    # MoMo wants half a minute for each call, which no test has.
    return settings.model_copy(update={name: changes[name] for name in QUICKER if name in changes})


@asynccontextmanager
async def open_town(addresses: Addresses, folder: Path, prefix: str, **changes: Any) -> AsyncIterator[Town]:
    """A town over a fresh database with the demo data; everything is stopped at the end."""
    async with LocalVnpay() as vnpay, LocalMomo() as momo:
        app = App(town_settings(folder, prefix, vnpay, momo, **changes), addresses)
        await _employ(addresses.database_url)
        await app.start()
        vnpay.ipn_url = f"{app.url}{API}/payments/vnpay/ipn"
        try:
            async with httpx.AsyncClient(base_url=app.url, verify=TRUSTED, timeout=30, trust_env=False) as desk:
                await succeeded(desk.post(f"{API}/staff/session", json={"login": LOGIN, "password": PASSWORD}))
                town = Town(app, vnpay, momo, Manager(desk))
                try:
                    yield town
                finally:
                    await town.close()
        finally:
            await app.stop()


async def _employ(database_url: str) -> None:
    engine = create_lone_engine(database_url)
    accounts = PostgresStaffAccounts(engine)
    await accounts.add(login=LOGIN, name="Mai", role=Role.MANAGER, password_hash=HASH, actor=CLI)
    await engine.dispose()


async def paid(town: Town, name: str, *seats: str) -> tuple[Buyer, dict[str, Any]]:
    """A customer who has paid these seats and got the tickets by mail, and the order."""
    buyer = await town.buyer()
    order = await buyer.orders_seats(*seats, gateway=name)
    await town.gateway(name).pay(order["payment"]["redirect_url"])
    await town.gateway(name).settled()
    order = await buyer.sees(order, "paid")
    # Before anything becomes of them: tickets that are not valid any more are not sent.
    await town.mailed(buyer, tickets=1)
    return buyer, order
