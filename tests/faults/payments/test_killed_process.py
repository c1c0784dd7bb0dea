"""Workers as processes, killed in the middle of a stream of purchases: what was acknowledged is there, once."""

import asyncio
import email
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_engine
from server.db.outbox import PostgresOutbox
from server.domain.payments import Callback
from tests.command import Command
from tests.faults.payments.shop import SHOWTIME, Buyer, code, store_of
from tests.integration.workers.pair import Pair

BUYERS = 6
PURCHASES = 6
"""Of each buyer, one after the other."""

KILLED_AT = (9, 22)
"""Orders that are paid when a worker is killed, while the other buyers are anywhere on their way."""

LIMIT_S = 120
_POLL_S = 0.05


class NotAnsweredError(Exception):
    """The server asks for patience, or has none to serve."""


class Stream:
    """Buyers who buy seat after seat, and repeat whatever was not answered, as pages and gateways do.

    `reached` is told how many orders are paid whenever one is.
    """

    def __init__(self, url: str, seats: list[str], reached: Callable[[int], Awaitable[None]]) -> None:
        self._url = url
        self._seats = seats
        self._reached = reached
        self.acknowledged: set[str] = set()
        self.paid: set[str] = set()
        self.lost = 0
        """Requests that were not answered."""

    async def run(self) -> None:
        """Let everybody buy at the same time."""
        await asyncio.gather(*(self._shop(self._seats[number::BUYERS]) for number in range(BUYERS)))

    async def _shop(self, seats: list[str]) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as client:
            buyer: Buyer = await self._answered(Buyer.of, client)
            for seat in seats:
                await self._answered(_read, buyer.lock, seat)
                order = await self._answered(_read, partial(buyer.check_out, key=f"key {seat}"), seat)
                self.acknowledged.add(order["id"])
                callback: Callback = await self._answered(buyer.decide, order)
                await self._answered(_read, buyer.tell, callback)
                self.paid.add(order["id"])
                await self._reached(len(self.paid))

    async def _answered(self, ask: Callable[..., Awaitable[Any]], *arguments: object) -> Any:
        async with asyncio.timeout(LIMIT_S):
            while True:
                try:
                    return await ask(*arguments)
                except (httpx.TransportError, NotAnsweredError):
                    pass
                except httpx.HTTPStatusError as error:
                    if error.response.status_code != 503:
                        raise
                self.lost += 1
                await asyncio.sleep(_POLL_S)


async def _read(ask: Callable[..., Awaitable[httpx.Response]], *arguments: object) -> Any:
    answer = await ask(*arguments)
    if answer.status_code == 409 and code(answer) == "idempotency_in_progress":
        raise NotAnsweredError
    return answer.raise_for_status().json()


async def free_seats(url: str, count: int) -> list[str]:
    """So many seats that are sold one by one."""
    async with httpx.AsyncClient(base_url=url) as client:
        layout = (await client.get(f"{SHOWTIME}/layout")).raise_for_status().json()["seats"]
        status = (await client.get(f"{SHOWTIME}/seats/status")).raise_for_status().json()["seats"]
    free = {seat["seat"] for seat in status if seat["status"] == "available"}
    return [seat["id"] for seat in layout if seat["id"] in free and seat["kind"] != "couple"][:count]


async def until_nothing_waits(engine: AsyncEngine) -> None:
    """Have the leases of whoever died be over, and wait until all effects of all orders are done."""
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET due_at = NULL WHERE done_at IS NULL AND died_at IS NULL"))
    outbox = PostgresOutbox(engine)
    async with asyncio.timeout(LIMIT_S):
        while await outbox.waiting():
            await asyncio.sleep(_POLL_S)
    assert await outbox.dead() == ()


async def states(engine: AsyncEngine) -> dict[str, str]:
    """Every order with its state."""
    async with engine.connect() as connection:
        return {order: str(state) for order, state in await connection.execute(text("SELECT id, state FROM orders"))}


def mails(folder: Path) -> Counter[str]:
    """How many mail files there are with each Message-ID."""
    found = [email.message_from_bytes(path.read_bytes()) for path in folder.glob("*.eml")]
    return Counter(str(message["Message-ID"]) for message in found)


async def test_workers_are_killed(tmp_path: Path, redis_url: str, key_prefix: str, seeded_database_url: str) -> None:
    """Every order that was acknowledged is there, every one that was paid has its ticket, once, and no pin is left."""
    settings = {
        "port": 0,
        "data_dir": tmp_path,
        "redis_url": redis_url,
        "redis_prefix": key_prefix,
        "database_url": seeded_database_url,
        "log_level": "warning",
        "redis_timeout_ms": 5000,
    }
    engine = create_engine(seeded_database_url, connections=2, timeout_ms=10_000)
    with Command("serve", "--workers", "2", log=tmp_path / "stderr", **settings) as command:
        pair = Pair(command, command.address())
        await asyncio.to_thread(pair.both)
        killed: list[int] = []

        async def kill(paid: int) -> None:
            if paid in KILLED_AT:
                victim = (await asyncio.to_thread(pair.both))[0]
                killed.append(victim)
                os.kill(victim, signal.SIGKILL)

        stream = Stream(pair.url, await free_seats(pair.url, BUYERS * PURCHASES), kill)
        await stream.run()
        assert len(set(killed)) == len(KILLED_AT)
        await until_nothing_waits(engine)
        assert await states(engine) == dict.fromkeys(stream.paid, "paid")
        assert stream.acknowledged == stream.paid
        async with store_of(redis_url, key_prefix) as store:
            assert await store.counts() == {"rows": len(stream.paid), "expiries": 0, "holders": 0, "pins": 0}
        assert command.terminate() == 0
        assert "Traceback" not in command.errors
    await engine.dispose()
    told = mails(tmp_path / "outbox")
    assert len(told) == len(stream.paid)
    assert set(told.values()) == {1}
