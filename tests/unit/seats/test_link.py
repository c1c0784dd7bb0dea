"""Where a store's links go."""

import pytest

from server.seats.link import address


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "localhost:6379",
        "",
        "redis://localhost?socket_timeout=soon",
        "redis://localhost?no_such_option=1",
        "rediss://localhost?ssl_cert_reqs=perhaps",
    ],
)
def test_a_url_that_is_none_is_refused_at_once(url: str) -> None:
    """A wrong address is an error of the settings, not a store that does not answer."""
    with pytest.raises(ValueError, match="URL"):
        address(url, 1.0)


def test_a_link_retries_nothing() -> None:
    """redis-py's own retries would run a script twice."""
    connection = address("redis://localhost:1", 1.0).make_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
    assert connection.retry.get_retries() == 0
