"""One POST to somebody else's server, which has a bounded time for all of its answer."""

import asyncio
from typing import Any

import httpx


async def post(client: httpx.AsyncClient, url: str, **request: Any) -> httpx.Response:
    """The answer, within the client's time-out for reading; no redirect is followed. Raises `httpx.HTTPError`."""
    try:
        # httpx bounds each step alone: an answer that drips would never end.
        async with asyncio.timeout(client.timeout.read):
            return await client.post(url, follow_redirects=False, **request)
    except TimeoutError as error:
        raise httpx.ReadTimeout("the answer did not end in time") from error
