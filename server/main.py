"""Builds the application from its settings: each part once, given what it needs; nothing connects before it starts."""

import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import structlog

from server.coordination.viewers import RedisAudience
from server.db.attempts import PostgresSignInAttempts
from server.db.audit import PostgresAudit
from server.db.buffered_writer import BufferedWriter
from server.db.catalogue import PostgresCatalogue
from server.db.engine import create_engine, durability_findings
from server.db.migrate import is_current
from server.db.seat_ledger import PostgresSeatLedger
from server.db.staff import PostgresStaffAccounts
from server.db.staff_sessions import PostgresStaffSessions
from server.embedded import Addresses
from server.identity.origins import OriginPolicy
from server.identity.passwords import Passwords
from server.identity.secrets import load_secret
from server.identity.sessions import Cookie, Sessions
from server.identity.staff import StaffDoor, staff_cookie
from server.identity.tokens import SessionTokens
from server.live.bounds import Bounds
from server.live.errands import Errands
from server.live.hub import Hub
from server.live.pulse import Pulse
from server.live.session import Desk
from server.ops.addresses import Networks
from server.ops.lifecycle import Lifecycle
from server.ops.metrics import LEDGER_DROPPED
from server.ops.settings import Settings
from server.seats.endings import Ending, EndingWatch
from server.seats.receipts import ReceiptSigner
from server.seats.store import RedisSeatStore
from server.seats.sweeper import Sweeper
from server.selling import Selling
from server.web.app import Application, build_app
from server.web.context import Context
from server.web.health import Check
from server.web.sockets import SocketEndpoint

log = structlog.get_logger(__name__)

READINGS: Final = 32
"""Holders whose locks are read unasked at the same time, at most."""


def create_app(settings: Settings, addresses: Addresses, *, address: str) -> Application:
    """The application over the servers at `addresses`; it connects when it starts and lets go when it ends.

    `address` is where it is reached if the settings have no public URL.
    """
    secret = load_secret(settings.secret_key.get_secret_value(), settings.data_dir)
    worker = secrets.token_hex(4)
    engine = create_engine(
        addresses.database_url,
        connections=settings.database_connections,
        timeout_ms=settings.database_timeout_ms,
    )
    catalogue = PostgresCatalogue(engine, settings.limits)
    ledger = BufferedWriter(
        "seat events", PostgresSeatLedger(engine).append, capacity=20_000, batch=500, dropped=LEDGER_DROPPED.inc
    )
    store = RedisSeatStore(
        addresses.redis_url,
        settings.redis_prefix,
        facts=catalogue.seat_facts,
        layout=catalogue.layout,
        next_ordinal=catalogue.next_ordinal,
        receipts=ReceiptSigner(secret),
        worker=worker,
        timeout_ms=settings.redis_timeout_ms,
        connections=settings.redis_connections,
        log_length=settings.log_length,
        keep_ms=settings.redis_keep_ms,
        record=ledger.write,
    )
    selling = Selling(
        settings,
        engine=engine,
        catalogue=catalogue,
        store=store,
        secret=secret,
        base_url=settings.public_url or address,
        clock=now_ms,
    )
    bounds = Bounds(
        log_length=settings.log_length,
        coalesce_ms=settings.coalesce_ms,
        check_ms=settings.check_ms,
        write_bytes=settings.write_bytes,
        slow_ms=settings.slow_ms,
    )
    audience = RedisAudience(
        addresses.redis_url, settings.redis_prefix, worker=worker, timeout_ms=settings.redis_timeout_ms
    )
    # Half of the time is for the slices; the other half lets those who were told go.
    lifecycle = Lifecycle(lambda: hub.drain(settings.drain_ms / 2000), bound_ms=settings.drain_ms)
    hub = Hub(
        store=store,
        catalogue=catalogue,
        audience=audience,
        lifecycle=lifecycle,
        redis_url=addresses.redis_url,
        timeout_ms=settings.redis_timeout_ms,
        bounds=bounds,
    )
    sweeper = Sweeper(
        store, rooms=hub.showtimes, interval_ms=settings.sweep_ms, overdue=selling.till.rounds.overdue_pin
    )

    async def remind(ending: Ending) -> None:
        showtime = await catalogue.showtime(ending.showtime)
        seats = (await catalogue.layout(showtime.layout)).seats
        names = tuple(seats[index].id for index in ending.seats)
        await selling.reminders.remind(ending.holder, showtime, names, ending.expires_at)

    watch = EndingWatch(store.endings, store.showtimes.names, remind)
    sessions = Sessions(
        tokens=SessionTokens(secret, settings.session_ms, now_ms),
        cookie=Cookie.for_public_url(secret, settings.public_url),
    )
    audit, passwords = PostgresAudit(engine), Passwords()
    staff = StaffDoor(
        accounts=PostgresStaffAccounts(engine),
        sessions=PostgresStaffSessions(engine),
        attempts=PostgresSignInAttempts(engine),
        audit=audit,
        passwords=passwords,
        cookie=staff_cookie(secret, settings.public_url),
        secret=secret,
        session_ms=settings.staff_session_ms,
        idle_ms=settings.staff_idle_ms,
        clock=now_ms,
    )
    errands, readings = Errands(), Errands(READINGS)
    pulse = Pulse(interval_s=settings.heartbeat_ms / 1000, timeout_s=settings.pong_timeout_ms / 1000)
    desk = Desk(
        store=store,
        errands=errands,
        readings=readings,
        read_token=sessions.tokens.read,
        heartbeat_ms=settings.heartbeat_ms,
        bounds=bounds,
        left=hub.left,
    )
    endpoint = SocketEndpoint(hub, desk, pulse, worker=worker, max_connections=settings.max_connections)

    async def ask_store() -> Check:
        # Raises where the store does not answer, which `check` only mentions among its findings.
        await store.positions(("-",))
        return _check_of(await store.check())

    async def ask_database() -> Check:
        if not await is_current(engine):
            return Check(state="gone", findings=("migrations are missing: run `cinebook migrate`",))
        return _check_of(await durability_findings(engine))

    context = Context(
        catalogue=catalogue,
        store=store,
        sessions=sessions,
        staff=staff,
        audit=audit,
        origins=OriginPolicy(public_url=settings.public_url, host=settings.host, listed=settings.allowed_origins),
        public_url=settings.public_url,
        static=static_folder(),
        probes={"seat store": ask_store, "database": ask_database},
        lifecycle=lifecycle,
        trusted_proxies=Networks(settings.trusted_proxies),
        shop=selling.shop,
        push=selling.push,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Application) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(engine.dispose)
            stack.callback(passwords.close)
            stack.push_async_callback(audience.close)
            stack.push_async_callback(errands.close)
            stack.push_async_callback(readings.close)
            for part in (ledger, store, hub, sweeper, watch, pulse, selling):
                await part.start()
                stack.push_async_callback(part.close)
            if settings.gives_tickets_away:
                log.warning("the sandbox is among the gateways: whoever pays through it pays nothing")
            log.info("worker started", worker=worker)
            yield

    return build_app(context, sockets=endpoint, lifespan=lifespan)


def now_ms() -> int:
    """The wall clock in milliseconds, for what no store's clock is asked about."""
    return time.time_ns() // 1_000_000


def static_folder() -> Path:
    """The pages and their assets: packaged beside this module, or at the top of a source tree."""
    here = Path(__file__).parent
    packaged = here / "_static"
    return packaged if packaged.is_dir() else here.parent / "static"


def _check_of(findings: list[str]) -> Check:
    return Check(state="degraded" if findings else "ok", findings=tuple(findings))
