"""The table of browsers that want to be told things."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from server.db.tables.metadata import INSTANT, metadata

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint("char_length(endpoint) BETWEEN 1 AND 2000", name="endpoint"),
    CheckConstraint("char_length(holder) BETWEEN 1 AND 255", name="holder"),
    CheckConstraint("char_length(p256dh) BETWEEN 1 AND 255 AND char_length(auth) BETWEEN 1 AND 255", name="keys"),
    CheckConstraint("locale IN ('vi', 'en')", name="locale"),
    Index(None, "holder", "created_at"),
)
