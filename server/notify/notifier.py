"""The one notifier: every notice by mail, and beside it by SMS and push where the customer has them."""

import asyncio
import contextlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from server.domain.errors import DeliveryError, UnavailableError
from server.notify.content import content_of
from server.notify.formats import ascii_only
from server.notify.mail import MailSender
from server.notify.messages import MailWriter, message_name
from server.notify.push import PushNote, SubscriptionGoneError, WebPush
from server.notify.sms import SmsProvider
from server.ops.metrics import NOTICES
from server.ports.notices import Notice
from server.ports.push import PushSubscription, PushSubscriptions
from server.tickets.links import order_path

PAUSES_S: Final = (1.0, 4.0)
"""Waits between the three tries of what is sent beside the mail."""

_PHONE: Final = re.compile(r"\+[1-9][0-9]{7,14}")
"""As orders keep numbers; each message costs money, and to anything else none is sent."""

_REMEMBERED: Final = 10_000
_TTL_S: Final = 24 * 3600

log = structlog.get_logger(__name__)


class PushChannel:
    """Sends a note to every browser of a holder, and forgets those that have unsubscribed."""

    def __init__(self, push: WebPush, subscriptions: PushSubscriptions) -> None:
        self._push = push
        self._subscriptions = subscriptions

    async def of_holder(self, holder: str) -> tuple[PushSubscription, ...]:
        """The holder's browsers; none where the database does not say."""
        try:
            return await self._subscriptions.of_holder(holder)
        except UnavailableError:
            NOTICES.labels("push", "failed").inc()
            return ()

    async def send(self, subscription: PushSubscription, note: PushNote, *, ttl_s: int, urgent: bool = False) -> None:
        """Send it; a subscription that is gone is removed. Raises `DeliveryError`."""
        try:
            await self._push.send(subscription, note, ttl_s=ttl_s, urgent=urgent)
        except SubscriptionGoneError:
            # If the database is away too, the next push finds it gone again.
            with contextlib.suppress(UnavailableError):
                await self._subscriptions.remove(subscription.endpoint)
            raise


class CustomerNotifier:
    """A `Notifier`. The mail alone decides whether a notice is sent again; a way that fails stops no other.

    SMS and push get three tries each time. What they have delivered is remembered for as long as the process lives, so
    that a mail which needs many tries does not bring them again; from another process eSMS knows an SMS by its key, and
    a push replaces the earlier one. `pause` waits for so many seconds.
    """

    def __init__(
        self,
        *,
        writer: MailWriter,
        mail: MailSender,
        sms: SmsProvider | None = None,
        push: PushChannel | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._writer = writer
        self._mail = mail
        self._sms = sms
        self._push = push
        self._pause = pause
        self._delivered: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def send(self, notice: Notice) -> None:
        """Send it by every way at once. Raises the mail's `DeliveryError`, after the other ways have ended."""
        beside = asyncio.gather(self._send_sms(notice), self._send_push(notice))
        try:
            await self._send_mail(notice)
        finally:
            await beside

    async def _send_mail(self, notice: Notice) -> None:
        if ("mail", notice.key) in self._delivered:
            return
        try:
            # Drawing the codes takes tens of milliseconds, which the sockets of this worker should not wait for.
            message = await asyncio.to_thread(self._writer.write, notice)
            await self._mail.send(message, message_name(notice))
        except DeliveryError as error:
            NOTICES.labels("mail", "refused" if error.permanent else "failed").inc()
            raise
        self._remember("mail", notice.key)

    async def _send_sms(self, notice: Notice) -> None:
        phone = notice.order.customer.phone
        provider = self._sms
        if provider is None or phone is None or not _PHONE.fullmatch(phone):
            return
        content = content_of(notice)
        text = f"{ascii_only(content.sms)} {content.url}"
        await self._beside("sms", notice.key, notice.key, lambda: provider.send(phone, text, notice.key))

    async def _send_push(self, notice: Notice) -> None:
        channel = self._push
        if channel is None:
            return
        content = content_of(notice)
        note = PushNote(
            title=content.heading,
            body=content.push,
            url=order_path(notice.order.id),  # the browser has the session that bought: no key is needed
            tag=f"order {notice.order.id}",
            lang=content.locale,
        )

        async def to(subscription: PushSubscription) -> None:
            await self._beside(
                "push",
                notice.key,
                f"{notice.key} {subscription.endpoint}",
                lambda: channel.send(subscription, note, ttl_s=_TTL_S),
            )

        await asyncio.gather(*map(to, await channel.of_holder(notice.order.holder)))

    async def _beside(self, way: str, notice: str, once: str, action: Callable[[], Awaitable[None]]) -> None:
        """Try up to three times; whatever happens, the notice's other ways go on."""
        if (way, once) in self._delivered:
            return
        for pause in (*PAUSES_S, None):
            try:
                await action()
            except DeliveryError as error:
                if error.permanent or pause is None:
                    NOTICES.labels(way, "refused" if error.permanent else "failed").inc()
                    log.info("notice not delivered", way=way, notice=notice, reason=str(error))
                    return
                await self._pause(pause)
            except Exception as error:  # noqa: BLE001 - the boundary: a fault in one way must not stop the mail
                NOTICES.labels(way, "failed").inc()
                kind = type(error).__name__  # alone: what the error holds may be a phone number
                log.error("notice failed", way=way, notice=notice, error=kind)  # noqa: TRY400 - for the same reason
                return
            else:
                self._remember(way, once)
                return

    def _remember(self, way: str, once: str) -> None:
        NOTICES.labels(way, "sent").inc()
        self._delivered[way, once] = None
        if len(self._delivered) > _REMEMBERED:
            self._delivered.popitem(last=False)
