"""The table of what happened to seats.

What happened stays: rows have no foreign keys, and a trigger, which stands in the migration, lets none be changed or
taken away.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, text

from server.db.tables.metadata import INSTANT, SLUG, metadata

seat_ledger = Table(
    "seat_ledger",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("showtime", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("seat", Integer, nullable=False),
    Column("event", Text, nullable=False),
    Column("holder_hash", Text),
    Column("order", Text),
    Column("reason", Text),
    Column("at", INSTANT, nullable=False),
    CheckConstraint(f"showtime ~ '{SLUG}'", name="showtime"),
    CheckConstraint("version >= 0", name="version"),
    CheckConstraint("seat >= 0", name="seat"),
    CheckConstraint("event ~ '^[a-z]{1,16}$'", name="event"),
    Index(
        "seat_ledger_changes",
        *("showtime", "epoch", "version", "seat", "event"),
        unique=True,
        postgresql_where=text("event <> 'refused'"),
    ),
    # A refusal raises no version: who was refused and when tells them apart.
    Index(
        "seat_ledger_refusals",
        *("showtime", "epoch", "version", "seat", "holder_hash", "at"),
        unique=True,
        postgresql_where=text("event = 'refused'"),
    ),
    Index(None, "showtime", "seat", "at"),
)
