"""The tables of orders, of the money that pays for them, and of what follows from their changes.

    showtimes ─< orders ─< order_seats
                   ├───< payments ─< refunds
                   ├───< outbox
                   └───< idempotency_keys        payment_events

Amounts are integers in the minor unit of the order's currency. What a table can refuse, it refuses: a second live order
of a seat, a paid order without its payment, a state that the domain does not know. Triggers, which stand in the
migration, hold the rest: at commit an order agrees with its seats, its payments and its refunds, what was agreed at
checkout never changes, and neither money nor a gateway's message is ever taken away, but for old ones that nobody
vouches for.
"""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from server.db.tables.metadata import INSTANT, SLUG, metadata
from server.domain.orders import EffectKind, OrderState, PaymentState, RefundState
from server.domain.payments import Verdict

MONEY = "BETWEEN 0 AND 9007199254740991"
"""Numbers on the wire stay within 2^53 - 1."""

CLOCK = text("clock_timestamp()")

UNPAID = (OrderState.OPEN, OrderState.EXPIRED, OrderState.CANCELLED)
"""States in which no payment pays the order; in all others one does."""

ENDS = (RefundState.DONE, RefundState.FAILED)
"""What a refund can come to."""

WAITING = text("done_at IS NULL AND died_at IS NULL")


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({_listed(values)})", name=column)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value!s}'" for value in values)


orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("showtime", Text, ForeignKey("showtimes.id"), nullable=False, index=True),
    Column("holder", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("phone", Text, index=True),
    Column("name", Text),
    Column("locale", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("state", Text, nullable=False),
    Column("paid_by", Text),
    Column("row_version", BigInteger, nullable=False),
    # What seats refer to, so that they are of the order's showtime.
    UniqueConstraint("id", "showtime"),
    # Orders and payments refer to each other: checked at commit.
    ForeignKeyConstraint(
        ["id", "paid_by"],
        ["payments.order", "payments.reference"],
        name="orders_id_paid_by_fk",
        use_alter=True,
        deferrable=True,
        initially="DEFERRED",
    ),
    CheckConstraint(f"id ~ '{SLUG}'", name="id"),
    CheckConstraint("char_length(holder) BETWEEN 1 AND 255", name="holder"),
    CheckConstraint("email <> ''", name="email"),
    CheckConstraint("locale IN ('vi', 'en')", name="locale"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint(f"amount {MONEY}", name="amount"),
    CheckConstraint("expires_at > created_at", name="expires_at"),
    _one_of("state", OrderState),
    CheckConstraint(f"(paid_by IS NULL) = (state IN ({_listed(UNPAID)}))", name="paid_by"),
    CheckConstraint("row_version > 0", name="row_version"),
    Index(None, "created_at", "id"),
    Index(None, "state", "created_at", "id"),
    Index("orders_email", func.lower(text("email"))),
    Index("orders_overdue", "expires_at", postgresql_where=text("state = 'open'")),
)

order_seats = Table(
    "order_seats",
    metadata,
    Column("order", Text, nullable=False),
    Column("seat", Text, nullable=False),
    # The order in which the seats were named.
    Column("place", SmallInteger, nullable=False),
    Column("showtime", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("live", Boolean, nullable=False),
    PrimaryKeyConstraint("order", "seat"),
    UniqueConstraint("order", "place"),
    ForeignKeyConstraint(["order", "showtime"], ["orders.id", "orders.showtime"]),
    CheckConstraint("seat ~ '^[A-Za-z0-9-]{1,16}$'", name="seat"),
    CheckConstraint("place >= 0", name="place"),
    CheckConstraint(f"zone ~ '{SLUG}'", name="zone"),
    CheckConstraint(f"price {MONEY}", name="price"),
    CheckConstraint("ordinal >= 0 AND fence >= 0", name="fence"),
    # No seat is sold twice, whatever else fails.
    Index("order_seats_live", "showtime", "seat", unique=True, postgresql_where=text("live")),
    # The greatest fence that is known of a seat.
    Index(None, "showtime", "seat", "ordinal", "fence"),
)

payments = Table(
    "payments",
    metadata,
    Column("order", Text, ForeignKey("orders.id"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("created_at", INSTANT, nullable=False, index=True),
    Column("expires_at", INSTANT, nullable=False),
    Column("state", Text, nullable=False),
    Column("captured", BigInteger, nullable=False),
    Column("gateway_id", Text, index=True),
    Column("code", Text),
    Column("redirect_url", Text),
    Column("client_ip", Text),
    Column("ask_at", INSTANT),
    Column("asked", Integer, nullable=False),
    # One worker asks at a time.
    Column("leased_until", INSTANT),
    # When the gateway's last word on it came.
    Column("settled_at", INSTANT),
    PrimaryKeyConstraint("order", "reference"),
    UniqueConstraint("gateway", "reference"),
    UniqueConstraint("order", "place"),
    CheckConstraint(f"reference ~ '{SLUG}'", name="reference"),
    CheckConstraint(f"request_id ~ '{SLUG}'", name="request_id"),
    CheckConstraint("place >= 0", name="place"),
    CheckConstraint(f"gateway ~ '{SLUG}'", name="gateway"),
    CheckConstraint(f"amount {MONEY}", name="amount"),
    CheckConstraint(f"captured {MONEY}", name="captured"),
    CheckConstraint("expires_at > created_at", name="expires_at"),
    CheckConstraint("asked >= 0", name="asked"),
    _one_of("state", PaymentState),
    # Money is only where the gateway says that it took some.
    CheckConstraint("captured = 0 OR state IN ('paid', 'suspected', 'mismatched')", name="captured_state"),
    CheckConstraint("(settled_at IS NULL) = (state IN ('started', 'authorised'))", name="settled_at"),
    Index("payments_to_ask", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
)

refunds = Table(
    "refunds",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("order", Text, nullable=False),
    Column("payment", Text, nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False, index=True),
    Column("seats", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("gateway_id", Text, index=True),
    Column("code", Text),
    Column("leased_until", INSTANT),
    # Beside `created_at`, which is that of the refund whose place it took.
    Column("begun_at", INSTANT, nullable=False, server_default=CLOCK),
    # How staff said that it ended, and what the gateway said of it after that.
    Column("closed_as", Text),
    Column("closed_by", Text),
    Column("closed_why", Text),
    Column("closed_on", Date),
    Column("said", Text),
    Column("said_at", INSTANT),
    UniqueConstraint("order", "place"),
    ForeignKeyConstraint(["order", "payment"], ["payments.order", "payments.reference"]),
    CheckConstraint(f"reference ~ '{SLUG}'", name="reference"),
    CheckConstraint(f"request_id ~ '{SLUG}'", name="request_id"),
    CheckConstraint("place >= 0", name="place"),
    CheckConstraint("amount BETWEEN 1 AND 9007199254740991", name="amount"),
    CheckConstraint("by <> ''", name="by"),
    _one_of("state", RefundState),
    _one_of("closed_as", ENDS),
    _one_of("said", ENDS),
    CheckConstraint("closed_as IS NULL OR state IN ('done', 'failed', 'replaced')", name="closed_state"),
    CheckConstraint("num_nulls(closed_as, closed_by, closed_why) IN (0, 3)", name="closed"),
    CheckConstraint("(closed_on IS NULL) = (closed_as IS DISTINCT FROM 'done')", name="closed_on"),
    CheckConstraint("(said IS NULL) = (said_at IS NULL)", name="said_at"),
    CheckConstraint("said IS NULL OR closed_as IS NOT NULL", name="said_of"),
    Index("refunds_open", "created_at", postgresql_where=text("state NOT IN ('done', 'replaced')")),
    # Those that the gateway has not said anything of since, and those of which it said otherwise.
    Index("refunds_unsaid", "begun_at", postgresql_where=text("closed_as IS NOT NULL AND said IS NULL")),
    Index("refunds_contradicted", "said_at", postgresql_where=text("said <> closed_as")),
)

payment_events = Table(
    "payment_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("gateway", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("digest", LargeBinary, Computed("sha256(raw)", persisted=True), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reference", Text, index=True),
    Column("received_at", INSTANT, nullable=False),
    Column("last_at", INSTANT, nullable=False),
    Column("seen", BigInteger, nullable=False),
    # Where it came from first, and last.
    Column("address", Text),
    Column("last_address", Text),
    UniqueConstraint("gateway", "kind", "digest"),
    CheckConstraint(f"gateway ~ '{SLUG}'", name="gateway"),
    CheckConstraint("kind IN ('ipn', 'return', 'query')", name="kind"),
    _one_of("verdict", Verdict),
    CheckConstraint("last_at >= received_at", name="last_at"),
    CheckConstraint("seen > 0", name="seen"),
    # How many came of late that nobody vouches for.
    Index("payment_events_unverified", "gateway", "received_at", postgresql_where=text("NOT verified")),
    # Those that nobody vouches for and that have been kept for long enough.
    Index("payment_events_unverified_last", "last_at", postgresql_where=text("NOT verified")),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("order", Text, ForeignKey("orders.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False, server_default=CLOCK),
    # Not before this instant: the end of a lease, or of a pause after a failure. Without one, at once.
    Column("due_at", INSTANT),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    # Which lease of the job counts: who lost it can neither finish nor fail the job.
    Column("lease", BigInteger, nullable=False, server_default=text("0")),
    Column("done_at", INSTANT),
    Column("died_at", INSTANT),
    Column("error", Text),
    _one_of("kind", EffectKind),
    CheckConstraint("attempt >= 0", name="attempt"),
    CheckConstraint("lease >= attempt", name="lease"),
    CheckConstraint("done_at IS NULL OR died_at IS NULL", name="end"),
    CheckConstraint("died_at IS NULL OR error IS NOT NULL", name="error"),
    Index("outbox_waiting", "id", postgresql_where=WAITING),
    Index("outbox_waiting_of_order", "order", "kind", "id", postgresql_where=WAITING),
    Index("outbox_dead", "died_at", "id", postgresql_where=text("died_at IS NOT NULL")),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("holder", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body_hash", Text, nullable=False),
    Column("order", Text, ForeignKey("orders.id", deferrable=True, initially="DEFERRED"), nullable=False),
    Column("created_at", INSTANT, nullable=False, index=True),
    # Until then the request may be running; without one it was answered.
    Column("leased_until", INSTANT),
    Column("status", SmallInteger),
    Column("body", LargeBinary),
    PrimaryKeyConstraint("holder", "key"),
    CheckConstraint("char_length(holder) BETWEEN 1 AND 255", name="holder"),
    CheckConstraint("char_length(key) BETWEEN 1 AND 255", name="key"),
    CheckConstraint("body_hash <> ''", name="body_hash"),
    CheckConstraint("status BETWEEN 100 AND 599", name="status"),
    CheckConstraint("(status IS NULL) = (body IS NULL)", name="answer"),
    CheckConstraint("(leased_until IS NULL) = (body IS NOT NULL)", name="leased_until"),
)
