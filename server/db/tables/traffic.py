"""The calls that we made to gateways; what they tell us by themselves is with the orders, in `payment_events`.

Triggers, which stand in the migration, hold that a call never changes, and stays for 62 days at least.
"""

from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, SmallInteger, Table, Text

from server.db.tables.metadata import INSTANT, SLUG, metadata
from server.ports.traffic import MAX_KEPT_BYTES, Failure

gateway_calls = Table(
    "gateway_calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("gateway", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # Of a payment, or of a refund.
    Column("reference", Text, nullable=False, index=True),
    Column("sent_at", INSTANT, nullable=False, index=True),
    Column("took_ms", Integer, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("failure", Text),
    Column("status", SmallInteger),
    Column("answer", LargeBinary),
    CheckConstraint(f"id ~ '{SLUG}'", name="id"),
    CheckConstraint(f"gateway ~ '{SLUG}'", name="gateway"),
    CheckConstraint("kind ~ '^[a-z/]{1,64}$'", name="kind"),
    CheckConstraint(f"reference ~ '{SLUG}'", name="reference"),
    CheckConstraint("took_ms >= 0", name="took_ms"),
    CheckConstraint(f"failure IN ({', '.join(repr(failure.value) for failure in Failure)})", name="failure"),
    CheckConstraint("status BETWEEN 100 AND 999", name="status"),
    CheckConstraint("(status IS NULL) = (answer IS NULL)", name="answer"),
    CheckConstraint("failure IS NOT NULL OR status IS NOT NULL", name="outcome"),
    CheckConstraint(
        f"octet_length(request) <= {MAX_KEPT_BYTES} AND octet_length(answer) <= {MAX_KEPT_BYTES}", name="bound"
    ),
)
