"""Whom clients of HTTP trust, for tests that make many of them.

A client that is given nothing reads the file of authorities anew, which takes longer than most of what it asks for.
"""

import ssl
from typing import Final

import httpx

TRUSTED: Final[ssl.SSLContext] = httpx.create_ssl_context()
"""What a client trusts by itself."""
