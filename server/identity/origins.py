"""Which pages may speak for a browser: the Origin rule of the socket, and the rule against forged requests of HTTP."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_WEB_SCHEMES: Final = {"ws": "http", "wss": "https"}
_OWN_SITES: Final = frozenset({"same-origin", "none"})


@dataclass(frozen=True, kw_only=True)
class OriginPolicy:
    """The server's own origin and the others that are listed.

    `public_url` is where people reach the server. While it is empty, the server's own origin is the request's scheme
    and Host; but only if that host is a loopback name, an IP literal or `host`, because any other name may be one
    that a hostile site has pointed here.
    """

    public_url: str
    host: str
    listed: tuple[str, ...]

    def origin_allowed(self, origin: str | None, scheme: str, host: str) -> bool:
        """Whether a page of `origin` may connect; `scheme` and `host` (the Host header) are the request's own.

        None is no browser, and allowed; `null` is refused.
        """
        if origin is None:
            return True
        return self._is_own(origin, scheme, host) or self.is_listed(origin)

    def write_allowed(self, origin: str | None, fetch_site: str | None, scheme: str, host: str) -> bool:
        """Whether a request that may change something comes from where it may: see `origin_allowed`.

        An own or listed Origin, or a `Sec-Fetch-Site` of `same-origin` or `none`, or neither header.
        """
        if fetch_site in _OWN_SITES:
            return True
        if origin is None:
            return fetch_site is None
        return self.origin_allowed(origin, scheme, host)

    def is_listed(self, origin: str) -> bool:
        """Whether `origin` is one of the other origins listed in the settings."""
        normal = normalise(origin)
        return normal is not None and any(normal == normalise(other) for other in self.listed)

    def _is_own(self, origin: str, scheme: str, host: str) -> bool:
        normal = normalise(origin)
        if normal is None:
            return False
        if self.public_url:
            return normal == normalise(self.public_url)
        return normal == normalise(f"{_WEB_SCHEMES.get(scheme, scheme)}://{host}") and self._is_known(normal)

    def _is_known(self, origin: str) -> bool:
        name = urlsplit(origin).hostname or ""
        if name == "localhost" or name.endswith(".localhost") or name == self.host.lower():
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def normalise(origin: str) -> str | None:
    """An origin in lower case without its default port; None if it is none, such as `null`."""
    try:
        parts = urlsplit(origin.strip().lower())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return (
        f"{parts.scheme}://{host}"
        if port in {None, _DEFAULT_PORTS[parts.scheme]}
        else f"{parts.scheme}://{host}:{port}"
    )
