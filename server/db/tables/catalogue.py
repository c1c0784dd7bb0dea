"""The tables of the catalogue.

    cinemas ─< halls ─< layouts ─< zones ─< seats
                  │        │         │        │
    films ───────< showtimes ───────< prices  │
                       └──────────< blocks >──┘

Instants are `timestamptz` to the millisecond. What a table can refuse, it refuses: a pair that is not mutual, a price
of a zone that the layout does not have, a block on a seat that the layout does not have. Three rules need triggers,
which stand in the migrations: layouts and their seats never change, a layout has all the seats that it announces, and
every zone that a showtime sells has its price (the last two at commit).
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from server.db.tables.metadata import INSTANT, SLUG, metadata

epoch_ordinals = Sequence("epoch_ordinals", metadata=metadata, data_type=BigInteger())
"""Orders the epochs of all showtimes."""

cinemas = Table(
    "cinemas",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    CheckConstraint(f"id ~ '{SLUG}'", name="id"),
    CheckConstraint("name <> ''", name="name"),
    # PostgreSQL would also take abbreviations and POSIX rules such as `EST5`, which Python does not know. The second
    # half raises for a name that PostgreSQL does not know, and then for every question about the cinema's days.
    CheckConstraint(
        r"time_zone ~ '^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$'"
        " AND (TIMESTAMPTZ '2000-01-01 00:00:00+00' AT TIME ZONE time_zone) IS NOT NULL",
        name="time_zone",
    ),
)

halls = Table(
    "halls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("cinema", Text, ForeignKey("cinemas.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    CheckConstraint(f"id ~ '{SLUG}'", name="id"),
    CheckConstraint("name <> ''", name="name"),
)

layouts = Table(
    "layouts",
    metadata,
    # One sequence for all halls, so that a version is never used for another layout.
    Column("version", BigInteger, Identity(always=True), primary_key=True),
    Column("hall", Text, ForeignKey("halls.id"), nullable=False),
    Column("width", Double, nullable=False),
    Column("height", Double, nullable=False),
    Column("seat_count", Integer, nullable=False),
    # SHA-256 of the content: the same seats of a hall are not entered under two versions.
    Column("fingerprint", Text, nullable=False),
    UniqueConstraint("hall", "fingerprint"),
    # What showtimes refer to, so that they sell a layout of their own hall.
    UniqueConstraint("hall", "version"),
    CheckConstraint("width > 0 AND width < 'Infinity' AND height > 0 AND height < 'Infinity'", name="size"),
    CheckConstraint("seat_count > 0", name="seat_count"),
)

zones = Table(
    "zones",
    metadata,
    Column("layout", BigInteger, ForeignKey("layouts.version"), nullable=False),
    Column("id", Text, nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("layout", "id"),
    UniqueConstraint("layout", "place"),
    CheckConstraint(f"id ~ '{SLUG}'", name="id"),
    CheckConstraint("name <> ''", name="name"),
)

seats = Table(
    "seats",
    metadata,
    Column("layout", BigInteger, nullable=False),
    Column("index", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("x", Double, nullable=False),
    Column("y", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("pair", Text),
    PrimaryKeyConstraint("layout", "index"),
    UniqueConstraint("layout", "id"),
    UniqueConstraint("layout", "id", "pair"),
    ForeignKeyConstraint(["layout", "zone"], ["zones.layout", "zones.id"]),
    # The seat named by `pair` must name this one: pairs are mutual, and of two.
    ForeignKeyConstraint(
        ["layout", "pair", "id"], ["seats.layout", "seats.id", "seats.pair"], deferrable=True, initially="DEFERRED"
    ),
    CheckConstraint("index >= 0", name="index"),
    CheckConstraint("id ~ '^[A-Za-z0-9-]{1,16}$'", name="id"),
    CheckConstraint("row <> ''", name="row"),
    CheckConstraint("number >= 0", name="number"),
    CheckConstraint("x >= 0 AND x < 'Infinity' AND y >= 0 AND y < 'Infinity'", name="place"),
    CheckConstraint("kind IN ('standard', 'vip', 'couple', 'wheelchair', 'companion')", name="kind"),
    CheckConstraint("pair <> id", name="pair"),
    CheckConstraint("kind NOT IN ('couple', 'companion') OR pair IS NOT NULL", name="paired_kinds"),
)

films = Table(
    "films",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    Column("rating", Text, nullable=False),
    CheckConstraint(f"id ~ '{SLUG}'", name="id"),
    CheckConstraint("title <> ''", name="title"),
    CheckConstraint("duration_minutes > 0", name="duration_minutes"),
)

showtimes = Table(
    "showtimes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hall", Text, nullable=False),
    Column("layout", BigInteger, nullable=False),
    Column("film", Text, ForeignKey("films.id"), nullable=False, index=True),
    Column("starts_at", INSTANT, nullable=False),
    Column("opens_at", INSTANT, nullable=False),
    Column("closes_at", INSTANT, nullable=False),
    # One currency a showtime: an order over several zones has one total.
    Column("currency", Text, nullable=False),
    # Without a value the default limit of the settings applies.
    Column("max_seats", Integer),
    Column("hold_ms", Integer),
    Column("max_hold_ms", Integer),
    ForeignKeyConstraint(["hall", "layout"], ["layouts.hall", "layouts.version"]),
    # What prices and blocks refer to, so that they are of the layout that is sold.
    UniqueConstraint("id", "layout"),
    CheckConstraint(f"id ~ '{SLUG}'", name="id"),
    CheckConstraint("opens_at < closes_at", name="sales"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("max_seats BETWEEN 1 AND 50", name="max_seats"),
    CheckConstraint("hold_ms > 0", name="hold_ms"),
    CheckConstraint("max_hold_ms >= hold_ms", name="max_hold_ms"),
    # Both or neither: one of them beside a default of the other could leave a cap below the hold.
    CheckConstraint("(hold_ms IS NULL) = (max_hold_ms IS NULL)", name="hold_limits"),
    Index(None, "starts_at", "id"),
    # What is on sale is found without walking through all that ever was.
    Index(None, "closes_at"),
    Index(None, "hall", "starts_at"),
)

prices = Table(
    "prices",
    metadata,
    Column("showtime", Text, nullable=False),
    Column("layout", BigInteger, nullable=False),
    Column("zone", Text, nullable=False),
    Column("price", BigInteger, nullable=False),
    PrimaryKeyConstraint("showtime", "zone"),
    ForeignKeyConstraint(["showtime", "layout"], ["showtimes.id", "showtimes.layout"], ondelete="CASCADE"),
    ForeignKeyConstraint(["layout", "zone"], ["zones.layout", "zones.id"]),
    # Numbers on the wire stay within 2^53 - 1.
    CheckConstraint("price BETWEEN 0 AND 9007199254740991", name="price"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("showtime", Text, nullable=False),
    Column("layout", BigInteger, nullable=False),
    Column("seat", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("showtime", "seat"),
    ForeignKeyConstraint(["showtime", "layout"], ["showtimes.id", "showtimes.layout"], ondelete="CASCADE"),
    ForeignKeyConstraint(["layout", "seat"], ["seats.layout", "seats.index"]),
    CheckConstraint("reason <> ''", name="reason"),
)
"""House seats: `seat` is an index of the layout that the showtime sells."""
