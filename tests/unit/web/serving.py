"""An ASGI application in front of a client, without a socket."""

from pathlib import Path
from typing import Any, cast

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from server.identity.origins import OriginPolicy
from server.identity.sessions import Cookie, Sessions
from server.identity.tokens import SessionTokens
from server.web.app import build_app
from server.web.context import Context

ORIGINS = OriginPolicy(public_url="", host="127.0.0.1", listed=("https://partner.example",))
SECRET = b"a secret of thirty-two bytes, yes"


class Nobody:
    """Stands where no question may arrive: any is an error."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")


def bare_app(static: Path, *, public_url: str = "") -> Starlette:
    """The whole application without a store and a catalogue, its pages in `static`."""
    nobody = cast("Any", Nobody())
    return build_app(
        Context(
            catalogue=nobody,
            store=nobody,
            sessions=Sessions(
                tokens=SessionTokens(SECRET, 60_000, lambda: 1_800_000_000_000),
                cookie=Cookie.for_public_url(SECRET, public_url),
            ),
            staff=nobody,
            audit=nobody,
            shop=nobody,
            push=nobody,
            origins=ORIGINS,
            public_url=public_url,
            static=static,
            probes={},
        )
    )


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """A client that comes by `http://localhost:8000`, as no browser."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost:8000"
    )
