"""Staff's cookie, addresses, and the hashing of passwords."""

import asyncio

import pytest
from argon2 import PasswordHasher

from server.domain.errors import RateLimitedError
from server.identity.passwords import PLACES, Passwords
from server.identity.sessions import Cookie
from server.identity.staff import network_of, staff_cookie

SECRET = b"a secret of thirty-two bytes, yes"


def test_the_cookie_is_beside_that_of_guests() -> None:
    """Of another name, by http and by https, where no other host may set it."""
    plain, safe = staff_cookie(SECRET, ""), staff_cookie(SECRET, "https://tickets.example")
    assert plain.name.startswith("cinebook_staff_")
    assert safe.name == f"__Host-{plain.name}"
    assert (plain.secure, safe.secure) == (False, True)
    assert plain.name != Cookie.for_public_url(SECRET, "").name


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("a proxy's name", "a proxy's name"),
    ],
)
def test_an_address_stands_for_those_behind_it(address: str, network: str) -> None:
    """One of IPv4 for itself, one of IPv6 for its network, and what is none for itself too."""
    assert network_of(address) == network


async def test_hashes_are_argon2id_of_the_recommended_cost() -> None:
    """With a salt of their own each; one of another cost is outdated."""
    passwords = Passwords()
    one, other = [await passwords.hash("a password") for _ in range(2)]
    passwords.close()
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other
    assert not passwords.is_outdated(one)
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a password"))


async def test_the_loop_runs_on_while_a_password_is_verified() -> None:
    """Others are served: the loop turns many times before the answer is there."""
    passwords = Passwords()
    kept = await passwords.hash("a password")
    verifying = asyncio.create_task(passwords.verify(kept, "a password"))
    turns = 0
    while not verifying.done():
        await asyncio.sleep(0)
        turns += 1
    assert verifying.result()
    assert not await passwords.verify(kept, "another password")
    assert not await passwords.verify(None, "a password")
    passwords.close()
    assert turns > 10


def test_no_more_wait_than_there_are_places() -> None:
    """The next is told to come again, and a place that is left is free."""
    passwords = Passwords()
    taken = [passwords.place() for _ in range(PLACES)]
    for place in taken:
        place.__enter__()
    with pytest.raises(RateLimitedError), passwords.place():
        raise AssertionError("let through")
    taken[0].__exit__(None, None, None)
    with passwords.place():
        pass
    passwords.close()
