"""One method of one path of `/api/v1`: what it takes, what it answers, and the code that does it.

The same table makes the routes and the published contract, so the two cannot differ.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol.codes import Code
from server.domain.holds import Holder
from server.domain.staff import Actor, Role, StaffMember, StaffSession
from server.ops.addresses import client_address
from server.web.context import Context, context_of
from server.web.problems import ProblemError, request_id
from server.web.requests import read_body, read_query

PREFIX: Final = "/api/v1"

B = TypeVar("B")
Q = TypeVar("Q")


class Nothing(msgspec.Struct, frozen=True):
    """No body, or no parameters: whatever is sent is ignored."""


@dataclass(frozen=True, kw_only=True)
class Call(Generic[B, Q]):
    """One request to an endpoint, its body and query decoded and checked."""

    request: Request
    context: Context
    body: B
    query: Q
    signed_in: StaffSession | None = None

    def holder(self) -> Holder | None:
        """Who asks, or None; raises `TokenError` for a bad Bearer. Asked for after all that may be a `bad_request`."""
        return self.context.sessions.holder_from_headers(self.request.headers)

    def owner(self) -> Holder:
        """Who asks; without a holder the request ends with `unauthenticated`."""
        holder = self.holder()
        if holder is None:
            raise ProblemError(Code.UNAUTHENTICATED)
        return holder

    def client_ip(self) -> str | None:
        """The address that the request comes from, behind the proxies that are trusted; None where it has none."""
        peer = self.request.client
        forwarded = self.request.headers.getlist("x-forwarded-for")
        return client_address(None if peer is None else peer.host, forwarded, self.context.trusted_proxies)

    def staff(self) -> StaffMember:
        """The member of staff who asks, with the role that the endpoint's `staff` needs; nobody elsewhere."""
        if self.signed_in is None:
            raise ProblemError(Code.UNAUTHENTICATED)
        return self.signed_in.member

    def actor(self) -> Actor:
        """The member of staff who asks, as the audit names them."""
        return Actor(id=self.staff().id, request=request_id(self.request))

    def showtime_id(self) -> str:
        """The id in the path, whatever it looks like: the catalogue knows which there are."""
        showtime: str = self.request.path_params["showtime_id"]
        return showtime

    def part(self, name: str, kind: Any) -> Any:
        """A part of the path as a `kind`; one that cannot be that names nothing: `not_found`."""
        try:
            return msgspec.convert(self.request.path_params[name], kind, strict=False)
        except msgspec.ValidationError as error:
            raise ProblemError(Code.NOT_FOUND) from error


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[B, Q]):
    """What stands in the route table and in the published contract.

    `path` is below `PREFIX`; `holder` says whether a request needs one, changes with one, or does not look; `codes`
    are those of its own, beside the ones that every endpoint of its kind has (`all_codes`);
    `conditional` means that it may answer 304; `idempotent` that it takes `Idempotency-Key` (`server.web.idempotency`);
    `order_token` that an order's token does as well as being its holder; `gateway` that a payment gateway asks, which
    is sent what it wants to hear: nothing of the answer but its status is published.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    run: Callable[[Call[B, Q]], Awaitable[Response]]
    body: type[B]
    query: type[Q]
    answer: type
    status: int = 200
    holder: Literal["required", "optional", "unused"] = "unused"
    staff: Role | None = None
    codes: tuple[Code, ...] = ()
    conditional: bool = False
    idempotent: bool = False
    order_token: bool = False
    gateway: bool = False

    @property
    def name(self) -> str:
        """Unique in the table: the function's name."""
        return self.run.__name__

    @property
    def takes_body(self) -> bool:
        """Whether a body is read."""
        return not issubclass(self.body, Nothing)

    def all_codes(self) -> tuple[Code, ...]:
        """Every code that a request may get here."""
        codes = list(self.codes)
        if self.gateway:
            return (*codes, Code.TOO_LARGE, Code.NOT_FOUND, Code.INTERNAL)
        if self.method != "GET":
            codes += [Code.FORBIDDEN, Code.TOO_LARGE]
        if self.takes_body:
            codes += [Code.MALFORMED, Code.UNSUPPORTED_MEDIA_TYPE]
        if self.takes_body or not issubclass(self.query, Nothing):
            codes.append(Code.BAD_REQUEST)
        if self.idempotent:
            codes += [Code.BAD_REQUEST, Code.IDEMPOTENCY_MISMATCH]
        if self.holder != "unused":
            codes.append(Code.UNAUTHENTICATED)
        if self.staff is not None:
            codes += [Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.UNAVAILABLE]
        if "{" in self.path:
            codes += [Code.NOT_FOUND, Code.UNAVAILABLE]
        codes.append(Code.INTERNAL)
        return tuple(dict.fromkeys(codes))

    def route(self) -> Route:
        """The route that decodes a request and runs it."""

        async def endpoint(request: Request) -> Response:
            body = await read_body(request, self.body) if self.takes_body else self.body()
            query = read_query(request, self.query)
            context = context_of(request)
            signed_in = None if self.staff is None else await _signed_in(request, context, self.staff)
            return await self.run(Call(request=request, context=context, body=body, query=query, signed_in=signed_in))

        return Route(PREFIX + self.path, endpoint, methods=[self.method], name=self.name)


async def _signed_in(request: Request, context: Context, needed: Role) -> StaffSession:
    session = await context.staff.session_from_headers(request.headers)
    if session is None:
        raise ProblemError(Code.UNAUTHENTICATED)
    if not session.member.role.covers(needed):
        raise ProblemError(Code.FORBIDDEN)
    return session
