"""Orders, their seats, payments and refunds; gateways' messages, the outbox, idempotency keys, ledger, push."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from server.db.migrations.order_triggers import FUNCTIONS, TRIGGERS

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True, precision=3)


def upgrade() -> None:
    op.create_table(
        "payment_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), sa.Computed("sha256(raw)", persisted=True), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("gateway ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("payment_events_gateway")),
        sa.CheckConstraint("kind IN ('ipn', 'return', 'query')", name=op.f("payment_events_kind")),
        sa.CheckConstraint(
            "verdict IN ('recorded', 'already', 'unknown_reference', 'mismatch', 'forged', 'malformed', 'error')",
            name=op.f("payment_events_verdict"),
        ),
        sa.CheckConstraint("last_at >= received_at", name=op.f("payment_events_last_at")),
        sa.CheckConstraint("seen > 0", name=op.f("payment_events_seen")),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_events_pk")),
        sa.UniqueConstraint("gateway", "kind", "digest", name=op.f("payment_events_gateway_kind_digest_key")),
    )
    op.create_index(op.f("payment_events_reference"), "payment_events", ["reference"], unique=False)
    op.create_table(
        "push_subscriptions",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("locale IN ('vi', 'en')", name=op.f("push_subscriptions_locale")),
        sa.CheckConstraint("char_length(endpoint) BETWEEN 1 AND 2000", name=op.f("push_subscriptions_endpoint")),
        sa.CheckConstraint("char_length(holder) BETWEEN 1 AND 255", name=op.f("push_subscriptions_holder")),
        sa.CheckConstraint(
            "char_length(p256dh) BETWEEN 1 AND 255 AND char_length(auth) BETWEEN 1 AND 255",
            name=op.f("push_subscriptions_keys"),
        ),
        sa.PrimaryKeyConstraint("endpoint", name=op.f("push_subscriptions_pk")),
    )
    op.create_index(
        op.f("push_subscriptions_holder_created_at"), "push_subscriptions", ["holder", "created_at"], unique=False
    )
    op.create_table(
        "seat_ledger",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("showtime", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("holder_hash", sa.Text(), nullable=True),
        sa.Column("order", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("event ~ '^[a-z]{1,16}$'", name=op.f("seat_ledger_event")),
        sa.CheckConstraint("showtime ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("seat_ledger_showtime")),
        sa.CheckConstraint("seat >= 0", name=op.f("seat_ledger_seat")),
        sa.CheckConstraint("version >= 0", name=op.f("seat_ledger_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("seat_ledger_pk")),
    )
    op.create_index(
        "seat_ledger_changes",
        "seat_ledger",
        ["showtime", "epoch", "version", "seat", "event"],
        unique=True,
        postgresql_where=sa.text("event <> 'refused'"),
    )
    op.create_index(
        "seat_ledger_refusals",
        "seat_ledger",
        ["showtime", "epoch", "version", "seat", "holder_hash", "at"],
        unique=True,
        postgresql_where=sa.text("event = 'refused'"),
    )
    op.create_index(op.f("seat_ledger_showtime_seat_at"), "seat_ledger", ["showtime", "seat", "at"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("showtime", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paid_by", sa.Text(), nullable=True),
        sa.Column("row_version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(paid_by IS NULL) = (state IN ('open', 'expired', 'cancelled'))", name=op.f("orders_paid_by")
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("orders_currency")),
        sa.CheckConstraint("email <> ''", name=op.f("orders_email")),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("orders_id")),
        sa.CheckConstraint("locale IN ('vi', 'en')", name=op.f("orders_locale")),
        sa.CheckConstraint(
            "state IN ('open', 'paid', 'expired', 'cancelled', 'review', 'refunding', 'partly_refunded', 'refunded')",
            name=op.f("orders_state"),
        ),
        sa.CheckConstraint("amount BETWEEN 0 AND 9007199254740991", name=op.f("orders_amount")),
        sa.CheckConstraint("char_length(holder) BETWEEN 1 AND 255", name=op.f("orders_holder")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("orders_expires_at")),
        sa.CheckConstraint("row_version > 0", name=op.f("orders_row_version")),
        sa.ForeignKeyConstraint(["showtime"], ["showtimes.id"], name=op.f("orders_showtime_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("orders_pk")),
        sa.UniqueConstraint("id", "showtime", name=op.f("orders_id_showtime_key")),
    )
    op.create_index(op.f("orders_created_at_id"), "orders", ["created_at", "id"], unique=False)
    op.create_index("orders_email", "orders", [sa.literal_column("lower(email)")], unique=False)
    op.create_index(
        "orders_overdue", "orders", ["expires_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(op.f("orders_phone"), "orders", ["phone"], unique=False)
    op.create_index(op.f("orders_showtime"), "orders", ["showtime"], unique=False)
    op.create_index(op.f("orders_state_created_at_id"), "orders", ["state", "created_at", "id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("body_hash <> ''", name=op.f("idempotency_keys_body_hash")),
        sa.CheckConstraint("(leased_until IS NULL) = (body IS NOT NULL)", name=op.f("idempotency_keys_leased_until")),
        sa.CheckConstraint("(status IS NULL) = (body IS NULL)", name=op.f("idempotency_keys_answer")),
        sa.CheckConstraint("char_length(holder) BETWEEN 1 AND 255", name=op.f("idempotency_keys_holder")),
        sa.CheckConstraint("char_length(key) BETWEEN 1 AND 255", name=op.f("idempotency_keys_key")),
        sa.CheckConstraint("status BETWEEN 100 AND 599", name=op.f("idempotency_keys_status")),
        sa.ForeignKeyConstraint(
            ["order"], ["orders.id"], name=op.f("idempotency_keys_order_fk"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("holder", "key", name=op.f("idempotency_keys_pk")),
    )
    op.create_index(op.f("idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "order_seats",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("showtime", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.CheckConstraint("seat ~ '^[A-Za-z0-9-]{1,16}$'", name=op.f("order_seats_seat")),
        sa.CheckConstraint("zone ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("order_seats_zone")),
        sa.CheckConstraint("ordinal >= 0 AND fence >= 0", name=op.f("order_seats_fence")),
        sa.CheckConstraint("place >= 0", name=op.f("order_seats_place")),
        sa.CheckConstraint("price BETWEEN 0 AND 9007199254740991", name=op.f("order_seats_price")),
        sa.ForeignKeyConstraint(
            ["order", "showtime"], ["orders.id", "orders.showtime"], name=op.f("order_seats_order_showtime_fk")
        ),
        sa.PrimaryKeyConstraint("order", "seat", name=op.f("order_seats_pk")),
        sa.UniqueConstraint("order", "place", name=op.f("order_seats_order_place_key")),
    )
    op.create_index(
        "order_seats_live", "order_seats", ["showtime", "seat"], unique=True, postgresql_where=sa.text("live")
    )
    op.create_index(
        op.f("order_seats_showtime_seat_ordinal_fence"),
        "order_seats",
        ["showtime", "seat", "ordinal", "fence"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("died_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('seats', 'reseat', 'refund', 'capture', 'void', 'notice')", name=op.f("outbox_kind")
        ),
        sa.CheckConstraint("attempt >= 0", name=op.f("outbox_attempt")),
        sa.CheckConstraint("died_at IS NULL OR error IS NOT NULL", name=op.f("outbox_error")),
        sa.CheckConstraint("done_at IS NULL OR died_at IS NULL", name=op.f("outbox_end")),
        sa.CheckConstraint("lease >= attempt", name=op.f("outbox_lease")),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("outbox_order_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pk")),
        sa.UniqueConstraint("key", name=op.f("outbox_key_key")),
    )
    op.create_index(
        "outbox_dead", "outbox", ["died_at", "id"], unique=False, postgresql_where=sa.text("died_at IS NOT NULL")
    )
    op.create_index(
        "outbox_waiting",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND died_at IS NULL"),
    )
    op.create_index(
        "outbox_waiting_of_order",
        "outbox",
        ["order", "kind", "id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND died_at IS NULL"),
    )
    op.create_table(
        "payments",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("redirect_url", sa.Text(), nullable=True),
        sa.Column("client_ip", sa.Text(), nullable=True),
        sa.Column("ask_at", INSTANT, nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (state IN ('started', 'authorised'))", name=op.f("payments_settled_at")
        ),
        sa.CheckConstraint(
            "captured = 0 OR state IN ('paid', 'suspected', 'mismatched')", name=op.f("payments_captured_state")
        ),
        sa.CheckConstraint("gateway ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("payments_gateway")),
        sa.CheckConstraint("reference ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("payments_reference")),
        sa.CheckConstraint("request_id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("payments_request_id")),
        sa.CheckConstraint(
            "state IN ('started', 'paid', 'failed', 'suspected', 'authorised', 'voided', 'mismatched')",
            name=op.f("payments_state"),
        ),
        sa.CheckConstraint("amount BETWEEN 0 AND 9007199254740991", name=op.f("payments_amount")),
        sa.CheckConstraint("asked >= 0", name=op.f("payments_asked")),
        sa.CheckConstraint("captured BETWEEN 0 AND 9007199254740991", name=op.f("payments_captured")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("payments_expires_at")),
        sa.CheckConstraint("place >= 0", name=op.f("payments_place")),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("payments_order_fk")),
        sa.PrimaryKeyConstraint("order", "reference", name=op.f("payments_pk")),
        sa.UniqueConstraint("gateway", "reference", name=op.f("payments_gateway_reference_key")),
        sa.UniqueConstraint("order", "place", name=op.f("payments_order_place_key")),
    )
    op.create_index(op.f("payments_created_at"), "payments", ["created_at"], unique=False)
    op.create_index(op.f("payments_gateway_id"), "payments", ["gateway_id"], unique=False)
    op.create_index(
        "payments_to_ask", "payments", ["ask_at"], unique=False, postgresql_where=sa.text("ask_at IS NOT NULL")
    )
    op.create_table(
        "refunds",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seats", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.CheckConstraint("by <> ''", name=op.f("refunds_by")),
        sa.CheckConstraint("reference ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("refunds_reference")),
        sa.CheckConstraint("request_id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("refunds_request_id")),
        sa.CheckConstraint(
            "state IN ('requested', 'sent', 'done', 'failed', 'unknown', 'replaced')", name=op.f("refunds_state")
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 9007199254740991", name=op.f("refunds_amount")),
        sa.CheckConstraint("place >= 0", name=op.f("refunds_place")),
        sa.ForeignKeyConstraint(
            ["order", "payment"], ["payments.order", "payments.reference"], name=op.f("refunds_order_payment_fk")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("refunds_pk")),
        sa.UniqueConstraint("order", "place", name=op.f("refunds_order_place_key")),
    )
    op.create_index(op.f("refunds_created_at"), "refunds", ["created_at"], unique=False)
    op.create_index(op.f("refunds_gateway_id"), "refunds", ["gateway_id"], unique=False)
    op.create_index(
        "refunds_open",
        "refunds",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('done', 'replaced')"),
    )

    op.create_foreign_key(
        op.f("orders_id_paid_by_fk"),
        *("orders", "payments", ["id", "paid_by"], ["order", "reference"]),
        initially="DEFERRED",
        deferrable=True,
    )
    for statement in TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_constraint("orders_id_paid_by_fk", "orders")
    for table in (
        "push_subscriptions",
        "seat_ledger",
        "idempotency_keys",
        "outbox",
        "payment_events",
        "refunds",
        "payments",
        "order_seats",
        "orders",
    ):
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
