"""A real mail server on the loopback, in the test's own event loop; it keeps what it accepts."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "cinebook", "p/w ü"


class Mailbox:
    """What came in, and how the server answers: set `rcpt` or `data` to have it refuse."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str | None, list[str]]] = []
        self.encrypted: list[bool] = []
        self.signed_in: list[bool] = []
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return self.rcpt

    async def handle_DATA(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.data.startswith("2"):
            assert isinstance(envelope.original_content, bytes)
            mail = message_from_bytes(envelope.original_content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self.encrypted.append(session.ssl is not None)
            self.signed_in.append(bool(session.authenticated))
        return self.data


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, sign_in: bool = False
) -> AsyncIterator[Mailbox]:
    """A server that offers STARTTLS, is spoken to over TLS from the start, or neither."""
    mailbox = Mailbox()

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        fits = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=fits, handled=False)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It cannot tell that the line is encrypted from the start.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return SMTP(
                mailbox,
                hostname="localhost",
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=authenticate if sign_in else None,
                auth_required=sign_in,
                auth_require_tls=tls is None,
                enable_SMTPUTF8=False,
            )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """The port of a server that takes connections and says nothing."""
    released = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        released.set()
        server.close()
        await server.wait_closed()
