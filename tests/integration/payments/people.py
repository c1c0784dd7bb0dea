"""Customers and a manager, as their browsers speak with the application."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

API: Final = "/api/v1"
DEMO: Final = f"{API}/showtimes/demo"
PATIENCE_S: Final = 90.0
"""How long a test waits for what must come; on a quiet machine it comes within two seconds.

It is more than a minute: so long is a question or an effect one worker's, though a slow machine made it give up.
"""


async def eventually(look: Callable[[], Awaitable[bool]], otherwise: Callable[[], str]) -> None:
    """Return once `look` says yes; fail with what `otherwise` tells if it never does."""
    end = time.monotonic() + PATIENCE_S
    while not await look():
        assert time.monotonic() < end, otherwise()
        await asyncio.sleep(0.03)


async def succeeded(request: Awaitable[httpx.Response], status: int | None = None) -> Any:
    """The JSON of an answer that is a success, with this status if one is named."""
    answer = await request
    assert answer.is_success, (answer.status_code, answer.text)
    assert status in {None, answer.status_code}, answer.text
    return answer.json()


class Buyer:
    """A customer with a guest session; orders are the JSON that the application shows."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.address = f"{secrets.token_hex(4)}@example.org"
        self.orders: list[str] = []

    async def orders_seats(self, *seats: str, gateway: str) -> dict[str, Any]:
        """Lock these seats and check them out; the new order."""
        await self.locks(*seats)
        body = {"seats": seats, "customer": {"email": self.address, "locale": "en"}, "gateway": gateway}
        order: dict[str, Any] = await succeeded(self._client.post(f"{DEMO}/checkout", json=body), 201)
        self.orders.append(order["id"])
        return order

    async def locks(self, *seats: str) -> None:
        """Lock these seats."""
        await succeeded(self._client.post(f"{DEMO}/seats/lock", json={"seats": seats}))

    async def lets_go(self, *seats: str) -> None:
        """Unlock these seats."""
        await succeeded(self._client.request("DELETE", f"{DEMO}/seats/unlock", json={"seats": seats}))

    async def tries_again(self, order: dict[str, Any], gateway: str) -> dict[str, Any]:
        """Start another attempt to pay; the order then."""
        path = f"{API}/orders/{order['id']}/pay"
        answer: dict[str, Any] = await succeeded(self._client.post(path, json={"gateway": gateway}))
        return answer

    async def cancels(self, order: dict[str, Any]) -> None:
        """Give the order up."""
        await succeeded(self._client.post(f"{API}/orders/{order['id']}/cancel"))

    async def order(self, order: dict[str, Any] | str) -> dict[str, Any]:
        """The order as it is now."""
        order_id = order if isinstance(order, str) else order["id"]
        found: dict[str, Any] = await succeeded(self._client.get(f"{API}/orders/{order_id}"))
        return found

    async def sees(self, order: dict[str, Any], state: str) -> dict[str, Any]:
        """The order once it is in this state."""
        found: dict[str, Any] = {}

        async def look() -> bool:
            found.update(await self.order(order))
            return bool(found["state"] == state)

        await eventually(look, lambda: f"the order is {found.get('state')}, not {state}")
        return found

    async def comes_back(self, url: str, order: dict[str, Any]) -> None:
        """Follow the gateway's address; it leads to the order's page."""
        answer = await self._client.get(url)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/orders/{order['id']}")

    async def seats(self) -> dict[str, dict[str, Any]]:
        """The live map as this customer sees it, by seat."""
        found = await succeeded(self._client.get(f"{DEMO}/seats/status"))
        return {seat["seat"]: seat for seat in found["seats"]}

    async def sees_seats(self, status: str, *seats: str, mine: bool = False) -> None:
        """Wait until the live map shows these seats so, and whether they are held by this customer."""
        found: dict[str, dict[str, Any]] = {}

        async def look() -> bool:
            found.update(await self.seats())
            return all((found[seat]["status"], found[seat]["mine"]) == (status, mine) for seat in seats)

        await eventually(look, lambda: f"{[found[seat] for seat in seats]} are not {status}")

    async def tickets_worth(self) -> int:
        """The price of all seats that this customer has tickets for."""
        worth = 0
        for order_id in self.orders:
            order = await self.order(order_id)
            prices = {seat["seat"]: seat["price"] for seat in order["seats"]}
            worth += sum(prices[ticket["seat"]] for ticket in order.get("tickets", ()))
        return worth


class Manager:
    """A manager who has signed in."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def figures(self) -> dict[str, Any]:
        """How payments go."""
        found: dict[str, Any] = await succeeded(self._client.get(f"{API}/staff/payments"))
        return found

    async def order(self, order: dict[str, Any]) -> dict[str, Any]:
        """An order with all its money."""
        found: dict[str, Any] = await succeeded(self._client.get(self._path(order)))
        return found

    async def traffic(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """What was said to gateways and by them about an order, the newest first."""
        found = await succeeded(self._client.get(f"{self._path(order)}/traffic", params={"limit": 100}))
        said: list[dict[str, Any]] = found["traffic"]
        return said

    async def refunds(self, order: dict[str, Any], **what: Any) -> dict[str, Any]:
        """Send money back; the order then."""
        path, body = f"{self._path(order)}/refunds", {"reason": "Projector broke", **what}
        found: dict[str, Any] = await succeeded(self._client.post(path, json=body), 201)
        return found

    async def approves(self, order: dict[str, Any]) -> None:
        """Clear an order under review."""
        await succeeded(self._client.post(f"{self._path(order)}/approve"))

    async def retries(self, order: dict[str, Any], reference: str) -> None:
        """Send a refund that failed once more."""
        await succeeded(self._client.post(f"{self._path(order)}/refunds/{reference}/retry"))

    async def closes(self, order: dict[str, Any], reference: str, **how: Any) -> dict[str, Any]:
        """Say how a refund ended; the order then."""
        path, body = f"{self._path(order)}/refunds/{reference}/close", {"reason": "Bank statement", **how}
        found: dict[str, Any] = await succeeded(self._client.post(path, json=body), 200)
        return found

    async def sees_refunds(self, order: dict[str, Any], *states: str) -> list[dict[str, Any]]:
        """The refunds of an order, once they are in these states, the oldest first."""
        found: list[dict[str, Any]] = []

        async def look() -> bool:
            found[:] = (await self.order(order))["refunds"]
            return [row["state"] for row in found] == list(states)

        await eventually(look, lambda: f"refunds are {found}, not {states}")
        return found

    @staticmethod
    def _path(order: dict[str, Any]) -> str:
        return f"{API}/staff/orders/{order['id']}"


def reference(order: dict[str, Any]) -> str:
    """The gateway's name for the attempt that a customer was just sent to."""
    asked = httpx.URL(order["payment"]["redirect_url"]).params
    found: str = asked.get("vnp_TxnRef") or asked["t"]
    return found
