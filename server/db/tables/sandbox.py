"""The books of the sandbox gateway: what was decided about attempts, and what went back."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Identity, Table, Text

from server.db.tables.metadata import metadata

sandbox_payments = Table(
    "sandbox_payments",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("outcome", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    CheckConstraint("outcome IN ('paid', 'suspected', 'failed')", name="outcome"),
    CheckConstraint("amount > 0", name="amount"),
)

sandbox_refunds = Table(
    "sandbox_refunds",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("payment", Text, ForeignKey("sandbox_payments.reference"), nullable=False, index=True),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
)
