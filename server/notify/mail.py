"""Sending mails: to a mail server, or into a folder where there is none."""

import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib

from server.domain.errors import DeliveryError
from server.notify.outbox import OutboxFolder
from server.ops.smtp import SmtpServer


class MailSender(Protocol):
    """Hands a mail on."""

    async def send(self, message: EmailMessage, name: str) -> None:
        """Send it, once; `name` is the same whenever it is sent again. Raises `DeliveryError`."""
        ...


class SmtpMail:
    """Mails over SMTP, a connection each; a server that is silent for `timeout_ms` is given up."""

    def __init__(self, server: SmtpServer, *, timeout_ms: int, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._timeout = timeout_ms / 1000
        self._tls = tls or ssl.create_default_context()

    async def send(self, message: EmailMessage, name: str) -> None:  # noqa: ARG002 - the Message-ID has it
        """Send it. 5xx is permanent, 4xx and everything about the connection passes, as does a refused sign-in."""
        server = self._server
        try:
            await aiosmtplib.send(
                message,
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                tls_context=self._tls if server.security != "plain" else None,
                timeout=self._timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(max(recipient.code for recipient in error.recipients)) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            # Our settings are wrong, not the mail: it is sent once they are mended.
            raise DeliveryError("mail: sign-in refused") from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"mail: {type(error).__name__}") from error


class FileMail:
    """Mails as `.eml` files, which mail programs open."""

    def __init__(self, folder: Path) -> None:
        self._outbox = OutboxFolder(folder)

    async def send(self, message: EmailMessage, name: str) -> None:
        """Write it."""
        try:
            await self._outbox.put(f"{name}.eml", message.as_bytes())
        except OSError as error:
            raise DeliveryError(f"mail: {type(error).__name__}") from error


def mail_sender(smtp_url: str, folder: Path, *, timeout_ms: int) -> MailSender:
    """What sends mails: the server at `smtp_url`, or `folder` where that is empty."""
    return SmtpMail(SmtpServer.from_url(smtp_url), timeout_ms=timeout_ms) if smtp_url else FileMail(folder)


def _refused(code: int) -> DeliveryError:
    return DeliveryError(f"mail: refused with {code}", permanent=500 <= code < 600)
