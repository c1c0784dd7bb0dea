"""The books of the sandbox gateway."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sandbox_payments",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('paid', 'suspected', 'failed')", name=op.f("sandbox_payments_outcome")),
        sa.CheckConstraint("amount > 0", name=op.f("sandbox_payments_amount")),
        sa.PrimaryKeyConstraint("reference", name=op.f("sandbox_payments_pk")),
        sa.UniqueConstraint("number", name=op.f("sandbox_payments_number_key")),
    )
    op.create_table(
        "sandbox_refunds",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("sandbox_refunds_amount")),
        sa.ForeignKeyConstraint(["payment"], ["sandbox_payments.reference"], name=op.f("sandbox_refunds_payment_fk")),
        sa.PrimaryKeyConstraint("reference", name=op.f("sandbox_refunds_pk")),
    )
    op.create_index(op.f("sandbox_refunds_payment"), "sandbox_refunds", ["payment"])


def downgrade() -> None:
    op.drop_table("sandbox_refunds")
    op.drop_table("sandbox_payments")
