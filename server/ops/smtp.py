"""Which mail server a setting names, and how to talk to it."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from server.ops.urls import of_scheme, read

Security = Literal["plain", "starttls", "tls"]

_SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtps": ("tls", 465),
    "smtp+starttls": ("starttls", 587),
    "smtp": ("plain", 25),
}


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """A mail server and how to talk to it; `starttls` and `tls` never fall back to a line that can be read."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = None

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """The server at `smtps://user:password@host`, `smtp+starttls://…` or `smtp://host` (no encryption).

        Raises ValueError, which never quotes the URL.
        """
        parts = read(of_scheme(url, *_SCHEMES))
        if not parts.hostname:
            raise ValueError("must name a host")
        security, port = _SCHEMES[parts.scheme]
        if parts.password is not None and security == "plain":
            raise ValueError("must not have a password without encryption")
        return cls(
            host=parts.hostname,
            port=parts.port or port,
            security=security,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )
