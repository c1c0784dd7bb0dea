"""Staff: accounts, sign-ins, attempts to sign in, and the audit that only grows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True, precision=3)

TRIGGERS = (
    """
    CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit only grows' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION audit_only_grows()
    """,
    """
    CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()
    """,
)


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$' AND id NOT IN ('system', 'cli')", name=op.f("staff_id")),
        sa.CheckConstraint("login ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'", name=op.f("staff_login")),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name=op.f("staff_name")),
        sa.CheckConstraint("role IN ('box_office', 'manager')", name=op.f("staff_role")),
        sa.CheckConstraint("password_hash LIKE '$argon2id$%'", name=op.f("staff_password_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("staff_pk")),
        sa.UniqueConstraint("login", name=op.f("staff_login_key")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("staff_sessions_token_hash")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("staff_sessions_expires_at")),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name=op.f("staff_sessions_staff_fk")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("staff_sessions_pk")),
    )
    op.create_index(op.f("staff_sessions_staff"), "staff_sessions", ["staff"])
    op.create_table(
        "staff_attempts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=False),
        sa.CheckConstraint("octet_length(key) = 32", name=op.f("staff_attempts_key")),
        sa.CheckConstraint("count >= 0", name=op.f("staff_attempts_count")),
        sa.PrimaryKeyConstraint("key", name=op.f("staff_attempts_pk")),
    )
    op.create_index(op.f("staff_attempts_last_at"), "staff_attempts", ["last_at"])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.CheckConstraint("actor ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("audit_actor")),
        sa.CheckConstraint("action ~ '^[a-z_]+[.][a-z_]+$'", name=op.f("audit_action")),
        sa.CheckConstraint("subject ~ '^[a-z_]+:[A-Za-z0-9._-]{1,128}$'", name=op.f("audit_subject")),
        sa.CheckConstraint("jsonb_typeof(details) = 'object'", name=op.f("audit_details")),
        sa.CheckConstraint("request ~ '^[A-Za-z0-9._-]{1,64}$'", name=op.f("audit_request")),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pk")),
    )
    op.create_index(op.f("audit_subject_id"), "audit", ["subject", "id"])
    for statement in TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("audit", "staff_attempts", "staff_sessions", "staff"):
        op.drop_table(table)
    op.execute("DROP FUNCTION audit_only_grows()")
