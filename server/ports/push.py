"""Browsers that asked to be told things, also when no page of ours is open (Web Push)."""

from typing import Final, Protocol

import msgspec

MAX_SUBSCRIPTIONS: Final = 5
"""Of one holder: more browsers than a guest's session is ever in."""


class PushSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """Where a browser is reached: its push service's URL and its keys (RFC 8291), base64url without padding.

    `locale` (`vi` or `en`) is the language of what it is sent. The URL is a secret of the browser: never logged.
    """

    endpoint: str
    p256dh: str
    auth: str
    locale: str


class PushSubscriptions(Protocol):
    """The subscriptions of each holder. Any method may raise `UnavailableError`."""

    async def add(self, holder: str, subscription: PushSubscription) -> None:
        """Keep it, in place of what was kept under its endpoint, whoever's that was: the browser has a new session.

        A holder's oldest beyond `MAX_SUBSCRIPTIONS` are forgotten.
        """
        ...

    async def remove(self, endpoint: str, *, holder: str | None = None) -> None:
        """Forget the endpoint; with `holder` only if it is that holder's. No such endpoint: nothing happens."""
        ...

    async def of_holder(self, holder: str) -> tuple[PushSubscription, ...]:
        """A holder's subscriptions, oldest first."""
        ...
