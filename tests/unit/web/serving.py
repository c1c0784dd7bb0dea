"""An ASGI application in front of a client, without a socket."""

import httpx
from starlette.types import ASGIApp

from server.identity.origins import OriginPolicy

ORIGINS = OriginPolicy(public_url="", host="127.0.0.1", listed=("https://partner.example",))


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """A client that comes by `http://localhost:8000`, as no browser."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost:8000"
    )
