"""Lists of networks, and whose address a request has behind proxies."""

import pytest

from server.ops.addresses import Networks, client_address

PROXIES = Networks(("10.0.0.0/8", "2001:db8::1"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("6.6.6.6, 198.51.100.1, 10.0.0.2",), "198.51.100.1"),
        ("10.0.0.1", ("6.6.6.6", "198.51.100.1", "10.0.0.2"), "198.51.100.1"),
        ("::ffff:10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("2001:db8::1", ("2001:DB8::42",), "2001:db8::42"),
        ("10.0.0.1", ("nonsense",), None),
        ("10.0.0.1", ("",), None),
        ("10.0.0.1", (), "10.0.0.1"),
        (None, ("198.51.100.1",), None),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str | None, forwarded: tuple[str, ...], found: str | None) -> None:
    """The client is the last address that is no trusted proxy; what it claims itself counts for nothing."""
    assert client_address(peer, forwarded, PROXIES) == found


def test_lists_hold_addresses_and_networks() -> None:
    """A list holds what it names, and no name of a host; an empty one is false and holds nothing."""
    listed = Networks(("203.0.113.7", "2001:db8::/32"))
    assert "203.0.113.7" in listed
    assert "2001:db8:1::1" in listed
    assert "203.0.113.8" not in listed
    assert "localhost" not in listed
    assert not Networks()
    with pytest.raises(ValueError, match="vnpay"):
        Networks(("vnpay.example",))
