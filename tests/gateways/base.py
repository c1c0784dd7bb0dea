"""What the local gateways share: a server on a free port, moods, a log, and notifications that are retried."""

import asyncio
import html
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.gateways.serving import Serving
from tests.trust import TRUSTED


class Mode(StrEnum):
    """How a gateway answers one of its calls.

    `never`: nothing happens, and no answer comes. `lost`: it happens, and no answer comes. `slow`: it happens, and the
    answer comes after `slow_s`. `huge`: it happens, and the answer is genuine, with a megabyte of blanks. `garbage`,
    `error`: nothing happens, and the answer is no JSON, or a failure of the gateway. `unsigned`, `forged`: it happens,
    and the answer lacks its signature or is not genuine. `busy`: nothing happens, and it says that it is still at it.
    """

    RIGHT = "right"
    NEVER = "never"
    LOST = "lost"
    SLOW = "slow"
    GARBAGE = "garbage"
    HUGE = "huge"
    ERROR = "error"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    BUSY = "busy"


@dataclass(frozen=True)
class Received:
    """A call that a gateway got: `genuine` if its signature was right."""

    call: str
    fields: dict[str, Any]
    genuine: bool


@dataclass(frozen=True)
class Delivery:
    """A notification that a gateway sent about `reference`, and what it heard; status 0 for no answer."""

    reference: str
    status: int
    body: bytes


@dataclass
class Answer:
    """What a gateway would say to a call."""

    data: dict[str, Any]
    status: int = 200


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


Send = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
"""Sends a notification once."""


@dataclass
class LocalGateway:
    """A gateway that serves between `start` and `stop`, or as a context manager.

    `ipn_url` gets its notifications; a failed one is repeated after `retry_s`, `retries` times at most.
    """

    ipn_url: str = ""
    retry_s: float = 0.02
    retries: int = 10
    slow_s: float = 0.2
    clock: Callable[[], int] = now_ms
    log: list[Received] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    url: str = ""
    _modes: dict[str, Mode] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: Serving | None = None

    def routes(self) -> list[Route]:
        """What it serves."""
        raise NotImplementedError

    async def start(self, port: int = 0) -> Self:
        """Serve on loopback; return when connections are accepted."""
        self._serving = Serving(port)
        self.url = self._serving.url
        await self._serving.start([*self.routes(), Route("/play", self._play)])
        return self

    async def stop(self) -> None:
        """Give up what is under way, and stop serving."""
        self._closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._serving is not None:
            await self._serving.stop()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def behave(self, mode: Mode | str = Mode.RIGHT, *calls: str) -> None:
        """Answer these calls so from now on; without any, every call that no other `behave` names."""
        for call in calls or ("*",):
            self._modes[call] = Mode(mode)

    def mode(self, call: str) -> Mode:
        """How it answers a call now."""
        return self._modes.get(call, self._modes.get("*", Mode.RIGHT))

    async def reply(self, call: str, act: Callable[[], Answer], sign: Callable[[Answer, Mode], Answer]) -> Response:
        """Answer a call in the mode set for it; `act` is what it does, `sign` makes the answer genuine, or not."""
        mode = self.mode(call)
        match mode:
            case Mode.NEVER:
                return await self._hang()
            case Mode.GARBAGE:
                return Response("<html>Bảo trì hệ thống", media_type="text/html")
            case Mode.ERROR:
                return Response("Internal Server Error", status_code=500)
        answer = sign(act(), mode)
        if mode is Mode.LOST:
            return await self._hang()
        if mode is Mode.SLOW:
            await asyncio.sleep(self.slow_s)
        body = json.dumps(answer.data, ensure_ascii=False).encode()
        if mode is Mode.HUGE:
            body += b" " * 1_000_000
        return Response(body, status_code=answer.status, media_type="application/json")

    def page(self, reference: str, outcomes: Iterable[str]) -> Response:
        """The customer's page for people who try it by hand: a button for each end that it can come to."""
        buttons = "".join(f'<button name="outcome" value="{each}">{each}</button> ' for each in outcomes)
        hidden = f'<input type="hidden" name="reference" value="{html.escape(reference)}">'
        form = f'<form action="/play">{hidden}{buttons}</form>'
        return HTMLResponse(f"<!doctype html><title>{type(self).__name__}</title>{form}")

    async def _play(self, request: Request) -> Response:
        chosen = request.query_params
        return RedirectResponse(self.end(chosen["reference"], chosen["outcome"]), 303)

    def end(self, reference: str, outcome: str, *, amount: int | None = None, copies: int = 1) -> str:
        """End a payment so, and return the address that the browser is sent back to.

        `copies` notifications go out at once, none for 0. `amount` (VND) is taken instead of what was asked.
        """
        raise NotImplementedError

    async def _hang(self) -> Response:
        await self._closing.wait()
        return Response(status_code=504)

    def notify(self, reference: str, send: Send, copies: int) -> None:
        """Send a notification, `copies` at once, each until it is answered finally or too often."""
        for _ in range(copies):
            task = asyncio.create_task(self._deliver(reference, send))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, reference: str, send: Send) -> None:
        async with httpx.AsyncClient(verify=TRUSTED, timeout=30, trust_env=False) as client:
            for attempt in range(self.retries + 1):
                if attempt:
                    await asyncio.sleep(self.retry_s)
                try:
                    answer = await send(client)
                except httpx.HTTPError:
                    self.deliveries.append(Delivery(reference, 0, b""))
                    continue
                self.deliveries.append(Delivery(reference, answer.status_code, answer.content))
                if self.heard(answer):
                    return

    def heard(self, answer: httpx.Response) -> bool:
        """Whether an answer to a notification is final."""
        raise NotImplementedError

    async def settled(self) -> None:
        """Return when no notification is under way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def calls(self, call: str) -> list[dict[str, Any]]:
        """The fields of each call of this kind that it got."""
        return [received.fields for received in self.log if received.call == call]
