"""Ticket codes: what a QR code says, signed so that a device at the door needs the public key and nothing else."""

import base64
import binascii
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.domain import base64url
from server.domain.errors import CineBookError

VERSION: Final = 1
_SIGNATURE: Final = 64
_TIME: Final = 6
_MAX_CODE: Final = 1024


class TicketCodeError(CineBookError):
    """Not a ticket code that was signed with this key; the message never repeats it."""

    def __init__(self) -> None:
        super().__init__("not a ticket of this house")


class TicketCode(msgspec.Struct, frozen=True, kw_only=True):
    """What a code vouches for: this order bought this seat of the showtime that starts at `starts_at` (ms).

    It was so when the code was issued: a later refund is known to the server alone.
    """

    order: str
    showtime: str
    seat: str
    starts_at: int


class TicketSigner:
    """Issues ticket codes; `seed` is a key of 32 bytes derived for tickets alone.

    A code is Base32 (RFC 4648) without padding of: the version byte, the start in six bytes, three texts each after
    its length in one byte, and the Ed25519 signature (RFC 8032) of all that. Base32, because a QR code packs capital
    letters and digits into 5.5 bits each. Signing is deterministic: the same ticket has the same code for ever.
    """

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> bytes:
        """The key that `verify` needs: 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def public_key_jwk(self) -> dict[str, Any]:
        """The same as a JSON Web Key (RFC 8037), for devices to fetch beforehand."""
        x = base64url.encode(self.public_key)
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "x": x}

    def issue(self, ticket: TicketCode) -> str:
        """The code of a ticket; its ids are at most 255 bytes each."""
        body = bytearray([VERSION])
        body += ticket.starts_at.to_bytes(_TIME, "big")
        for text in (ticket.order, ticket.showtime, ticket.seat):
            encoded = text.encode()
            body.append(len(encoded))
            body += encoded
        return _text(bytes(body) + self._key.sign(bytes(body)))


def verify(public_key: bytes, code: str) -> TicketCode:
    """What a code vouches for; raises `TicketCodeError` unless it was signed with the private half of `public_key`."""
    raw = _raw(code)
    body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
    except InvalidSignature as error:
        raise TicketCodeError from error
    if body[0] != VERSION:
        raise TicketCodeError
    place = 1 + _TIME
    texts = []
    for _ in range(3):
        end = place + 1 + body[place]
        texts.append(body[place + 1 : end].decode())
        place = end
    order, showtime, seat = texts
    return TicketCode(order=order, showtime=showtime, seat=seat, starts_at=int.from_bytes(body[1 : 1 + _TIME], "big"))


def _raw(code: str) -> bytes:
    if len(code) > _MAX_CODE:
        raise TicketCodeError
    try:
        raw = base64.b32decode(code.encode("ascii") + b"=" * (-len(code) % 8))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise TicketCodeError from error
    # The last letter has bits to spare: one ticket has one spelling.
    if len(raw) <= _SIGNATURE or _text(raw) != code:
        raise TicketCodeError
    return raw


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).rstrip(b"=").decode()
