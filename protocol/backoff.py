"""Full-jitter exponential back-off: a crowd that was cut off together does not come back together."""

from typing import Final

BASE_MS: Final = 250
"""The first wait is anything up to this."""

CAP_MS: Final = 10_000
"""No wait is longer than this."""

_ATTEMPTS_TO_CAP: Final = 6


def backoff_ms(attempt: int, random: float) -> int:
    """Milliseconds to wait before attempt number `attempt` (from 0), given a `random` number from 0 up to 1."""
    return int(random * min(CAP_MS, BASE_MS << min(attempt, _ATTEMPTS_TO_CAP)))
