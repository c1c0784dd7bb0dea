"""The pages and their assets, from the folder `static`; what browsers may do with them is said by strict headers."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol.codes import Code
from protocol.scalars import ShowtimeId
from server.web.context import context_of
from server.web.problems import ProblemError
from server.web.responses import cached_response

_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Files of other kinds are not served: the system's own table differs from machine to machine."""

_HOST: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")


@dataclass(frozen=True, kw_only=True)
class _Asset:
    stamp: tuple[int, int]
    content: bytes
    etag: str
    media_type: str


class Assets:
    """The files under `root` by path, kept in memory and read again when they change; nothing outside is reachable."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._kept: dict[str, _Asset] = {}

    def get(self, path: str) -> _Asset:
        """The file at `path` (with `/`, relative to the root); raises `ProblemError` `not_found`."""
        media_type = _MEDIA_TYPES.get(PurePosixPath(path).suffix)
        if media_type is None or "\0" in path:
            raise ProblemError(Code.NOT_FOUND)
        file = (self._root / path).resolve()
        try:
            if not file.is_relative_to(self._root):
                raise ProblemError(Code.NOT_FOUND)
            facts = file.stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
            kept = self._kept.get(str(file))
            if kept is None or kept.stamp != stamp:
                content = file.read_bytes()
                etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
                kept = _Asset(stamp=stamp, content=content, etag=etag, media_type=media_type)
                self._kept[str(file)] = kept
        except OSError as error:
            raise ProblemError(Code.NOT_FOUND) from error
        return kept


def page_csp(public_url: str, scheme: str, host: str) -> str:
    """The Content-Security-Policy of a page: all from here, and nothing else.

    The socket's address is spelled out, because browsers of some age do not count it among `'self'`.
    """
    public = urlsplit(public_url)
    socket = "wss" if (public.scheme or scheme) == "https" else "ws"
    name = public.netloc or host
    connect = f"'self' {socket}://{name}" if _HOST.match(name) else "'self'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


def routes(static: Path) -> list[Route]:
    """The pages, and all their assets under `/static/`."""
    assets = Assets(static)

    def serve(request: Request, path: str) -> Response:
        asset = assets.get(path)
        response = cached_response(
            request, asset.content, etag=asset.etag, media_type=asset.media_type, cache_control="no-cache"
        )
        response.headers["Content-Security-Policy"] = page_csp(
            context_of(request).public_url, request.url.scheme, request.headers.get("host", "")
        )
        return response

    def page(name: str, check: Callable[[Request], None] = _anything) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            check(request)
            return serve(request, f"pages/{name}.html")

        return endpoint

    async def asset(request: Request) -> Response:
        return serve(request, request.path_params["path"])

    async def worker(request: Request) -> Response:
        # At the top, so that it may speak for every page.
        return serve(request, "worker/sw.js")

    # There is nothing in a page that is not public: it asks for the rest, and tells whoever may not have it.
    return [
        Route("/", page("index")),
        Route("/sw.js", worker),
        Route("/showtimes/{showtime_id}", page("showtime", _is_showtime)),
        Route("/showtimes/{showtime_id}/checkout", page("checkout", _is_showtime)),
        Route("/orders/{order_id}", page("order")),
        Route("/sandbox/pay", page("sandbox", _has_sandbox)),
        Route("/staff", page("staff")),
        Route("/staff/sign-in", page("staff-sign-in")),
        Route("/staff/orders", page("staff-orders")),
        Route("/staff/payments", page("staff-payments")),
        Route("/static/{path:path}", asset),
    ]


def _anything(_request: Request) -> None:
    """Every such path has its page."""


def _is_showtime(request: Request) -> None:
    try:
        msgspec.convert(request.path_params["showtime_id"], ShowtimeId)
    except msgspec.ValidationError as error:
        raise ProblemError(Code.NOT_FOUND) from error


def _has_sandbox(request: Request) -> None:
    if "sandbox" not in context_of(request).shop.gateways.by_name:
        raise ProblemError(Code.NOT_FOUND)
