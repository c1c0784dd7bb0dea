"""What devices at the door fetch beforehand: the key that ticket codes are verified with, offline from then on."""

from typing import Literal

import msgspec
from starlette.responses import Response

from server.web.endpoint import Call, Endpoint, Nothing
from server.web.responses import json_response


class TicketKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as a JSON Web Key (RFC 8037); `x` is 32 bytes in base64url without padding."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    use: Literal["sig"]
    alg: Literal["EdDSA"]
    x: str


async def get_ticket_key(call: Call[Nothing, Nothing]) -> Response:
    """The same for as long as the installation's secret is."""
    return json_response(msgspec.convert(call.context.shop.signer.public_key_jwk(), TicketKey))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/tickets/key",
        summary="The key to verify ticket codes with",
        run=get_ticket_key,
        body=Nothing,
        query=Nothing,
        answer=TicketKey,
    ),
)
