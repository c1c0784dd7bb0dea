"""A browser's side of Web Push, for tests: its keys, and what it reads with them."""

from typing import Any

import http_ece  # type: ignore[import-untyped]  # the library has none
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.domain import base64url
from server.ports.push import PushSubscription


class PushBrowser:
    """A browser that subscribed at a push service under `endpoint`."""

    def __init__(self, endpoint: str, locale: str = "en") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = b"sixteen octets.."
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.subscription = PushSubscription(
            endpoint=endpoint, p256dh=base64url.encode(point), auth=base64url.encode(self._secret), locale=locale
        )

    def read(self, body: bytes) -> dict[str, Any]:
        """What was pushed, as the service worker gets it."""
        plain = http_ece.decrypt(body, private_key=self._key, auth_secret=self._secret, version="aes128gcm")
        told: dict[str, Any] = msgspec.json.decode(plain)
        return told


class Subscriptions:
    """A `PushSubscriptions` in memory."""

    def __init__(self, **of_holders: list[PushSubscription]) -> None:
        self.kept = {holder.replace("_", "-"): list(theirs) for holder, theirs in of_holders.items()}

    async def add(self, holder: str, subscription: PushSubscription) -> None:
        await self.remove(subscription.endpoint)
        self.kept.setdefault(holder, []).append(subscription)

    async def remove(self, endpoint: str, *, holder: str | None = None) -> None:
        for name, theirs in self.kept.items():
            if holder in {None, name}:
                theirs[:] = [kept for kept in theirs if kept.endpoint != endpoint]

    async def of_holder(self, holder: str) -> tuple[PushSubscription, ...]:
        return tuple(self.kept.get(holder, ()))
