"""The ports of staff on a fresh database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.attempts import PostgresSignInAttempts
from server.db.audit import PostgresAudit
from server.db.staff import PostgresStaffAccounts
from server.db.staff_sessions import PostgresStaffSessions
from server.domain.staff import CLI, Credentials, Role
from server.ports import Audit, SignInAttempts, StaffAccounts, StaffSessions

HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
OTHER_HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$b3RoZXI"


@pytest.fixture
def accounts(engine: AsyncEngine) -> StaffAccounts:
    """Nobody yet."""
    return PostgresStaffAccounts(engine)


@pytest.fixture
def sessions(engine: AsyncEngine) -> StaffSessions:
    """Nobody is signed in."""
    return PostgresStaffSessions(engine)


@pytest.fixture
def attempts(engine: AsyncEngine) -> SignInAttempts:
    """Nobody has tried."""
    return PostgresSignInAttempts(engine)


@pytest.fixture
def audit(engine: AsyncEngine) -> Audit:
    """Nothing has happened."""
    return PostgresAudit(engine)


@pytest.fixture
async def mai(accounts: StaffAccounts) -> Credentials:
    """A manager."""
    member = await accounts.add(login="mai", name="Mai", role=Role.MANAGER, password_hash=HASH, actor=CLI)
    return Credentials(member=member, password_hash=HASH)
