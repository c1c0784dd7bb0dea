"""The tables of staff: accounts, their sign-ins, the attempts that failed, and the audit.

    staff ─< staff_sessions        staff_attempts        audit

Tokens and what was typed as a login are kept as hashes alone. The audit only grows: a trigger, which stands in the
migration, refuses to change, remove or truncate what is in it.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from server.db.tables.metadata import INSTANT, SLUG, metadata

staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    # In lower case, so that the plain unique constraint knows no other.
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False, server_default=text("clock_timestamp()")),
    Column("disabled_at", INSTANT),
    # The audit tells people from these two.
    CheckConstraint(f"id ~ '{SLUG}' AND id NOT IN ('system', 'cli')", name="id"),
    CheckConstraint("login ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'", name="login"),
    CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name"),
    CheckConstraint("role IN ('box_office', 'manager')", name="role"),
    CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_hash"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    # SHA-256: who reads the table cannot sign in by it.
    Column("token_hash", LargeBinary, primary_key=True),
    Column("staff", Text, ForeignKey("staff.id"), nullable=False, index=True),
    Column("created_at", INSTANT, nullable=False),
    Column("seen_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
    CheckConstraint("expires_at > created_at", name="expires_at"),
)

staff_attempts = Table(
    "staff_attempts",
    metadata,
    # A keyed hash of a login or an address: people type passwords where their login belongs.
    Column("key", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", INSTANT, nullable=False, index=True),
    Column("blocked_until", INSTANT, nullable=False),
    CheckConstraint("octet_length(key) = 32", name="key"),
    CheckConstraint("count >= 0", name="count"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", INSTANT, nullable=False, server_default=text("clock_timestamp()")),
    # The id of an account, `system` or `cli`.
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("request", Text),
    CheckConstraint(f"actor ~ '{SLUG}'", name="actor"),
    CheckConstraint("action ~ '^[a-z_]+[.][a-z_]+$'", name="action"),
    CheckConstraint("subject ~ '^[a-z_]+:[A-Za-z0-9._-]{1,128}$'", name="subject"),
    CheckConstraint("jsonb_typeof(details) = 'object'", name="details"),
    CheckConstraint("request ~ '^[A-Za-z0-9._-]{1,64}$'", name="request"),
    Index(None, "subject", "id"),
)
