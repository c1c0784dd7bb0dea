"""Staff sign-in: who has the right password gets a session, and later requests are known by its cookie."""

import hashlib
import hmac
import ipaddress
import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from server.domain.attempts import FREE_BY_ADDRESS, FREE_BY_LOGIN, Subject
from server.domain.staff import SYSTEM, Actor, AuditEntry, Credentials, CredentialsError, StaffSession, normal_login
from server.identity.passwords import Passwords
from server.identity.secrets import derive
from server.identity.sessions import Cookie
from server.ports import Audit, SignInAttempts, StaffAccounts, StaffSessions

TOKEN_BYTES: Final = 32
_TOKEN_LENGTH: Final = 43
"""What `TOKEN_BYTES` are in base64; anything of another length is none of ours."""

_MAX_COOKIES: Final = 3
_COOKIE_KIND: Final = "staff"
_PURPOSE: Final = "staff attempts"


@dataclass(frozen=True, kw_only=True)
class StaffDoor:
    """Lets staff in and out, and knows them by their cookie.

    A session ends after `session_ms`, and after `idle_ms` without use; `clock` returns milliseconds since the Unix
    epoch. `secret` keys the hashes by which attempts are counted.
    """

    accounts: StaffAccounts
    sessions: StaffSessions
    attempts: SignInAttempts
    audit: Audit
    passwords: Passwords
    cookie: Cookie
    secret: bytes
    session_ms: int
    idle_ms: int
    clock: Callable[[], int]

    async def sign_in(
        self, login: str, password: str, *, address: str, request: str | None = None
    ) -> tuple[str, StaffSession]:
        """The token for the cookie, and the session that it opens. `address` is where the request comes from.

        Raises `CredentialsError`, after the same work whether the account is unknown, disabled or has another
        password, and `RateLimitedError` after too many of them.
        """
        with self.passwords.place():
            name = normal_login(login)
            attempt = await self.attempts.begin(self._subjects(name or login, address), now=self.clock())
            known = None if name is None else await self.accounts.credentials(name)
            right = await self.passwords.verify(None if known is None else known.password_hash, password)
            opened = await self._open(known, password, request) if known is not None and right else None
            if opened is None:
                await self._note_failure(known, right=right, request=request)
                raise CredentialsError("no account that may sign in has this login and password")
            await self.attempts.forgive(attempt, now=self.clock())
            return opened

    async def session_from_headers(self, headers: Mapping[str, str]) -> StaffSession | None:
        """The session that the cookie names, which counts as used; None if there is none that is good."""
        for token_hash in self._token_hashes(headers):
            session = await self.sessions.find(token_hash, now=self.clock(), idle_ms=self.idle_ms)
            if session is not None:
                return session
        return None

    async def sign_out(self, headers: Mapping[str, str], actor: Actor) -> None:
        """End every session that the request's cookie names."""
        for token_hash in self._token_hashes(headers):
            await self.sessions.close(token_hash, actor=actor)

    async def _open(self, known: Credentials, password: str, request: str | None) -> tuple[str, StaffSession] | None:
        """A session for an account whose password was right; None if it is disabled, or has changed meanwhile."""
        if self.passwords.is_outdated(known.password_hash):
            known = await self.accounts.rehash(known, await self.passwords.hash(password))
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session = await self.sessions.open(
            known,
            _digest(token),
            now=self.clock(),
            session_ms=self.session_ms,
            idle_ms=self.idle_ms,
            actor=Actor(id=known.member.id, request=request),
        )
        return None if session is None else (token, session)

    async def _note_failure(self, known: Credentials | None, *, right: bool, request: str | None) -> None:
        if known is None:
            subject, reason = "unknown", "no account"
        else:
            subject, reason = known.member.id, "disabled" if right else "password"
        # Nobody has proved to be anybody, and what was typed as a login may be a password.
        actor = Actor(id=SYSTEM.id, request=request)
        entry = AuditEntry(
            actor=actor, action="staff.sign_in_failed", subject=f"staff:{subject}", details={"reason": reason}
        )
        await self.audit.record(entry)

    def _subjects(self, login: str, address: str) -> tuple[Subject, ...]:
        """What an attempt is counted by, the login first."""
        return (
            Subject(key=self._keyed(f"login {login.casefold()}"), free=FREE_BY_LOGIN),
            Subject(key=self._keyed(f"address {network_of(address)}"), free=FREE_BY_ADDRESS),
        )

    def _keyed(self, text: str) -> bytes:
        return hmac.digest(derive(self.secret, _PURPOSE), text.encode(), hashlib.sha256)

    def _token_hashes(self, headers: Mapping[str, str]) -> Iterator[bytes]:
        tokens = (token for token in self.cookie.values(headers) if len(token) == _TOKEN_LENGTH)
        # Each costs a question to the database, and more than these are nobody's.
        return map(_digest, itertools.islice(tokens, _MAX_COOKIES))


def staff_cookie(secret: bytes, public_url: str) -> Cookie:
    """The cookie of staff, beside that of guests."""
    return Cookie.for_public_url(secret, public_url, _COOKIE_KIND)


def network_of(address: str) -> str:
    """What stands for everybody at `address`: itself, or the network of 64 bits that one household has in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
