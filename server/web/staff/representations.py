"""What requests and answers of staff are made of."""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.scalars import Integer, Milliseconds
from server.domain.staff import MAX_PASSWORD, Role, StaffSession
from server.web.representations import Cursor, PageSize


class SignInRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account, in whatever case, and its password."""

    login: Annotated[str, Meta(min_length=1, max_length=256)]
    password: Annotated[str, Meta(min_length=1, max_length=MAX_PASSWORD)]


class StaffAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff."""

    id: str
    login: str
    name: str
    role: Role


class StaffSessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, at most until `expires_at`: a session that is not used ends before."""

    account: StaffAccount
    expires_at: Milliseconds

    @classmethod
    def of(cls, session: StaffSession) -> "StaffSessionAnswer":
        """The answer that tells of `session`."""
        member = session.member
        account = StaffAccount(id=member.id, login=member.login, name=member.name, role=member.role)
        return cls(account=account, expires_at=session.expires_at)


class SignedOutAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The session is no more."""

    signed_out: bool


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which records; `cursor` is the `next` of the page before."""

    cursor: Cursor | None = None
    limit: PageSize = 50


class AuditRecordAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One act: `actor` is the id of an account, `system` or `cli`, and `subject` is `kind:id`.

    Where they are staff, their names are those of today.
    """

    id: Integer
    at: Milliseconds
    actor: str
    actor_name: str | None
    action: str
    subject: str
    subject_name: str | None
    details: dict[str, str | int | bool | None]
    request: str | None


class AuditAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Some records, the newest first; `next` is the cursor of the page after them."""

    records: tuple[AuditRecordAnswer, ...]
    next: str | None
