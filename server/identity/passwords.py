"""Passwords as argon2id hashes, worked out in a few threads of their own: each takes 64 MiB and a tenth of a second."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from server.domain.errors import RateLimitedError
from server.domain.staff import normal_password

THREADS: Final = 2
"""How many hashes are worked out at once; what runs beside them is served all the same."""

PLACES: Final = 16
"""How many people may be on their way in at once; more would only wait."""

_BUSY_MS: Final = 1000

T = TypeVar("T")


class Passwords:
    """Hashes and verifies passwords off the event loop, under the parameters of `hasher`; `close` ends its threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._taken = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue for whoever signs in; raises `RateLimitedError` where all are taken."""
        if self._taken == PLACES:
            raise RateLimitedError(retry_after_ms=_BUSY_MS)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def hash(self, password: str) -> str:
        """The hash to be kept; each has its own salt."""
        return await self._run(lambda: self._hasher.hash(normal_password(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` is the one that was hashed; without a hash it takes as long to say no."""
        if password_hash is None:
            await self.hash(password)
            return False
        return await self._run(lambda: self._matches(password_hash, normal_password(password)))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made under other parameters than those of today."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads, after what they are at."""
        self._threads.shutdown()

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
