"""Where callbacks came from, our calls to gateways, and how long what nobody vouches for is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True, precision=3)

TRIGGERS = (
    "DROP TRIGGER nothing_is_taken_away ON payment_events",
    """
    CREATE TRIGGER nothing_is_changed BEFORE UPDATE OF gateway, kind, raw, received_at ON payment_events
        FOR EACH ROW EXECUTE FUNCTION nothing_is_taken_away()
    """,
    # Two months have 62 days at most, and gateways may ask for so much.
    """
    CREATE TRIGGER nothing_is_taken_away BEFORE DELETE ON payment_events
        FOR EACH ROW WHEN (OLD.verified OR OLD.last_at > clock_timestamp() - interval '62 days')
        EXECUTE FUNCTION nothing_is_taken_away()
    """,
    """
    CREATE TRIGGER nothing_is_changed BEFORE UPDATE ON gateway_calls
        FOR EACH ROW EXECUTE FUNCTION nothing_is_taken_away()
    """,
    """
    CREATE TRIGGER nothing_is_taken_away BEFORE DELETE ON gateway_calls
        FOR EACH ROW WHEN (OLD.sent_at > clock_timestamp() - interval '62 days')
        EXECUTE FUNCTION nothing_is_taken_away()
    """,
)

FORMER = (
    "DROP TRIGGER nothing_is_taken_away ON payment_events",
    "DROP TRIGGER nothing_is_changed ON payment_events",
    """
    CREATE TRIGGER nothing_is_taken_away BEFORE DELETE OR UPDATE OF gateway, kind, raw, received_at ON payment_events
        FOR EACH ROW EXECUTE FUNCTION nothing_is_taken_away()
    """,
)


def upgrade() -> None:
    op.add_column("payment_events", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("payment_events", sa.Column("last_address", sa.Text(), nullable=True))
    op.create_index(
        "payment_events_unverified_last", "payment_events", ["last_at"], postgresql_where=sa.text("NOT verified")
    )
    op.create_table(
        "gateway_calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("gateway_calls_id")),
        sa.CheckConstraint("gateway ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("gateway_calls_gateway")),
        sa.CheckConstraint("kind ~ '^[a-z/]{1,64}$'", name=op.f("gateway_calls_kind")),
        sa.CheckConstraint("reference ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("gateway_calls_reference")),
        sa.CheckConstraint("took_ms >= 0", name=op.f("gateway_calls_took_ms")),
        sa.CheckConstraint(
            "failure IN ('unreachable', 'timeout', 'broken', 'too_long', 'no_json', 'abandoned')",
            name=op.f("gateway_calls_failure"),
        ),
        sa.CheckConstraint("status BETWEEN 100 AND 999", name=op.f("gateway_calls_status")),
        sa.CheckConstraint("(status IS NULL) = (answer IS NULL)", name=op.f("gateway_calls_answer")),
        sa.CheckConstraint("failure IS NOT NULL OR status IS NOT NULL", name=op.f("gateway_calls_outcome")),
        sa.CheckConstraint(
            "octet_length(request) <= 65536 AND octet_length(answer) <= 65536", name=op.f("gateway_calls_bound")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("gateway_calls_pk")),
    )
    op.create_index(op.f("gateway_calls_reference"), "gateway_calls", ["reference"])
    op.create_index(op.f("gateway_calls_sent_at"), "gateway_calls", ["sent_at"])
    for statement in TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    for statement in FORMER:
        op.execute(statement)
    op.drop_table("gateway_calls")
    op.drop_index("payment_events_unverified_last", "payment_events")
    op.drop_column("payment_events", "last_address")
    op.drop_column("payment_events", "address")
