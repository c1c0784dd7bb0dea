"""An HTTP server of somebody else's: it keeps what it is sent, and answers what a test tells it to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from tests.integration.notify.authority import Authority


@dataclass(kw_only=True)
class Got:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class FarEnd:
    """The server: `answers` are given in turn, the last one again and again, as (status, body)."""

    url: str
    answers: list[tuple[int, bytes]]
    got: list[Got] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        """Keep the request and answer it."""
        body = await request.body()
        self.got.append(Got(method=request.method, path=request.url.path, headers=dict(request.headers), body=body))
        status, content = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        # So that no connection is left to be waited for when the server stops.
        headers = {"Connection": "close"}
        if 300 <= status < 400:
            headers["Location"] = "https://elsewhere.example/"
        return Response(content, status_code=status, headers=headers)


@asynccontextmanager
async def far_end(*answers: tuple[int, bytes], authority: Authority | None = None) -> AsyncIterator[FarEnd]:
    """A server that gives these answers; over TLS with an authority."""
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "http" if authority is None else "https"
    server = FarEnd(url=f"{scheme}://localhost:{listener.getsockname()[1]}", answers=list(answers))

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]  # ASGI, by hand
        await (await server.answer(request))(scope, receive, send)  # type: ignore[arg-type]  # as above

    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        timeout_graceful_shutdown=2,
        ssl_certfile=None if authority is None else authority.certificate,
        ssl_keyfile=None if authority is None else str(authority.key),
    )
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    try:
        yield server
    finally:
        running.should_exit = True
        await task
        listener.close()
