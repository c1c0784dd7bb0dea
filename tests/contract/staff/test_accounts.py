"""`StaffAccounts` and `StaffSessions`: each change with its audit entry, or not at all."""

import asyncio

import pytest

from server.domain.staff import CLI, Actor, Credentials, Role, StaffError, StaffMember, StaffSession
from server.ports import Audit, StaffAccounts, StaffSessions
from tests.contract.staff.conftest import HASH, OTHER_HASH

NOW = 1_900_000_000_000
SESSION_MS = 600_000
IDLE_MS = 60_000
TOKEN = b"t" * 32


async def open_session(sessions: StaffSessions, known: Credentials, token: bytes = TOKEN) -> StaffSession | None:
    """Sign in."""
    actor = Actor(id=known.member.id, request="r-1")
    return await sessions.open(known, token, now=NOW, session_ms=SESSION_MS, idle_ms=IDLE_MS, actor=actor)


async def find(sessions: StaffSessions, token: bytes = TOKEN, after: int = 0) -> StaffSession | None:
    """What the token is good for some time after it was given out."""
    return await sessions.find(token, now=NOW + after, idle_ms=IDLE_MS)


async def actions(audit: Audit) -> list[str]:
    """What was recorded, the oldest first."""
    return [record.action for record in reversed((await audit.page(after=None, limit=100)).records)]


async def test_an_account_is_what_was_added(accounts: StaffAccounts, mai: Credentials) -> None:
    """With an id of its own, and in the order of logins."""
    anh = await accounts.add(login="anh", name="Ánh", role=Role.BOX_OFFICE, password_hash=HASH, actor=CLI)
    assert anh == StaffMember(id=anh.id, login="anh", name="Ánh", role=Role.BOX_OFFICE)
    assert await accounts.members() == (anh, mai.member)
    assert await accounts.credentials("mai") == mai
    assert await accounts.credentials("nobody") is None


async def test_a_login_is_given_once(accounts: StaffAccounts, audit: Audit, mai: Credentials) -> None:
    """Also of many who ask at once one gets it, and the others leave no entry behind."""

    async def add() -> StaffMember:
        return await accounts.add(login="anh", name="Anh", role=Role.BOX_OFFICE, password_hash=HASH, actor=CLI)

    results = await asyncio.gather(*(add() for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results].count(StaffError) == 4
    assert await actions(audit) == ["staff.add", "staff.add"]
    await accounts.disable("mai", actor=CLI)
    with pytest.raises(StaffError, match="already"):
        await accounts.add(login="mai", name="M", role=Role.MANAGER, password_hash=HASH, actor=CLI)


async def test_a_session_is_found_until_it_ends(sessions: StaffSessions, mai: Credentials) -> None:
    """Not used for the idle time, or at its absolute end; a look at it in time keeps it alive."""
    opened = await open_session(sessions, mai)
    assert opened == StaffSession(member=mai.member, expires_at=NOW + SESSION_MS)
    assert await find(sessions, after=IDLE_MS - 1) == opened
    assert await find(sessions, after=2 * IDLE_MS - 2) == opened
    assert await find(sessions, after=3 * IDLE_MS - 2) is None
    await open_session(sessions, mai, b"u" * 32)
    for step in range(1, 11):
        assert (await find(sessions, b"u" * 32, after=step * (IDLE_MS - 1)) is None) is (step > 10)
    assert await find(sessions, b"u" * 32, after=SESSION_MS) is None


async def test_disabling_and_a_new_password_end_every_session(
    accounts: StaffAccounts, sessions: StaffSessions, audit: Audit, mai: Credentials
) -> None:
    """And what was known of the account before opens none."""
    for token in (b"t" * 32, b"u" * 32):
        await open_session(sessions, mai, token)
    await accounts.set_password("mai", OTHER_HASH, actor=CLI)
    assert await find(sessions) is None
    assert await open_session(sessions, mai) is None
    changed = Credentials(member=mai.member, password_hash=OTHER_HASH)
    assert await open_session(sessions, changed) is not None
    disabled = await accounts.disable("mai", actor=CLI)
    assert disabled.disabled_at is not None
    assert await find(sessions) is None
    assert await open_session(sessions, changed) is None
    assert await actions(audit) == [
        "staff.add",
        *("staff.sign_in",) * 2,
        "staff.password",
        "staff.sign_in",
        "staff.disable",
    ]
    newest, *_, password, _, _, _ = (await audit.page(after=None, limit=100)).records
    assert (newest.details, password.details) == ({"sessions_ended": 1}, {"sessions_ended": 2})


async def test_an_account_is_enabled_again(
    accounts: StaffAccounts, sessions: StaffSessions, audit: Audit, mai: Credentials
) -> None:
    """It signs in as before; what it was signed in to stays ended."""
    await open_session(sessions, mai)
    await accounts.disable("mai", actor=CLI)
    assert await accounts.enable("mai", actor=CLI) == mai.member
    assert await accounts.credentials("mai") == mai
    assert await find(sessions) is None
    assert await open_session(sessions, mai, b"u" * 32) is not None
    assert await actions(audit) == ["staff.add", "staff.sign_in", "staff.disable", "staff.enable", "staff.sign_in"]
    for login, reason in (("nobody", "no account"), ("mai", "not disabled")):
        with pytest.raises(StaffError, match=reason):
            await accounts.enable(login, actor=CLI)
    assert len(await actions(audit)) == 5


async def test_what_cannot_be_changed_is_said(accounts: StaffAccounts, audit: Audit, mai: Credentials) -> None:
    """An account that is unknown, or disabled, stays as it is, without an entry."""
    await accounts.disable("mai", actor=CLI)
    before = await actions(audit)
    for login, reason in (("nobody", "no account"), ("mai", "disabled")):
        with pytest.raises(StaffError, match=reason):
            await accounts.disable(login, actor=CLI)
        with pytest.raises(StaffError, match=reason):
            await accounts.set_password(login, OTHER_HASH, actor=CLI)
    assert await actions(audit) == before


async def test_a_session_closes_once(sessions: StaffSessions, audit: Audit, mai: Credentials) -> None:
    """Others of the account stay; closing what is not there is no act."""
    actor = Actor(id=mai.member.id)
    for token in (b"t" * 32, b"u" * 32):
        await open_session(sessions, mai, token)
    for _ in range(2):
        await sessions.close(TOKEN, actor=actor)
    assert await find(sessions) is None
    assert await find(sessions, b"u" * 32) is not None
    assert await actions(audit) == ["staff.add", "staff.sign_in", "staff.sign_in", "staff.sign_out"]


async def test_another_hash_of_the_same_password_ends_nothing(
    accounts: StaffAccounts, sessions: StaffSessions, audit: Audit, mai: Credentials
) -> None:
    """Unless the password has changed meanwhile: then that one stays."""
    await open_session(sessions, mai)
    renewed = await accounts.rehash(mai, OTHER_HASH)
    assert renewed == await accounts.credentials("mai") == Credentials(member=mai.member, password_hash=OTHER_HASH)
    assert await accounts.rehash(mai, HASH) == mai
    assert await accounts.credentials("mai") == renewed
    assert await find(sessions) is not None
    assert await actions(audit) == ["staff.add", "staff.sign_in"]


async def test_ended_sessions_are_removed_when_another_opens(
    sessions: StaffSessions, accounts: StaffAccounts, audit: Audit, mai: Credentials
) -> None:
    """So that they do not gather: only the living one is counted when the account is disabled."""
    await open_session(sessions, mai)
    later = Actor(id=mai.member.id)
    for number in range(1, 4):
        now = NOW + number * IDLE_MS
        await sessions.open(mai, bytes([number]) * 32, now=now, session_ms=SESSION_MS, idle_ms=IDLE_MS, actor=later)
    await accounts.disable("mai", actor=CLI)
    assert (await audit.page(after=None, limit=1)).records[0].details == {"sessions_ended": 1}
