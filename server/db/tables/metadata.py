"""What all tables share: one metadata with its naming of constraints, and the types of ids and instants."""

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s",
    }
)

SLUG = "^[A-Za-z0-9_-]{1,64}$"
"""What the ids of cinemas, halls, films, zones and showtimes look like."""

INSTANT = TIMESTAMP(timezone=True, precision=3)
