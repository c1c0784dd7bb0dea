"""Another worker of the same application, whose clock is ahead: what is due later is due for it now."""

import time
from collections.abc import Awaitable, Callable

from server.checkout.rounds import Rounds
from server.db.catalogue import PostgresCatalogue
from server.db.engine import create_engine
from server.payments.registry import GatewayRegistry
from server.seats.receipts import ReceiptSigner
from server.seats.store import RedisSeatStore
from server.selling import Selling
from tests.integration.app import SECRET, App


async def later(app: App, ms: int, action: Callable[[Rounds], Awaitable[object]]) -> None:
    """Let a worker whose clock is `ms` ahead make rounds; what follows from them is left to `app`."""

    def clock() -> int:
        return time.time_ns() // 1_000_000 + ms

    settings = app.settings
    engine = create_engine(app.addresses.database_url, connections=4, timeout_ms=5000)
    catalogue = PostgresCatalogue(engine, settings.limits)
    store = RedisSeatStore(
        app.addresses.redis_url,
        settings.redis_prefix,
        facts=catalogue.seat_facts,
        layout=catalogue.layout,
        next_ordinal=catalogue.next_ordinal,
        receipts=ReceiptSigner(SECRET.encode()),
        worker="later",
        timeout_ms=5000,
        clock=clock,
    )
    selling = Selling(
        settings,
        engine=engine,
        catalogue=catalogue,
        store=store,
        secret=SECRET.encode(),
        base_url=app.url,
        clock=clock,
    )
    try:
        await action(selling.till.rounds)
    finally:
        gateways = selling.till.gateways.by_name
        assert isinstance(gateways, GatewayRegistry)
        await gateways.aclose()
        await store.close()
        await engine.dispose()
