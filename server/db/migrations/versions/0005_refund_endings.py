"""When a refund was begun, how staff said that it ended, and what the gateway said of it after that."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True, precision=3)

CHECKS = {
    "closed_as": "closed_as IN ('done', 'failed')",
    "said": "said IN ('done', 'failed')",
    "closed_state": "closed_as IS NULL OR state IN ('done', 'failed', 'replaced')",
    "closed": "num_nulls(closed_as, closed_by, closed_why) IN (0, 3)",
    "closed_on": "(closed_on IS NULL) = (closed_as IS DISTINCT FROM 'done')",
    "said_at": "(said IS NULL) = (said_at IS NULL)",
    "said_of": "said IS NULL OR closed_as IS NOT NULL",
}


def upgrade() -> None:
    op.add_column(
        "refunds", sa.Column("begun_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False)
    )
    op.execute("UPDATE refunds SET begun_at = created_at")
    op.add_column("refunds", sa.Column("closed_as", sa.Text(), nullable=True))
    op.add_column("refunds", sa.Column("closed_by", sa.Text(), nullable=True))
    op.add_column("refunds", sa.Column("closed_why", sa.Text(), nullable=True))
    op.add_column("refunds", sa.Column("closed_on", sa.Date(), nullable=True))
    op.add_column("refunds", sa.Column("said", sa.Text(), nullable=True))
    op.add_column("refunds", sa.Column("said_at", INSTANT, nullable=True))
    for name, check in CHECKS.items():
        op.create_check_constraint(op.f(f"refunds_{name}"), "refunds", check)
    op.create_index(
        "refunds_unsaid",
        "refunds",
        ["begun_at"],
        postgresql_where=sa.text("closed_as IS NOT NULL AND said IS NULL"),
    )
    op.create_index("refunds_contradicted", "refunds", ["said_at"], postgresql_where=sa.text("said <> closed_as"))


def downgrade() -> None:
    op.drop_index("refunds_contradicted", "refunds")
    op.drop_index("refunds_unsaid", "refunds")
    for name in reversed(CHECKS):
        op.drop_constraint(op.f(f"refunds_{name}"), "refunds")
    for column in ("said_at", "said", "closed_on", "closed_why", "closed_by", "closed_as", "begun_at"):
        op.drop_column("refunds", column)
