"""How the business of payments goes, for staff."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from protocol.scalars import Duration, Integer, Milliseconds
from server.domain.staff import Role
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.responses import json_response


class PaymentsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How far to look back, from a minute to ninety days."""

    window_ms: Annotated[int, Meta(ge=60_000, le=90 * 86_400_000)] = 86_400_000


class GatewayFiguresAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts that were started in the window at one gateway, counted by their state.

    `success` is the part of those with an end whose money was taken; the times are from the start to the gateway's
    word that it was.
    """

    gateway: str
    attempts: dict[str, int]
    success: float | None
    confirm_p50_ms: Duration | None
    confirm_p95_ms: Duration | None


class MoneyFiguresAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The money of the window's orders: `captured` is the sum of the others, and `unexplained` must be 0."""

    currency: str
    captured: Integer
    kept: Integer
    refunded: Integer
    returning: Integer
    waiting: Integer
    unexplained: Integer


class PaymentsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was since `since`, and what is so now.

    `open_refunds` are not done, `failed_refunds` wait for a person; of `contradictions` the gateway said another end
    than staff had; `mismatches` were paid by another amount than
    asked; `unanswered` have no end an hour after their deadline; `reviews` wait for staff; `overdue` are open orders
    whose deadline has passed.
    """

    since: Milliseconds
    gateways: tuple[GatewayFiguresAnswer, ...]
    money: tuple[MoneyFiguresAnswer, ...]
    open_refunds: Integer
    oldest_refund_at: Milliseconds | None
    failed_refunds: Integer
    contradictions: Integer
    mismatches: Integer
    unanswered: Integer
    waiting_jobs: Integer
    dead_letters: Integer
    reviews: Integer
    overdue: Integer


async def get_payment_figures(call: Call[Nothing, PaymentsQuery]) -> Response:
    """Attempts by gateway and outcome, refunds that are open, and where the money is."""
    now = call.context.store.now()
    since = now - call.query.window_ms
    figures = await call.context.shop.monitoring.figures(since=since, now=now)
    # By their attributes, because what is unexplained is worked out.
    return json_response(msgspec.convert({"since": since, **_fields(figures)}, PaymentsAnswer, from_attributes=True))


def _fields(figures: msgspec.Struct) -> dict[str, object]:
    return {name: getattr(figures, name) for name in figures.__struct_fields__}


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/staff/payments",
        summary="How payments go",
        run=get_payment_figures,
        body=Nothing,
        query=PaymentsQuery,
        answer=PaymentsAnswer,
        staff=Role.BOX_OFFICE,
    ),
)
