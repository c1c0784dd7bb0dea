"""Who a request comes from, by its headers; the same for HTTP and for the WebSocket handshake."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.domain.errors import TokenError
from server.domain.holds import Holder
from server.identity.secrets import cookie_name
from server.identity.tokens import SessionTokens


@dataclass(frozen=True, kw_only=True)
class Cookie:
    """The session cookie's name, and whether browsers may send it by https alone."""

    name: str
    secure: bool

    @classmethod
    def for_public_url(cls, secret: bytes, public_url: str, kind: str = "") -> "Cookie":
        """The cookie of a server that people reach at `public_url`; empty means plain http. `kind` is "" for guests."""
        https = public_url.startswith("https://")
        return cls(name=cookie_name(secret, https=https, kind=kind), secure=https)

    def values(self, headers: Mapping[str, str]) -> Iterator[str]:
        """Every cookie of this name: another host of the same site may have set one too."""
        for part in headers.get("cookie", "").split(";"):
            key, _, value = part.partition("=")
            if key.strip() == self.name:
                yield value.strip().strip('"')


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Reads the holder from a request; `tokens` issues and reads the token itself."""

    tokens: SessionTokens
    cookie: Cookie

    def holder_from_headers(self, headers: Mapping[str, str]) -> Holder | None:
        """The holder that a Bearer names, or else the session cookie; None if there is neither.

        `headers` is looked up by names in lower case. A bad Bearer raises `TokenError`; a bad cookie counts as none.
        """
        token = bearer(headers)
        if token is not None:
            return self.tokens.read(token)
        for value in self.cookie.values(headers):
            try:
                return self.tokens.read(value)
            except TokenError:
                continue
        return None


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an `Authorization: Bearer`, perhaps empty; None where there is no such header."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
