"""Servers that answer for ever."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from server.notify.posting import post


class Drip(httpx.AsyncByteStream):
    """A body that goes on and on, a byte at a time."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0)


async def test_an_answer_that_drips_is_given_up() -> None:
    """The time-out holds for all of an answer, so that no server keeps a notice waiting for ever."""
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, stream=Drip()))
    async with httpx.AsyncClient(transport=transport, timeout=0.05) as client:
        with pytest.raises(httpx.ReadTimeout):
            await asyncio.wait_for(post(client, "https://sms.example/"), 30)
