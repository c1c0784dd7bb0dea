"""Buyers of a running application, over HTTP, and what is left of their purchases in its store and database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import redis.asyncio as redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.domain.payments import Callback
from server.seats.keys import Keys

API = "/api/v1"
SHOWTIME = f"{API}/showtimes/demo"
SEATS = ("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8")
CUSTOMER = {"email": "an@example.org", "name": "An", "locale": "vi"}
LIMIT_S = 60
_POLL_S = 0.02


class Buyer:
    """One guest at `client`'s server."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._bearer = {"Authorization": f"Bearer {token}"}

    @classmethod
    async def of(cls, client: httpx.AsyncClient) -> "Buyer":
        """A new one."""
        answer = await client.post(f"{API}/sessions")
        return cls(client, answer.raise_for_status().json()["token"])

    async def lock(self, *seats: str) -> httpx.Response:
        """Ask for these seats."""
        return await self._post(f"{SHOWTIME}/seats/lock", {"seats": seats})

    async def unlock(self) -> None:
        """Give all seats up."""
        path, body = f"{SHOWTIME}/seats/unlock", {"seats": SEATS}
        (await self._client.request("DELETE", path, json=body, headers=self._bearer)).raise_for_status()

    async def check_out(self, *seats: str, key: str | None = None) -> httpx.Response:
        """Order these seats, to be paid at the sandbox."""
        body = {"seats": seats, "customer": CUSTOMER, "gateway": "sandbox"}
        return await self._post(f"{SHOWTIME}/checkout", body, key=key)

    async def cancel(self, order: str) -> None:
        """Give an order up."""
        (await self._post(f"{API}/orders/{order}/cancel", None)).raise_for_status()

    async def decide(self, order: Any) -> Callback:
        """Pay at the sandbox, which signs a callback for it."""
        token = order["payment"]["redirect_url"].partition("#")[2]
        answer = await self._client.post(f"{API}/sandbox/decision", json={"token": token, "choice": "pay"})
        found = answer.raise_for_status().json()
        return Callback(query=(), body=found["callback"].encode(), content_type=found["content_type"])

    async def tell(self, callback: Callback) -> httpx.Response:
        """Deliver a callback, as the sandbox's page does."""
        return await self._client.post(
            f"{API}/payments/sandbox/ipn", content=callback.body, headers={"Content-Type": callback.content_type}
        )

    async def _post(self, path: str, body: object, *, key: str | None = None) -> httpx.Response:
        headers = self._bearer if key is None else {**self._bearer, "Idempotency-Key": key}
        return await self._client.post(path, json=body, headers=headers)


async def crowd(client: httpx.AsyncClient, size: int) -> list[Buyer]:
    """So many new buyers."""
    return list(await asyncio.gather(*(Buyer.of(client) for _ in range(size))))


def code(answer: httpx.Response) -> str:
    """The code of a refusal, or `placed`."""
    if answer.status_code == 201:
        return "placed"
    found: str = answer.json()["code"]
    return found


async def letters(client: httpx.AsyncClient) -> dict[str, str]:
    """The status of each of `SEATS` as everybody sees it."""
    answer = (await client.get(f"{SHOWTIME}/seats/status")).raise_for_status().json()
    return {seat["seat"]: seat["status"] for seat in answer["seats"] if seat["seat"] in SEATS}


async def until_all_are(client: httpx.AsyncClient, status: str) -> None:
    """Wait until every one of `SEATS` is seen so."""
    async with asyncio.timeout(LIMIT_S):
        while set((await letters(client)).values()) != {status}:
            await asyncio.sleep(_POLL_S)


async def owners(engine: AsyncEngine) -> dict[str, int]:
    """How many live orders have each seat that any has."""
    async with engine.connect() as connection:
        query = text("SELECT seat, count(*) FROM order_seats WHERE live GROUP BY showtime, seat")
        return {seat: int(count) for seat, count in await connection.execute(query)}


@asynccontextmanager
async def store_of(url: str, prefix: str) -> AsyncIterator["Leftovers"]:
    """A look into the seat store."""
    client = redis.Redis.from_url(url)
    try:
        yield Leftovers(client, Keys(prefix))
    finally:
        await client.aclose()


class Leftovers:
    """What the seat store holds of the showtime `demo` beside its letters."""

    def __init__(self, client: "redis.Redis", keys: Keys) -> None:
        self._client = client
        self._showtime, self._orders = keys.showtime("demo"), keys.orders("demo")

    async def counts(self) -> dict[str, int]:
        """Rows (locks, pins and sales), expiries of locks, holders who have any, and pins."""
        return {
            "rows": await self._client.hlen(self._showtime.locks),
            "expiries": await self._client.zcard(self._showtime.expiries),
            "holders": await self._client.hlen(self._showtime.holders),
            "pins": await self._client.zcard(self._orders.pins),
        }
