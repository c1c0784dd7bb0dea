"""Puts together what sells tickets: gateways, checkout, notices, and what the pages need of them."""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx

from server.checkout.till import Till
from server.db.buffered_writer import BufferedWriter
from server.db.engine import Database
from server.db.monitoring import PostgresMonitoring
from server.db.order_search import PostgresOrderSearch
from server.db.orders import PostgresOrders
from server.db.outbox import PostgresOutbox
from server.db.push import PostgresPushSubscriptions
from server.db.sandbox import PostgresSandboxLedger
from server.db.seat_ledger import PostgresSeatLedger
from server.db.traffic import PostgresTraffic
from server.identity.secrets import derive
from server.notify.mail import mail_sender
from server.notify.messages import MailWriter
from server.notify.notifier import CustomerNotifier, PushChannel
from server.notify.push import PushDesk, PushPolicy, WebPush
from server.notify.reminders import HoldReminders
from server.notify.sms import Esms, FileSms, SmsProvider
from server.ops.ending import ended
from server.ops.metrics import CALLS_DROPPED, EFFECTS_FAILED
from server.ops.payment_metrics import WINDOW_MS, show
from server.ops.recurring import recurring
from server.ops.settings import Settings
from server.payments.momo_api import MomoAccount
from server.payments.registry import GatewayRegistry, build_gateways
from server.payments.vnpay import VnpayAccount
from server.ports import Catalogue, SeatStore
from server.ports.traffic import Record
from server.tickets.codes import TicketSigner
from server.tickets.links import OrderTokens, order_url
from server.web.context import Shop

FIGURES_S: Final = 15.0
"""How often the figures of payments are read."""


class Selling:
    """`shop` and `push` are for the routes, `reminders` for who sees holds end; `till` works from `start` to `close`.

    `base_url` is where customers and gateways reach the server; `clock` is the wall clock in milliseconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        engine: Database,
        catalogue: Catalogue,
        store: SeatStore,
        secret: bytes,
        base_url: str,
        clock: Callable[[], int],
    ) -> None:
        # Read once: what is trusted is a long file.
        trusted = httpx.create_ssl_context()
        self._client = httpx.AsyncClient(verify=trusted, timeout=settings.push_timeout_ms / 1000)
        self._sms_client = httpx.AsyncClient(verify=trusted, timeout=settings.sms_timeout_ms / 1000)
        signer = TicketSigner(derive(secret, "tickets"))
        tokens = OrderTokens(derive(secret, "orders"))
        subscriptions = PostgresPushSubscriptions(engine)
        policy = PushPolicy(settings.push_hosts)
        web_push = WebPush(self._client, policy, derive(secret, "push"), settings.push_contact, clock)
        self.push: Final = PushDesk(public_key=web_push.public_key, policy=policy, subscriptions=subscriptions)
        channel = PushChannel(web_push, subscriptions)
        folder = settings.data_dir / "outbox"
        notifier = CustomerNotifier(
            writer=MailWriter(settings.mail_from, settings.mail_reply_to, signer, clock),
            mail=mail_sender(settings.smtp_url.get_secret_value(), folder, timeout_ms=settings.smtp_timeout_ms),
            sms=self._sms(settings),
            push=channel,
        )
        self.reminders: Final = HoldReminders(channel, clock)
        traffic = PostgresTraffic(engine)
        self._calls = BufferedWriter(
            "calls to gateways", traffic.append, capacity=1000, batch=50, dropped=CALLS_DROPPED.inc
        )
        self._gateways = _gateways(
            settings, engine, secret=secret, base_url=base_url, clock=clock, record=self._calls.write
        )
        outbox, self._clock, self._monitoring = PostgresOutbox(engine), clock, PostgresMonitoring(engine)
        self.till: Final = Till(
            store=store,
            catalogue=catalogue,
            orders=PostgresOrders(engine),
            outbox=outbox,
            gateways=self._gateways,
            notifier=notifier,
            traffic=traffic,
            traffic_ms=settings.gateway_log_days * 86_400_000,
            payment_ms=settings.payment_ms,
            order_url=lambda order: order_url(base_url, order, tokens.issue(order)),
            failed=lambda kind, _error: EFFECTS_FAILED.labels(kind.value).inc(),
        )
        self.shop: Final = Shop(
            checkout=self.till.checkout,
            desk=self.till.desk,
            callbacks=self.till.callbacks,
            gateways=self.till.gateways,
            outbox=outbox,
            search=PostgresOrderSearch(engine),
            monitoring=self._monitoring,
            traffic=traffic,
            ledger=PostgresSeatLedger(engine),
            tokens=tokens,
            signer=signer,
        )

    def _sms(self, settings: Settings) -> SmsProvider | None:
        if settings.sms_provider == "esms":
            return Esms(
                self._sms_client,
                settings.esms_url,
                api_key=settings.esms_api_key.get_secret_value(),
                secret_key=settings.esms_secret_key.get_secret_value(),
                brand=settings.esms_brandname,
            )
        return FileSms(settings.data_dir / "outbox") if settings.sms_provider == "file" else None

    async def start(self) -> None:
        """Begin to do what orders cause, and to show how payments go."""
        await self._calls.start()
        await self.till.start()
        self._figures = asyncio.create_task(recurring("payment figures", FIGURES_S, self._show), name="figures")

    async def close(self) -> None:
        """Stop, and let all connections go."""
        await ended(self._figures)
        await self.till.close()
        await self._gateways.aclose()
        await self._calls.close()
        await self._client.aclose()
        await self._sms_client.aclose()

    async def _show(self) -> None:
        now = self._clock()
        show(await self._monitoring.figures(since=now - WINDOW_MS, now=now), now=now)


def _gateways(
    settings: Settings, engine: Database, *, secret: bytes, base_url: str, clock: Callable[[], int], record: Record
) -> GatewayRegistry:
    return build_gateways(
        settings.gateways,
        base_url=base_url,
        clock=clock,
        vnpay=VnpayAccount(
            tmn_code=settings.vnpay_tmn_code,
            hash_secret=settings.vnpay_hash_secret.get_secret_value().encode(),
            pay_url=settings.vnpay_pay_url,
            api_url=settings.vnpay_api_url,
            timeout_ms=settings.vnpay_timeout_ms,
            server_ip=settings.vnpay_server_ip,
            ipn_networks=settings.vnpay_ipn_addresses,
        ),
        momo=MomoAccount(
            partner_code=settings.momo_partner_code,
            access_key=settings.momo_access_key.get_secret_value(),
            secret_key=settings.momo_secret_key.get_secret_value().encode(),
            api_url=settings.momo_api_url,
            timeout_ms=settings.momo_timeout_ms,
            two_step=settings.momo_capture == "two_step",
            ipn_networks=settings.momo_ipn_addresses,
        ),
        sandbox_key=derive(secret, "sandbox"),
        ledger=PostgresSandboxLedger(engine),
        record=record,
    )
