"""A push to people who chose seats and looked away: their hold ends in a minute."""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from server.domain.errors import DeliveryError
from server.domain.showtimes import Showtime
from server.notify.formats import locale_of, one_line
from server.notify.notifier import PushChannel
from server.notify.push import PushNote
from server.notify.words import REMINDERS
from server.ops.metrics import NOTICES
from server.ports.push import PushSubscription

_MAX_TTL_S: Final = 120


class HoldReminders:
    """Reminds holders by push; tried once each, because a minute later nobody needs it. `clock` as everywhere: ms."""

    def __init__(self, push: PushChannel, clock: Callable[[], int]) -> None:
        self._push = push
        self._clock = clock

    async def remind(self, holder: str, showtime: Showtime, seats: tuple[str, ...], expires_at: int) -> None:
        """Tell a holder's browsers that these seats (printed ids) are kept until `expires_at` (ms) and no longer.

        The push services drop what they could not deliver by then. Never raises: a reminder is a courtesy.
        """
        ttl_s = min(_MAX_TTL_S, (expires_at - self._clock()) // 1000)
        if ttl_s <= 0:
            return

        async def to(subscription: PushSubscription) -> None:
            locale = locale_of(subscription.locale)
            title, body = REMINDERS[locale]
            note = PushNote(
                title=title,
                body=body.format(film=one_line(showtime.film.title), seats=", ".join(seats)),
                url=f"/showtimes/{quote(showtime.id, safe='')}",
                tag=f"hold {showtime.id}",
                lang=locale,
            )
            try:
                await self._push.send(subscription, note, ttl_s=ttl_s, urgent=True)
            except DeliveryError as error:
                NOTICES.labels("push", "refused" if error.permanent else "failed").inc()
            else:
                NOTICES.labels("push", "sent").inc()

        await asyncio.gather(*map(to, await self._push.of_holder(holder)))
