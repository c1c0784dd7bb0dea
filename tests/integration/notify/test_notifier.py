"""All ways together: none stops or repeats another, and only the mail decides whether a notice is sent again."""

import asyncio
import json
from email.message import EmailMessage

import pytest
import structlog

from protocol.codes import Outcome
from server.domain.errors import DeliveryError, UnavailableError
from server.domain.orders import NoticeKind
from server.notify.notifier import CustomerNotifier
from server.ports.push import PushSubscription
from tests.browsers import Subscriptions
from tests.integration.notify.authority import Authority
from tests.integration.notify.ways import ACCEPTED, NOW, WRITER, open_ways
from tests.notices import SHOWTIME, make_customer, make_notice, make_order

BUSY = (503, b"")
NOTICE = make_notice()
HOLDER = NOTICE.order.holder


class Broken:
    """Fails as only a defect does."""

    async def send(self, *_what: object) -> None:
        raise RuntimeError("lan@example.vn 0912345678")


class Away(Subscriptions):
    """Says nothing of anybody's."""

    async def of_holder(self, holder: str) -> tuple[PushSubscription, ...]:
        raise UnavailableError(Outcome.NONE)


async def test_a_notice_goes_every_way(authority: Authority) -> None:
    """Mail, SMS with the link, and a push to each browser with none: it has the session that bought."""
    async with open_ways(authority) as ways:
        await ways.notifier.send(NOTICE)
    assert len(ways.mailbox.mails) == 1
    (sms,) = ways.sms.got
    text = json.loads(sms.body)["Content"]
    assert text == f"Ve Mua Sen Tren Mai Pho, 20:45 26/11, ghe F7, F8. Xem ve: {NOTICE.order_url}"
    assert {got.path for got in ways.push.got} == {"/phone", "/desk"}
    for got in ways.push.got:
        browser = next(browser for browser in ways.browsers if browser.subscription.endpoint.endswith(got.path))
        told = browser.read(got.body)
        assert told["url"] == f"/orders/{NOTICE.order.id}"
        assert "token" not in str(told)
        assert "F7, F8" in told["body"]


async def test_a_mail_that_fails_is_repeated_alone(authority: Authority) -> None:
    """SMS and push have gone out by then, and do not again; the mail goes out once it can."""
    async with open_ways(authority) as ways:
        ways.mailbox.data = "451 later"
        for _ in range(2):
            with pytest.raises(DeliveryError) as caught:
                await ways.notifier.send(NOTICE)
            assert not caught.value.permanent
        ways.mailbox.data = "250 OK"
        await ways.notifier.send(NOTICE)
    assert (len(ways.mailbox.mails), len(ways.sms.got), len(ways.push.got)) == (1, 1, 2)


async def test_an_address_that_is_none_stops_no_other_way(authority: Authority) -> None:
    """The customer still hears of it by phone."""
    notice = make_notice(order=make_order(customer=make_customer(email="nobody")))
    async with open_ways(authority) as ways:
        with pytest.raises(DeliveryError) as caught:
            await ways.notifier.send(notice)
    assert caught.value.permanent
    assert (len(ways.sms.got), len(ways.push.got)) == (1, 2)


async def test_what_goes_beside_the_mail_is_tried_three_times(authority: Authority) -> None:
    """Then given up: the notice counts as sent, by the mail."""
    async with open_ways(authority, sms=(BUSY,), push=BUSY) as ways:
        await ways.notifier.send(NOTICE)
    assert len(ways.mailbox.mails) == 1
    assert (len(ways.sms.got), len(ways.push.got)) == (3, 6)
    assert sorted(ways.pauses) == [1, 1, 1, 4, 4, 4]


async def test_a_second_try_may_succeed(authority: Authority) -> None:
    """A busy moment costs nobody a message; the provider sees that it is the same one."""
    async with open_ways(authority, sms=(BUSY, ACCEPTED)) as ways:
        await ways.notifier.send(NOTICE)
    first, second = ways.sms.got
    assert first.body == second.body
    assert len(ways.mailbox.mails) == 1


async def test_a_refusal_for_good_is_not_tried_again(authority: Authority) -> None:
    """A blocked number stays blocked."""
    async with open_ways(authority, sms=((200, b'{"CodeResult": "99"}'),), push=(400, b"")) as ways:
        await ways.notifier.send(NOTICE)
    assert (len(ways.sms.got), len(ways.push.got), ways.pauses) == (1, 2, [])


async def test_browsers_that_are_gone_are_forgotten(authority: Authority) -> None:
    """And so not asked again."""
    async with open_ways(authority, push=(410, b"")) as ways:
        await ways.notifier.send(NOTICE)
        await ways.notifier.send(make_notice(NoticeKind.REVIEW))
    assert await ways.subscriptions.of_holder(HOLDER) == ()
    assert len(ways.push.got) == 2


async def test_a_browser_is_gone_though_it_cannot_be_forgotten(authority: Authority) -> None:
    """A database that is away fails neither the notice nor a reminder."""

    class ReadOnly(Subscriptions):
        async def add(self, holder: str, subscription: PushSubscription) -> None:
            self.kept.setdefault(holder, []).append(subscription)

        async def remove(self, endpoint: str, *, holder: str | None = None) -> None:
            raise UnavailableError(Outcome.NONE)

    async with open_ways(authority, push=(410, b""), subscriptions=ReadOnly()) as ways:
        await ways.notifier.send(NOTICE)
        await ways.reminders.remind(HOLDER, SHOWTIME, ("F7",), NOW + 60_000)
    assert len(ways.mailbox.mails) == 1


async def test_nothing_personal_is_logged(authority: Authority) -> None:
    """Not of what failed either: the notice and the kind of failure."""
    async with open_ways(authority, sms=(BUSY,), push=BUSY) as ways:
        with structlog.testing.capture_logs() as logs:
            await ways.notifier.send(NOTICE)
    told = {(line["way"], line["reason"]) for line in logs}
    assert told == {("sms", "sms: status 503"), ("push", "push: status 503")}
    for secret in ("912345678", "lan@", "Lan", "/phone", "token", HOLDER, "SECRET"):
        assert secret not in str(logs)


async def test_a_defect_beside_the_mail_does_not_stop_it(authority: Authority) -> None:
    """It is logged by its kind: its words may be anybody's."""
    async with open_ways(authority) as ways:
        with structlog.testing.capture_logs() as logs:
            await CustomerNotifier(writer=WRITER, mail=ways.mail, sms=Broken()).send(NOTICE)
    assert len(ways.mailbox.mails) == 1
    assert [(line["error"], line["log_level"]) for line in logs] == [("RuntimeError", "error")]
    assert "912345678" not in str(logs)


async def test_a_defect_of_the_mail_is_the_callers_to_see() -> None:
    """After the other ways have ended: nothing is left running."""
    ended = []

    class Late:
        async def send(self, *_what: object) -> None:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(RuntimeError):
        await CustomerNotifier(writer=WRITER, mail=Broken(), sms=Late()).send(NOTICE)
    assert ended == [True]


async def test_customers_without_a_phone_get_no_sms(authority: Authority) -> None:
    """Nor do those with something else in its place."""
    async with open_ways(authority) as ways:
        for phone in (None, "none"):
            order = make_order(id=f"order-{phone}", customer=make_customer(phone=phone))
            await ways.notifier.send(make_notice(order=order))
    assert (len(ways.mailbox.mails), len(ways.sms.got)) == (2, 0)


async def test_a_database_that_does_not_answer_costs_the_push_alone(authority: Authority) -> None:
    """The mail goes out all the same."""
    async with open_ways(authority, subscriptions=Away()) as ways:
        await ways.notifier.send(NOTICE)
        await ways.reminders.remind(HOLDER, SHOWTIME, ("F7",), NOW + 60_000)
    assert (len(ways.mailbox.mails), len(ways.push.got)) == (1, 0)


async def test_a_reminder_reaches_the_holders_browsers(authority: Authority) -> None:
    """In their language, for as long as it is of use, in a hurry; not when the time is up, and nobody else's."""
    async with open_ways(authority) as ways:
        await ways.reminders.remind(HOLDER, SHOWTIME, ("F7", "F8"), NOW + 60_000)
        await ways.reminders.remind("somebody else", SHOWTIME, ("F7",), NOW + 60_000)
        await ways.reminders.remind(HOLDER, SHOWTIME, ("F7",), NOW)
    assert len(ways.push.got) == 2
    (got,) = (got for got in ways.push.got if got.path == "/phone")
    told = ways.browsers[0].read(got.body)
    assert told["body"] == "Mùa Sen Trên Mái Phố: ghế F7, F8 chỉ còn được giữ khoảng một phút."
    assert told["url"] == f"/showtimes/{SHOWTIME.id}"
    assert (got.headers["ttl"], got.headers["urgency"]) == ("60", "high")


async def test_a_reminder_that_fails_is_nobodys_trouble(authority: Authority) -> None:
    """Tried once: in a minute it is of no use."""
    async with open_ways(authority, push=BUSY) as ways:
        await ways.reminders.remind(HOLDER, SHOWTIME, ("F7",), NOW + 60_000)
    assert len(ways.push.got) == 2


async def test_ways_do_not_wait_for_each_other() -> None:
    """A provider that takes its time holds no mail back."""
    arrived = asyncio.Event()

    class Slow:
        async def send(self, *_what: object) -> None:
            await arrived.wait()

    class Prompt:
        async def send(self, _message: EmailMessage, _name: str) -> None:
            arrived.set()

    async with asyncio.timeout(30):
        await CustomerNotifier(writer=WRITER, mail=Prompt(), sms=Slow()).send(NOTICE)
