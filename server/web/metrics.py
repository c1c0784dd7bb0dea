"""`/metrics`, and the middleware that counts what is asked and how long it takes.

The numbers hold nothing personal and no secret; all the same they are the operator's, and a proxy keeps them to itself.
"""

import asyncio
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.ops import metrics

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})

_OTHER: Final = "other"
"""Stands for every method and path that is nobody's: labels come from us, never from clients."""


class Metered:
    """Counts each HTTP exchange by method, route template and status, and times it by route."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI exchange."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            found = scope.get("route")
            route = found.path if isinstance(found, Route) else _OTHER
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            metrics.HTTP_REQUESTS.labels(method, route, str(status)).inc()
            metrics.HTTP_SECONDS.labels(route).observe(time.perf_counter() - started)


def route() -> Route:
    """The route at which the numbers are fetched."""

    async def answer(_request: Request) -> Response:
        return Response(await asyncio.to_thread(metrics.exposition), media_type=metrics.CONTENT_TYPE)

    return Route("/metrics", answer)
