"""The application: all routes over one context."""

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Lifespan

from server.web import (
    asyncapi,
    health,
    metrics,
    openapi,
    pages,
    payments,
    push,
    sandbox,
    seats,
    sessions,
    showtimes,
    tickets,
)
from server.web.context import Context
from server.web.endpoint import PREFIX, Endpoint
from server.web.metrics import Metered
from server.web.middleware import BodyLimit, Cors, Csrf, Envelope, SocketsFirst
from server.web.orders import checkout, orders
from server.web.problems import HANDLERS
from server.web.requests import MAX_BODY_BYTES
from server.web.staff import audit as staff_audit
from server.web.staff import history as staff_history
from server.web.staff import orders as staff_orders
from server.web.staff import outbox as staff_outbox
from server.web.staff import payments as staff_payments
from server.web.staff import search as staff_search
from server.web.staff import sessions as staff_sessions
from server.web.staff import traffic as staff_traffic

Application = Starlette
"""What `build_app` makes; those who only run it need not know the framework."""


def endpoints() -> tuple[Endpoint[Any, Any], ...]:
    """Every endpoint under `/api/v1`."""
    table = (
        *sessions.ENDPOINTS,
        *showtimes.ENDPOINTS,
        *seats.ENDPOINTS,
        *checkout.ENDPOINTS,
        *orders.ENDPOINTS,
        *payments.ENDPOINTS,
        *sandbox.ENDPOINTS,
        *staff_sessions.ENDPOINTS,
        *staff_audit.ENDPOINTS,
        *staff_orders.ENDPOINTS,
        *staff_search.ENDPOINTS,
        *staff_traffic.ENDPOINTS,
        *staff_outbox.ENDPOINTS,
        *staff_payments.ENDPOINTS,
        *staff_history.ENDPOINTS,
        *tickets.ENDPOINTS,
        *push.ENDPOINTS,
        *asyncapi.ENDPOINTS,
    )
    return (*table, openapi.endpoint(table))


def build_app(
    context: Context, *, sockets: ASGIApp | None = None, lifespan: Lifespan[Application] | None = None
) -> Application:
    """The application over `context`; `sockets` takes all WebSockets. Nothing connects here: `lifespan` may."""
    app = Starlette(
        routes=[
            *(endpoint.route() for endpoint in endpoints()),
            *health.routes(dict(context.probes), context.lifecycle),
            metrics.route(),
            *pages.routes(context.static),
        ],
        middleware=[
            *([Middleware(SocketsFirst, sockets=sockets)] if sockets else ()),
            Middleware(Metered),
            Middleware(Envelope),
            Middleware(Cors, origins=context.origins),
            Middleware(Csrf, origins=context.origins, exempt=PREFIX + payments.PATHS),
            Middleware(BodyLimit, max_bytes=MAX_BODY_BYTES),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.context = context
    return app
