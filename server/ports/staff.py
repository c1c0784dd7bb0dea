"""Staff: their accounts, their sign-ins, the limits on attempts, and the audit of what they do.

Every method may raise `UnavailableError`, outcome none.
"""

from typing import Protocol

from server.domain.attempts import Attempt, Subject
from server.domain.staff import Actor, AuditEntry, AuditPage, Credentials, Role, StaffMember, StaffSession


class StaffAccounts(Protocol):
    """Who may sign in. What changes an account stands in the audit by the same transaction, as done by `actor`.

    Logins are in the form that `normal_login` gives. `StaffError` names what is wrong with an account.
    """

    async def add(self, *, login: str, name: str, role: Role, password_hash: str, actor: Actor) -> StaffMember:
        """Open an account; raises `StaffError` if the login is taken, also by a disabled one."""
        ...

    async def members(self) -> tuple[StaffMember, ...]:
        """Every account, disabled ones too, in the order of logins."""
        ...

    async def credentials(self, login: str) -> Credentials | None:
        """The account with this login, disabled or not, with its password's hash; None if there is none."""
        ...

    async def set_password(self, login: str, password_hash: str, *, actor: Actor) -> StaffMember:
        """Give the account another password and end all its sign-ins; `StaffError` if it is unknown or disabled."""
        ...

    async def disable(self, login: str, *, actor: Actor) -> StaffMember:
        """Let the account sign in no more and end all its sign-ins; `StaffError` if it is unknown or disabled."""
        ...

    async def enable(self, login: str, *, actor: Actor) -> StaffMember:
        """Let a disabled account sign in again, with the password that it had; `StaffError` if there is none such."""
        ...

    async def rehash(self, known: Credentials, password_hash: str) -> Credentials:
        """Keep the same password under another hash, unless it has changed meanwhile; what is kept for it now.

        No sign-in ends, and nothing is recorded.
        """
        ...


class StaffSessions(Protocol):
    """Sign-ins by the SHA-256 of their token. Instants are milliseconds since the Unix epoch."""

    async def open(
        self, known: Credentials, token_hash: bytes, *, now: int, session_ms: int, idle_ms: int, actor: Actor
    ) -> StaffSession | None:
        """Sign the account in, with an audit entry in the same transaction; it ends after `session_ms`.

        None, and nothing changes, if the account was disabled or its password changed since `known` was read.
        """
        ...

    async def find(self, token_hash: bytes, *, now: int, idle_ms: int) -> StaffSession | None:
        """The sign-in, if it has not ended and was used within `idle_ms`; it counts as used now."""
        ...

    async def close(self, token_hash: bytes, *, actor: Actor) -> None:
        """End the sign-in, with an audit entry in the same transaction; nothing happens if there is none."""
        ...


class SignInAttempts(Protocol):
    """Counts attempts to sign in, over all workers."""

    async def begin(self, subjects: tuple[Subject, ...], *, now: int) -> Attempt:
        """Count one attempt as a failure of each subject; before it is known what comes of it, for many come at once.

        Raises `RateLimitedError`, and counts nothing, while one of the subjects has to wait.
        """
        ...

    async def forgive(self, attempt: Attempt, *, now: int) -> None:
        """The attempt was none: its first subject starts anew, and of the others it is taken off."""
        ...


class Audit(Protocol):
    """What was done, by whom, and when. Entries are never changed nor removed."""

    async def record(self, entry: AuditEntry) -> None:
        """Record an act that changed nothing in the database; others are recorded by their own transaction."""
        ...

    async def page(self, *, after: str | None, limit: int) -> AuditPage:
        """At most `limit` records (1 to 100), the newest first; `after` is a cursor that this method returned.

        Raises ValueError for a cursor that is none.
        """
        ...
