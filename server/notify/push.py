"""Web Push (RFC 8030): encrypted for the browser (RFC 8291), signed as coming from us (VAPID, RFC 8292)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import http_ece  # type: ignore[import-untyped]  # the library has none
import httpx
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from server.domain import base64url
from server.domain.errors import DeliveryError
from server.notify.posting import post
from server.ports.push import PushSubscription, PushSubscriptions

_LIFE_S: Final = 12 * 3600
_MAX_ENDPOINT: Final = 1024
_KEY_BYTES: Final = 65
_AUTH_BYTES: Final = 16
_GONE: Final = frozenset({404, 410})
_PASSING: Final = frozenset({408, 425, 429})


class PushNote(msgspec.Struct, frozen=True, kw_only=True):
    """What the service worker shows: `url` is a path of this site; a note replaces the one of its `tag`."""

    title: str
    body: str
    url: str
    tag: str
    lang: str


class SubscriptionGoneError(DeliveryError):
    """The browser has unsubscribed: its subscription is of no use any more."""

    def __init__(self) -> None:
        super().__init__("push: gone", permanent=True)


class PushPolicy:
    """Which subscriptions are accepted: only of listed push services, so that nobody points us at other servers.

    A host is a name, with a port where that is not 443; `.name` stands for all hosts below it.
    """

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self._hosts = tuple(host.lower() for host in hosts)

    def fault(self, subscription: PushSubscription) -> str | None:
        """The name of the field that is wrong, or None."""
        if not self._is_listed(subscription.endpoint):
            return "endpoint"
        if not _is_key(subscription.p256dh):
            return "keys.p256dh"
        return None if _size(subscription.auth) == _AUTH_BYTES else "keys.auth"

    def _is_listed(self, endpoint: str) -> bool:
        if len(endpoint) > _MAX_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
            return False
        try:
            parts = urlsplit(endpoint)
            port = parts.port
        except ValueError:
            return False
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or "\\" in endpoint or parts.fragment:
            return False
        name = parts.hostname if port in {None, 443} else f"{parts.hostname}:{port}"
        return any(name == host or (host.startswith(".") and name.endswith(host)) for host in self._hosts)


@dataclass(frozen=True, kw_only=True)
class PushDesk:
    """Where browsers subscribe: what they need to know, which are accepted, and who keeps them."""

    public_key: str
    policy: PushPolicy
    subscriptions: PushSubscriptions


class WebPush:
    """Sends notes; `seed` is a key of 32 bytes derived for push alone, `contact` a `mailto:` or https address.

    `clock` returns milliseconds since the Unix epoch.
    """

    def __init__(
        self, client: httpx.AsyncClient, policy: PushPolicy, seed: bytes, contact: str, clock: Callable[[], int]
    ) -> None:
        self._client = client
        self._policy = policy
        self._contact = contact
        self._clock = clock
        private = ec.derive_private_key(int.from_bytes(seed, "big"), ec.SECP256R1())
        self._key = ECKey.import_key(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.public_key: Final = base64url.encode(
            private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        )
        """What browsers need to subscribe: the `applicationServerKey`."""

    async def send(self, subscription: PushSubscription, note: PushNote, *, ttl_s: int, urgent: bool = False) -> None:
        """Hand a note to the browser's push service, which keeps it for `ttl_s`, the newest of its tag alone.

        Raises `SubscriptionGoneError`, or `DeliveryError`.
        """
        if self._policy.fault(subscription) is not None:
            raise SubscriptionGoneError  # the list of push services has changed since
        body = http_ece.encrypt(
            msgspec.json.encode(note),
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=base64url.decode(subscription.p256dh),
            auth_secret=base64url.decode(subscription.auth),
            version="aes128gcm",
        )
        headers = {
            "TTL": str(max(0, ttl_s)),
            "Urgency": "high" if urgent else "normal",
            "Topic": base64url.encode(hashlib.sha256(note.tag.encode()).digest()[:24]),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": f"vapid t={self._token(subscription.endpoint)}, k={self.public_key}",
        }
        try:
            # A redirect would lead past the list of hosts.
            answer = await post(self._client, subscription.endpoint, content=body, headers=headers)
        except httpx.HTTPError as error:
            # Without its cause: the library's error holds the address.
            raise DeliveryError(f"push: {type(error).__name__}") from None
        status = answer.status_code
        if status in _GONE:
            raise SubscriptionGoneError
        if not answer.is_success:
            raise DeliveryError(f"push: status {status}", permanent=status < 500 and status not in _PASSING)

    def _token(self, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"https://{parts.netloc}",
            "exp": self._clock() // 1000 + _LIFE_S,
            "sub": self._contact,
        }
        return jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._key)


def _is_key(text: str) -> bool:
    """Whether this is a point on the curve, uncompressed."""
    if _size(text) != _KEY_BYTES:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64url.decode(text))
    except ValueError:
        return False
    return True


def _size(text: str) -> int:
    """How many bytes a text says; -1 if it says none."""
    try:
        return len(base64url.decode(text))
    except ValueError:
        return -1
