"""Key names: one slot for each showtime, under the prefix."""

import pytest

from server.seats.keys import Keys


def test_all_keys_of_a_showtime_share_a_hash_tag() -> None:
    """They live in one slot of a cluster, the channel among them."""
    keys = Keys("cinebook:").showtime("demo")
    assert keys.seats == "cinebook:{st:demo}:seats"
    assert all(key.startswith("cinebook:{st:demo}:") for key in keys)
    assert len(set(keys)) == len(keys)


def test_showtimes_do_not_share_keys() -> None:
    """No key of one is a key of another."""
    keys = Keys("")
    assert not set(keys.showtime("a")) & set(keys.showtime("b"))


@pytest.mark.parametrize("prefix", ["{x}", "a{", "}"])
def test_a_prefix_without_braces_only(prefix: str) -> None:
    """A brace in the prefix would move the hash tag."""
    with pytest.raises(ValueError, match="brace"):
        Keys(prefix)
