"""Receipts: signed proof of what a holder held, which outlives the loss of the seat store."""

import hashlib
import hmac
from typing import Final

import msgspec

from server.domain import base64url
from server.domain.errors import CineBookError
from server.domain.holds import Hold
from server.ports import Position

_PURPOSE: Final = b"cinebook seat receipt, version 2"
_MAC_SIZE: Final = 16
_FIELDS: Final = 5


class ReceiptError(CineBookError):
    """Not a receipt that was issued here for this holder and showtime; the message never repeats it."""

    def __init__(self) -> None:
        super().__init__("not a receipt for this holder and showtime")


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says: the holder's locks under a layout version, as they stood at a position.

    Seats in a checkout are not in it: their order is proof of them.
    """

    layout: int
    position: Position
    holds: tuple[Hold, ...]


class ReceiptSigner:
    """Issues and checks receipts; its key is derived from the secret for this purpose alone.

    A receipt is base64url text without padding of a 128-bit keyed BLAKE2b (RFC 7693) and the body. Holder and showtime
    are signed but not carried. The body is a row of numbers, each as the difference from the seat before in 7-bit
    groups, so that 50 seats stay within the contract's 2 KiB.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)

    def issue(self, holder: str, showtime: str, receipt: Receipt) -> str:
        """The receipt as opaque ASCII."""
        epoch = receipt.position.epoch.encode()
        body = bytearray()
        for number in (receipt.layout, receipt.position.version, len(epoch)):
            _append(body, number)
        body += epoch
        before = [0] * _FIELDS
        for hold in receipt.holds:
            if hold.order is not None:
                continue
            numbers = [hold.seat, hold.expires_at, hold.first_at, hold.ordinal, hold.fence]
            for number, last in zip(numbers, before, strict=True):
                _append(body, number - last)
            before = numbers
        mac = self._mac(holder, showtime, body)
        return base64url.encode(mac + body)

    def read(self, holder: str, showtime: str, text: str) -> Receipt:
        """What a receipt says; raises `ReceiptError` unless it was issued with this secret for holder and showtime."""
        try:
            raw = base64url.decode(text)
        except ValueError as error:
            raise ReceiptError from error
        mac, body = raw[:_MAC_SIZE], raw[_MAC_SIZE:]
        # The last letter has bits to spare: one receipt has one spelling.
        if base64url.encode(raw) != text or not hmac.compare_digest(mac, self._mac(holder, showtime, body)):
            raise ReceiptError
        return _parse(body)

    def _mac(self, holder: str, showtime: str, body: bytes | bytearray) -> bytes:
        named = b"".join(len(part).to_bytes(4, "big") + part for part in (holder.encode(), showtime.encode()))
        # Every answer has a receipt: this takes half of what an HMAC does.
        return hashlib.blake2b(named + body, key=self._key, digest_size=_MAC_SIZE).digest()


def _parse(body: bytes) -> Receipt:
    """The body that `issue` wrote; its signature was checked before."""
    layout, place = _number(body, 0)
    version, place = _number(body, place)
    size, place = _number(body, place)
    epoch = body[place : place + size].decode()
    place += size
    holds = []
    row = [0] * _FIELDS
    while place < len(body):
        for field in range(_FIELDS):
            difference, place = _number(body, place)
            row[field] += difference
        seat, expires_at, first_at, ordinal, fence = row
        holds.append(Hold(seat=seat, expires_at=expires_at, first_at=first_at, ordinal=ordinal, fence=fence))
    return Receipt(layout=layout, position=Position(epoch, version), holds=tuple(holds))


def _append(body: bytearray, number: int) -> None:
    """Zigzag, then groups of seven bits, the lowest first."""
    rest = 2 * number if number >= 0 else -2 * number - 1
    while rest > 0x7F:
        body.append(rest & 0x7F | 0x80)
        rest >>= 7
    body.append(rest)


def _number(body: bytes, place: int) -> tuple[int, int]:
    """The number at `place`, and the place after it."""
    value = shift = 0
    while body[place] & 0x80:
        value |= (body[place] & 0x7F) << shift
        shift += 7
        place += 1
    value |= body[place] << shift
    return (-(value + 1) // 2 if value & 1 else value // 2), place + 1
