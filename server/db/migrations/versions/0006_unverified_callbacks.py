"""What tells how many callbacks came of late that nobody vouches for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "payment_events_unverified",
        "payment_events",
        ["gateway", "received_at"],
        postgresql_where=sa.text("NOT verified"),
    )


def downgrade() -> None:
    op.drop_index("payment_events_unverified", "payment_events")
