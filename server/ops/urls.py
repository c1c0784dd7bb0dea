"""What addresses among the settings must look like; each comes back as it is used, or is refused with the reason.

The reasons never quote an address: a part of it may be a password.
"""

from typing import Final
from urllib.parse import SplitResult, urlsplit

_WEB: Final = ("http", "https")


def of_scheme(url: str, *schemes: str) -> str:
    """An address with one of these schemes, or an empty one. Raises ValueError."""
    parts = read(url)
    if url and (parts.scheme not in schemes or not (parts.netloc or parts.path)):
        raise ValueError(f"must begin with {schemes[0]}://")
    return url


def web_address(url: str) -> str:
    """An http or https address without a query and without a slash at its end, or an empty one. Raises ValueError."""
    url = url.strip().rstrip("/")
    parts = read(url)
    if url and (parts.scheme not in _WEB or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("must be an address without a query, such as https://payment.example/pay")
    return url


def origin(url: str) -> str:
    """A scheme and a host, as browsers name where a page comes from, or an empty one. Raises ValueError."""
    url = url.strip().rstrip("/")
    parts = read(url)
    more = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    if url and (parts.scheme not in _WEB or not parts.hostname or more):
        raise ValueError("must be a scheme and a host, such as https://tickets.example")
    return url


def read(url: str) -> SplitResult:
    """The parts of an address, its port among them if it has one. Raises ValueError."""
    if not url.isprintable() or " " in url:
        raise ValueError("must not have blanks in it")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("must have a host that can be read; write characters such as [ in a password as %5B") from None
    # Reading it is what checks it.
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must have a number as its port; write characters such as / in a password as %2F") from None
    return parts
