"""A server's application with its parts in reach, and guests who use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from server.checkout.till import Till
from server.db.attempts import PostgresSignInAttempts
from server.db.audit import PostgresAudit
from server.db.catalogue import PostgresCatalogue
from server.db.engine import create_engine
from server.db.monitoring import PostgresMonitoring
from server.db.order_search import PostgresOrderSearch
from server.db.orders import PostgresOrders
from server.db.outbox import PostgresOutbox
from server.db.push import PostgresPushSubscriptions
from server.db.sandbox import PostgresSandboxLedger
from server.db.seat_ledger import PostgresSeatLedger
from server.db.staff import PostgresStaffAccounts
from server.db.staff_sessions import PostgresStaffSessions
from server.db.traffic import PostgresTraffic
from server.domain.ledger import SeatEvent
from server.domain.showtimes import Limits
from server.identity.origins import OriginPolicy
from server.identity.passwords import Passwords
from server.identity.secrets import derive
from server.identity.sessions import Cookie, Sessions
from server.identity.staff import StaffDoor, staff_cookie
from server.identity.tokens import SessionTokens
from server.notify.push import PushDesk, PushPolicy
from server.ops.addresses import Networks
from server.payments.momo_api import MomoAccount
from server.payments.registry import GatewayRegistry, build_gateways
from server.payments.vnpay import VnpayAccount
from server.ports.notices import Notice
from server.ports.traffic import unrecorded
from server.seats.receipts import ReceiptSigner
from server.seats.store import RedisSeatStore
from server.tickets.codes import TicketSigner
from server.tickets.links import OrderTokens, order_url
from server.web.app import build_app
from server.web.context import Context, Shop

SECRET = b"a secret of thirty-two bytes, yes"
BASE = "http://localhost:8000"
STATIC = Path(__file__).parents[3] / "static"
SESSION_MS = 86_400_000
STAFF_SESSION_MS = 600_000
STAFF_IDLE_MS = 60_000
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LIMITS = Limits(max_seats=8, hold_ms=60_000, max_hold_ms=90_000)
START = 1_900_000_000_000
PAYMENT_MS = 600_000
PROXY = "10.1.2.3"
PUSH_HOSTS = ("push.example",)
VNPAY = VnpayAccount(
    tmn_code="TESTVN01",
    hash_secret=b"a terminal's secret",
    pay_url="https://vnpay.invalid/pay",
    api_url="http://127.0.0.1:9/api",
    timeout_ms=1000,
    ipn_networks=("127.0.0.0/8", "198.51.100.0/24"),
)
MOMO = MomoAccount(
    partner_code="MOMOTEST",
    access_key="an access key",
    secret_key=b"a partner's secret",
    api_url="http://127.0.0.1:9",
    timeout_ms=1000,
)
"""Nobody answers at the addresses of these accounts, which is soon known."""


class Clock:
    """The time of store and sessions, which stands until a test moves it."""

    def __init__(self) -> None:
        self.ms = START

    def __call__(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.ms


class Told:
    """A notifier that keeps what customers are told."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    async def send(self, notice: Notice) -> None:
        """Keep it."""
        self.notices.append(notice)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One application on a clock of its own.

    Nothing works its outbox off, and nothing writes `events` to the ledger, but tests.
    """

    app: Starlette
    store: RedisSeatStore
    catalogue: PostgresCatalogue
    engine: AsyncEngine
    sessions: Sessions
    staff: StaffDoor
    clock: Clock
    orders: PostgresOrders
    gateways: GatewayRegistry
    tokens: OrderTokens
    till: Till
    told: Told
    ledger: PostgresSeatLedger
    events: list[SeatEvent]

    def client(self, **headers: str) -> httpx.AsyncClient:
        """Somebody without a session."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=BASE,
            headers=headers,
        )

    def guest(self) -> httpx.AsyncClient:
        """Somebody new with a Bearer token."""
        token, _ = self.sessions.tokens.issue()
        return self.client(authorization=f"Bearer {token}")


@asynccontextmanager
async def open_place(redis_url: str, prefix: str, database_url: str, *, timeout_ms: int = 9000) -> AsyncIterator[Place]:
    """A place over these servers; it is closed in the end."""
    clock = Clock()
    events: list[SeatEvent] = []
    engine = create_engine(database_url, connections=4, timeout_ms=5000)
    catalogue = PostgresCatalogue(engine, LIMITS)
    store = RedisSeatStore(
        redis_url,
        prefix,
        facts=catalogue.seat_facts,
        layout=catalogue.layout,
        next_ordinal=catalogue.next_ordinal,
        receipts=ReceiptSigner(derive(SECRET, "receipt")),
        worker="test",
        timeout_ms=timeout_ms,
        clock=clock,
        record=events.append,
    )
    ledger = PostgresSeatLedger(engine)
    sessions = Sessions(tokens=SessionTokens(SECRET, SESSION_MS, clock), cookie=Cookie.for_public_url(SECRET, ""))
    audit = PostgresAudit(engine)
    staff = StaffDoor(
        accounts=PostgresStaffAccounts(engine),
        sessions=PostgresStaffSessions(engine),
        attempts=PostgresSignInAttempts(engine),
        audit=audit,
        passwords=Passwords(QUICK),
        cookie=staff_cookie(SECRET, ""),
        secret=SECRET,
        session_ms=STAFF_SESSION_MS,
        idle_ms=STAFF_IDLE_MS,
        clock=clock,
    )
    orders, outbox, told = PostgresOrders(engine), PostgresOutbox(engine), Told()
    gateways = build_gateways(
        ("vnpay", "momo", "sandbox"),
        base_url=BASE,
        clock=clock,
        vnpay=VNPAY,
        momo=MOMO,
        sandbox_key=derive(SECRET, "sandbox"),
        ledger=PostgresSandboxLedger(engine),
        record=unrecorded,
    )
    traffic = PostgresTraffic(engine)
    tokens = OrderTokens(derive(SECRET, "order page"))
    till = Till(
        store=store,
        catalogue=catalogue,
        orders=orders,
        outbox=outbox,
        gateways=gateways,
        notifier=told,
        traffic=traffic,
        traffic_ms=90 * 86_400_000,
        payment_ms=PAYMENT_MS,
        order_url=lambda order: order_url(BASE, order, tokens.issue(order)),
    )
    context = Context(
        catalogue=catalogue,
        store=store,
        sessions=sessions,
        staff=staff,
        audit=audit,
        origins=OriginPolicy(public_url="", host="127.0.0.1", listed=()),
        public_url="",
        static=STATIC,
        probes={},
        trusted_proxies=Networks((PROXY,)),
        push=PushDesk(
            public_key="a key", policy=PushPolicy(PUSH_HOSTS), subscriptions=PostgresPushSubscriptions(engine)
        ),
        shop=Shop(
            checkout=till.checkout,
            desk=till.desk,
            callbacks=till.callbacks,
            gateways=till.gateways,
            outbox=outbox,
            search=PostgresOrderSearch(engine),
            monitoring=PostgresMonitoring(engine),
            traffic=traffic,
            ledger=ledger,
            tokens=tokens,
            signer=TicketSigner(derive(SECRET, "ticket")),
        ),
    )
    try:
        yield Place(
            app=build_app(context),
            store=store,
            catalogue=catalogue,
            engine=engine,
            sessions=sessions,
            staff=staff,
            clock=clock,
            orders=orders,
            gateways=gateways,
            tokens=tokens,
            till=till,
            told=told,
            ledger=ledger,
            events=events,
        )
    finally:
        await gateways.aclose()
        staff.passwords.close()
        await store.close()
        await engine.dispose()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of `answer`, which must be one with this status and code."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code), document
    assert document["instance"] == answer.headers["x-request-id"]
    return document
