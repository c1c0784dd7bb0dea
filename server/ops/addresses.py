"""Lists of addresses and networks, and whose address a request has behind proxies."""

import ipaddress
from collections.abc import Iterable
from typing import Final

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks:
    """A list of addresses and networks, such as `203.0.113.7` or `10.0.0.0/8`. Raises ValueError for anything else."""

    def __init__(self, listed: Iterable[str] = ()) -> None:
        self._networks: Final[tuple[_Network, ...]] = tuple(ipaddress.ip_network(each, strict=False) for each in listed)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: object) -> bool:
        found = _read(address) if isinstance(address, str) else None
        return found is not None and any(found in network for network in self._networks)


def client_address(peer: str | None, forwarded_for: Iterable[str], trusted: Networks) -> str | None:
    """Whose address a request has: the peer's own, or what trusted proxies say.

    `forwarded_for` are the values of `X-Forwarded-For` in the order received. Each trusted proxy is believed about the
    one before it; the first address that is not a trusted proxy is the client, and what it claims itself counts for
    nothing. None if that is no address.
    """
    hops = [hop.strip() for value in forwarded_for for hop in value.split(",")]
    address = peer
    while address is not None and address in trusted and hops:
        address = hops.pop()
    found = None if address is None else _read(address)
    return None if found is None else str(found)


def _read(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket that takes both families writes an IPv4 peer as ::ffff:203.0.113.7.
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
