"""How often one may try to sign in: after some failures each further one has to wait, twice as long as the last."""

from typing import Final

import msgspec

FREE_BY_LOGIN: Final = 5
"""Failures with one login, wherever they come from, before the first delay."""

FREE_BY_ADDRESS: Final = 20
"""Failures from one address, whatever the logins: many people may share it."""

FIRST_DELAY_MS: Final = 2000
LONGEST_DELAY_MS: Final = 300_000

FORGET_MS: Final = 900_000
"""Failures count until nothing has been tried for so long; longer than the longest delay."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What attempts are counted by: a login or an address, as a keyed hash of 32 bytes, and how many are `free`."""

    key: bytes
    free: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt that was let through: it counts as a failure, the `counts`-th of each subject, until forgiven."""

    subjects: tuple[Subject, ...]
    counts: tuple[int, ...]


def delay_ms(count: int, free: int) -> int:
    """How long the next attempt must wait after `count` failures."""
    if count < free:
        return 0
    # Doubled at most so often: the result is capped long before.
    return min(LONGEST_DELAY_MS, FIRST_DELAY_MS << min(count - free, 16))
