"""A notifier over real servers: a mail server, an SMS provider, a push service and two browsers there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from server.notify.mail import SmtpMail
from server.notify.messages import MailWriter
from server.notify.notifier import CustomerNotifier, PushChannel
from server.notify.push import PushPolicy, WebPush
from server.notify.reminders import HoldReminders
from server.notify.sms import Esms
from server.ops.smtp import SmtpServer
from server.tickets.codes import TicketSigner
from tests.browsers import PushBrowser, Subscriptions
from tests.integration.notify.authority import Authority
from tests.integration.notify.far_end import FarEnd, far_end
from tests.integration.notify.mailbox import Mailbox, mail_server

NOW = 1_795_600_000_000
WRITER = MailWriter("tickets@tickets.example", "", TicketSigner(b"s" * 32), lambda: NOW)
ACCEPTED = (200, b'{"CodeResult": "100"}')
CREATED = (201, b"")


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The notifier, the far ends and what they got; `pauses` are the waits between tries, which nobody waited."""

    mailbox: Mailbox
    sms: FarEnd
    push: FarEnd
    browsers: list[PushBrowser]
    subscriptions: Subscriptions
    mail: SmtpMail
    notifier: CustomerNotifier
    reminders: HoldReminders
    pauses: list[float]


@asynccontextmanager
async def open_ways(
    authority: Authority,
    *,
    sms: tuple[tuple[int, bytes], ...] = (ACCEPTED,),
    push: tuple[int, bytes] = CREATED,
    subscriptions: Subscriptions | None = None,
) -> AsyncIterator[Ways]:
    """Ways whose far ends give these answers; both browsers are those of `holder-1`, and read Vietnamese."""
    async with (
        mail_server() as mailbox,
        far_end(*sms) as provider,
        far_end(push, authority=authority) as service,
        httpx.AsyncClient(timeout=20, verify=authority.client()) as client,
    ):
        browsers = [PushBrowser(f"{service.url}/{name}", "vi") for name in ("phone", "desk")]
        kept = subscriptions or Subscriptions()
        for browser in browsers:
            await kept.add("holder-1", browser.subscription)
        policy = PushPolicy((service.url.removeprefix("https://"),))
        channel = PushChannel(WebPush(client, policy, b"p" * 32, "mailto:a@b.vn", lambda: NOW), kept)
        mail = SmtpMail(SmtpServer(host="127.0.0.1", port=mailbox.port, security="plain"), timeout_ms=20_000)
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)

        notifier = CustomerNotifier(
            writer=WRITER,
            mail=mail,
            sms=Esms(client, provider.url, api_key="KEY", secret_key="SECRET", brand="CineBook"),
            push=channel,
            pause=pause,
        )
        yield Ways(
            mailbox=mailbox,
            sms=provider,
            push=service,
            browsers=browsers,
            subscriptions=kept,
            mail=mail,
            notifier=notifier,
            reminders=HoldReminders(channel, lambda: NOW),
            pauses=pauses,
        )
