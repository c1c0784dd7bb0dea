"""Answers about orders that are kept with their idempotency key, and sent word for word when it comes again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from starlette.responses import Response

from server.checkout.asking import Answered, BadGatewayError, Represent
from server.domain.orders import Order
from server.domain.showtimes import Showtime
from server.ports.orders import KeptAnswer
from server.web.idempotency import REPLAYED
from server.web.orders.representations import order_answer
from server.web.problems import ProblemError

_encode: Final = msgspec.json.Encoder().encode


def as_order(showtime: Showtime, *, status: int = 200) -> Represent:
    """Writes an order of this showtime as its customer is shown it."""

    def represent(order: Order) -> KeptAnswer:
        return KeptAnswer(status=status, body=_encode(order_answer(order, showtime)))

    return represent


def sent(answered: Answered) -> Response:
    """The answer, marked if it was given before."""
    kept = answered.kept
    headers = dict(REPLAYED) if answered.replayed else {}
    return Response(kept.body, status_code=kept.status, headers=headers, media_type="application/json")


@contextmanager
def naming_the_gateway() -> Iterator[None]:
    """A gateway that is none, or does not take the amount, is a fault of the field that names it."""
    try:
        yield
    except BadGatewayError as error:
        raise ProblemError.bad_request("gateway", str(error)) from error
