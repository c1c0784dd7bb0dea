"""Mails to a real mail server, and into the folder where there is none."""

from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from server.domain.errors import DeliveryError
from server.notify.mail import FileMail, SmtpMail, mail_sender
from server.notify.messages import MailWriter, message_name
from server.ops.smtp import Security, SmtpServer
from server.tickets.codes import TicketSigner
from tests.integration.notify.authority import Authority
from tests.integration.notify.mailbox import PASSWORD, USER, Mailbox, mail_server, silent_server
from tests.notices import make_customer, make_notice, make_order

WRITER = MailWriter("tickets@tickets.example", "", TicketSigner(b"s" * 32), lambda: 1_795_600_000_000)
NOTICE = make_notice()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A server without encryption."""
    async with mail_server() as opened:
        yield opened


def sender(port: int, security: Security = "plain", *, authority: Authority | None = None, **more: str) -> SmtpMail:
    """One for the server on this port."""
    server = SmtpServer(host="localhost", port=port, security=security, **more)
    return SmtpMail(server, timeout_ms=20_000, tls=None if authority is None else authority.client())


async def send(mail: SmtpMail, message: EmailMessage | None = None) -> None:
    """Send one mail."""
    await mail.send(message or WRITER.write(NOTICE), message_name(NOTICE))


async def failure(mail: SmtpMail, message: EmailMessage | None = None) -> tuple[str, bool]:
    """What a mail that is not delivered fails by, and whether for good."""
    with pytest.raises(DeliveryError) as caught:
        await send(mail, message)
    assert "lan@" not in str(caught.value)
    return str(caught.value), caught.value.permanent


async def test_a_mail_arrives_whole(mailbox: Mailbox) -> None:
    """To the one address, from ours, with both texts, the pictures and the calendar entry, letter for letter."""
    await send(sender(mailbox.port))
    (mail,) = mailbox.mails
    assert mailbox.envelopes == [("tickets@tickets.example", ["lan@example.vn"])]
    assert mail["Subject"] == "Vé của bạn: Mùa Sen Trên Mái Phố"
    sent = message_from_bytes(WRITER.write(NOTICE).as_bytes(), policy=default)
    parts = [(part.get_content_type(), part.get_payload(decode=True)) for part in mail.walk()]
    assert [kind for kind, _ in parts] == [part.get_content_type() for part in sent.walk()]
    for kind, content in parts:
        if kind == "text/html":
            assert isinstance(content, bytes)
            assert "Chúc bạn xem phim vui vẻ!" in content.decode()
    assert sum(kind == "image/png" for kind, _ in parts) == 2
    assert not [part.defects for part in mail.walk() if part.defects]


@pytest.mark.parametrize("stage", ["rcpt", "data"])
@pytest.mark.parametrize(("answer", "permanent"), [("550 no such user", True), ("451 later", False)])
async def test_a_refusal_lasts_as_long_as_the_server_says(
    mailbox: Mailbox, stage: str, answer: str, permanent: bool
) -> None:
    """5xx for good, 4xx for now, of the address and of the mail alike; the server's words are not passed on."""
    setattr(mailbox, stage, answer)
    assert await failure(sender(mailbox.port)) == (f"mail: refused with {answer[:3]}", permanent)
    assert mailbox.mails == []


async def test_a_silent_server_is_given_up() -> None:
    """For now; the caller gets its turn back."""
    async with silent_server() as port:
        mail = SmtpMail(SmtpServer(host="127.0.0.1", port=port, security="plain"), timeout_ms=100)
        assert (await failure(mail))[1] is False


async def test_nobody_there_passes() -> None:
    """A server that is down will be up again."""
    assert (await failure(sender(1)))[1] is False


async def test_starttls_protects_mail_and_password(authority: Authority) -> None:
    """Both go over the encrypted line alone."""
    async with mail_server(starttls=authority.server(), sign_in=True) as mailbox:
        await send(sender(mailbox.port, "starttls", authority=authority, user=USER, password=PASSWORD))
    assert (mailbox.encrypted, mailbox.signed_in) == ([True], [True])


async def test_tls_from_the_start(authority: Authority) -> None:
    """The other way to the same."""
    async with mail_server(tls=authority.server(), sign_in=True) as mailbox:
        await send(sender(mailbox.port, "tls", authority=authority, user=USER, password=PASSWORD))
    assert (len(mailbox.mails), mailbox.signed_in) == (1, [True])


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(authority: Authority, security: Security) -> None:
    """Its certificate is of an authority that we do not trust."""
    context = authority.server()
    async with mail_server(
        starttls=context if security == "starttls" else None, tls=context if security == "tls" else None
    ) as mailbox:
        assert (await failure(sender(mailbox.port, security)))[1] is False
    assert mailbox.mails == []


async def test_without_starttls_nothing_is_sent_in_clear(mailbox: Mailbox, authority: Authority) -> None:
    """Where encryption was asked for, a server that does not offer it gets no mail."""
    assert (await failure(sender(mailbox.port, "starttls", authority=authority)))[1] is False
    assert mailbox.mails == []


async def test_a_wrong_password_is_ours_to_mend(authority: Authority) -> None:
    """The mail is sent once it is mended: not for good."""
    async with mail_server(starttls=authority.server(), sign_in=True) as mailbox:
        wrong = sender(mailbox.port, "starttls", authority=authority, user=USER, password="wrong")
        assert await failure(wrong) == ("mail: sign-in refused", False)


async def test_a_domain_in_any_script_is_reached(mailbox: Mailbox) -> None:
    """Under the name that the name system has for it."""
    customer = make_customer(email="lan@bán-vé.vn")
    await send(sender(mailbox.port), WRITER.write(make_notice(order=make_order(customer=customer))))
    assert mailbox.envelopes[0][1] == ["lan@xn--bn-v-5na5c.vn"]


async def test_without_a_server_mails_are_files(tmp_path: Path) -> None:
    """One file a notice however often it is sent, for their owner's eyes alone."""
    mail = mail_sender("", tmp_path / "outbox", timeout_ms=1)
    assert isinstance(mail, FileMail)
    for _ in range(2):
        await mail.send(WRITER.write(NOTICE), message_name(NOTICE))
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o077 == 0
    assert message_from_bytes(file.read_bytes(), policy=default)["To"] == "lan@example.vn"


async def test_a_mail_that_is_being_written_looks_like_none_yet(tmp_path: Path) -> None:
    """Whoever reads the folder's mails meets whole ones alone, also when a writer stopped before the end."""
    (tmp_path / "a.eml").mkdir()  # in the way of the mail's own name, so that the half one stays
    with pytest.raises(DeliveryError):
        await FileMail(tmp_path).send(WRITER.write(NOTICE), "a")
    assert names(tmp_path, "*.eml") == {"a.eml"}
    assert names(tmp_path, "*") == {"a.eml", ".a.eml.part"}


def names(folder: Path, pattern: str) -> set[str]:
    """What is found in a folder."""
    return {path.name for path in folder.glob(pattern)}


async def test_a_folder_that_cannot_be_written_passes(tmp_path: Path) -> None:
    """A full disk is emptied some day."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveryError) as caught:
        await FileMail(tmp_path / "file").send(WRITER.write(NOTICE), "a")
    assert not caught.value.permanent
