"""Database URLs."""

import pytest

from server.db.engine import create_engine, plain_url


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("postgresql://u:p@h:1/d", "postgresql://u:p@h:1/d"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgres://h/d", "postgresql://h/d"),
        ("postgresql+asyncpg://u@/d?host=/tmp/s", "postgresql://u@/d?host=/tmp/s"),
    ],
)
def test_urls(url: str, plain: str) -> None:
    """A URL may name SQLAlchemy's driver or not; hosts and options are left as they are."""
    assert plain_url(url) == plain


@pytest.mark.parametrize("url", ["", "demo", "mysql://h/d", "sqlite:///d", "redis://h", "postgresqlx://h/d"])
def test_other_urls_are_refused(url: str) -> None:
    """A URL of another kind of server is refused at once, without telling it to anybody: it may hold a password."""
    with pytest.raises(ValueError, match=r"^a database URL begins with postgresql://$"):
        create_engine(url, connections=1, timeout_ms=1)
