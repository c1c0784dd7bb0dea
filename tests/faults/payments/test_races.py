"""Purchases that meet, over HTTP: one order wins, the others are told why not, and nothing is left of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.checkout.dispatcher import Dispatcher
from server.db import placing
from server.db.engine import create_engine
from server.embedded import Addresses
from tests.faults.payments.shop import SEATS, code, crowd, letters, owners, store_of, until_all_are
from tests.integration.app import running, settings_for

CROWD = 40
TABS = 40

Shop = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def shop(redis_url: str, seeded_database_url: str, tmp_path: Path) -> Shop:
    """Opens the application with a prefix of its own in the store, on the one database."""

    @asynccontextmanager
    async def opened(prefix: str) -> AsyncIterator[httpx.AsyncClient]:
        addresses = Addresses(redis_url=redis_url, database_url=seeded_database_url)
        limits = httpx.Limits(max_connections=CROWD)
        async with (
            running(settings_for(tmp_path, prefix), addresses) as app,
            httpx.AsyncClient(base_url=app.url, timeout=60, limits=limits) as client,
        ):
            yield client

    return opened


@pytest.fixture
async def engine(seeded_database_url: str) -> AsyncIterator[AsyncEngine]:
    """A look at the database."""
    opened = create_engine(seeded_database_url, connections=2, timeout_ms=10_000)
    yield opened
    await opened.dispose()


async def buy_at_once(*clients: httpx.AsyncClient, size: int = CROWD) -> list[httpx.Response]:
    """Each of a crowd locks the same seats and checks them out, whatever the lock was answered."""
    buyers = [buyer for client in clients for buyer in await crowd(client, size // len(clients))]

    async def buy(number: int) -> httpx.Response:
        await buyers[number].lock(*SEATS)
        return await buyers[number].check_out(*SEATS)

    return await asyncio.gather(*map(buy, range(len(buyers))))


async def test_forty_buyers_of_the_same_seats(shop: Shop, key_prefix: str, redis_url: str, engine: AsyncEngine) -> None:
    """One gets all eight, the others nothing; when the order's time is over, no pin and no lock is left."""
    async with shop(key_prefix) as client, store_of(redis_url, key_prefix) as store:
        buyers = await crowd(client, CROWD)

        async def buy(number: int) -> tuple[str, str]:
            locked = await buyers[number].lock(*SEATS)
            return code(locked) if locked.is_error else "locked", code(await buyers[number].check_out(*SEATS))

        answers = await asyncio.gather(*map(buy, range(CROWD)))
        assert Counter(answers) == {("locked", "placed"): 1, ("seats_unavailable", "not_held"): CROWD - 1}
        assert await owners(engine) == dict.fromkeys(SEATS, 1)
        assert await letters(client) == dict.fromkeys(SEATS, "occupied")
        counts = await store.counts()
        assert (counts["rows"], counts["expiries"], counts["holders"], counts["pins"]) == (len(SEATS), 0, 1, 1)

        await let_time_run_out(engine)
        await until_all_are(client, "locked")
        # The hold from before the order runs still, and is its holder's to give up.
        await buyers[answers.index(("locked", "placed"))].unlock()
        await until_all_are(client, "available")
        assert await owners(engine) == {}
        assert set((await store.counts()).values()) == {0}


async def let_time_run_out(engine: AsyncEngine) -> None:
    """Have the payment deadline of all orders be over."""
    async with engine.begin() as connection:
        # A trigger keeps deadlines as they were agreed.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        moved = (
            "UPDATE orders SET created_at = created_at - interval '1 day', expires_at = expires_at - interval '1 day'"
        )
        await connection.execute(text(moved))


async def test_forty_tabs_of_one_holder(shop: Shop, key_prefix: str, redis_url: str, engine: AsyncEngine) -> None:
    """One tab places the order, and each of the others is told which one has the seats; given up, nothing is left."""
    async with shop(key_prefix) as client, store_of(redis_url, key_prefix) as store:
        (buyer,) = await crowd(client, 1)
        (await buyer.lock(*SEATS)).raise_for_status()
        answers = await asyncio.gather(*(buyer.check_out(*SEATS) for _ in range(TABS)))
        assert Counter(map(code, answers)) == {"placed": 1, "conflict": TABS - 1}
        (order,) = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        assert {answer.json()["order"] for answer in answers if answer.status_code == 409} == {order}
        assert await owners(engine) == dict.fromkeys(SEATS, 1)

        await buyer.cancel(order)
        await until_all_are(client, "available")
        assert set((await store.counts()).values()) == {0}


async def test_one_key_from_forty_tabs(shop: Shop, key_prefix: str, engine: AsyncEngine) -> None:
    """All are answered the same, at once or after they were told to wait; one of the answers is not a repetition."""
    async with shop(key_prefix) as client:
        (buyer,) = await crowd(client, 1)
        (await buyer.lock(*SEATS)).raise_for_status()
        answers = await asyncio.gather(*(buyer.check_out(*SEATS, key="k") for _ in range(TABS)))
        assert set(map(code, answers)) <= {"placed", "idempotency_in_progress"}
        placed = [answer for answer in answers if answer.status_code == 201]
        assert [answer.headers.get("Idempotent-Replayed") for answer in placed].count(None) == 1
        again = await asyncio.gather(*(buyer.check_out(*SEATS, key="k") for _ in range(TABS)))
        assert {answer.status_code for answer in again} == {201}
        assert len({answer.content for answer in (*placed, *again)}) == 1
        assert await owners(engine) == dict.fromkeys(SEATS, 1)


@pytest.fixture
def nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Effects of orders wait: either application would do them, also those of the other one, in its own store."""

    async def idle(_dispatcher: Dispatcher) -> None:
        return

    monkeypatch.setattr(Dispatcher, "start", idle)


@pytest.mark.usefixtures("nobody_tells")
async def test_two_stores_that_know_nothing_of_each_other(shop: Shop, key_prefix: str, engine: AsyncEngine) -> None:
    """Where two stores grant the same seats, the database's index is enough: one order, and the other pin is undone."""
    async with shop(f"{key_prefix}-1") as first, shop(f"{key_prefix}-2") as second:
        assert await letters(first) == await letters(second) == dict.fromkeys(SEATS, "available")
        codes = Counter(map(code, await buy_at_once(first, second)))
        assert codes["placed"] == 1
        assert codes["not_held"] == CROWD - 2
        assert codes["conflict"] + codes["gone"] == 1
        assert await owners(engine) == dict.fromkeys(SEATS, 1)
        seen = sorted({*(await letters(first)).values()} | {*(await letters(second)).values()})
        assert seen == ["locked", "occupied"]


class Unguarded(Insert):
    """An insert that names no index which must be there."""

    inherit_cache = False

    def on_conflict_do_nothing(self, *_: Any, **__: Any) -> "Unguarded":
        """Whatever index the conflict is with."""
        return super().on_conflict_do_nothing()


@pytest.mark.usefixtures("nobody_tells")
async def test_without_the_index_seats_are_sold_twice(
    shop: Shop, key_prefix: str, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same two stores, one crowd after the other, and the same look at the database: it sees every seat doubled."""
    monkeypatch.setattr(placing, "insert", Unguarded)
    async with engine.begin() as connection:
        await connection.execute(text("DROP INDEX order_seats_live"))
    async with shop(f"{key_prefix}-1") as first, shop(f"{key_prefix}-2") as second:
        assert await letters(first) == await letters(second) == dict.fromkeys(SEATS, "available")
        # The store that is opened later grants with the greater fence: the other one's orders would be found stale.
        for client in (first, second):
            codes = Counter(map(code, await buy_at_once(client, size=CROWD // 2)))
            assert codes["placed"] == 1
    assert await owners(engine) == dict.fromkeys(SEATS, 2)
