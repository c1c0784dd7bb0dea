"""What all tables share: one metadata with its naming of constraints, and the types of ids and instants."""

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.db import slugs

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s",
    }
)

SLUG = f"^{slugs.SLUG.pattern}$"
"""Slugs, as PostgreSQL compares them."""

INSTANT = TIMESTAMP(timezone=True, precision=3)
