"""The bounds within which the live engine works; each is a setting."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Durations are milliseconds.

    `log_length`: deltas kept in memory for clients that resume. `coalesce_ms`: deltas of a room within this time go out
    as one; 0 sends each on its own. `check_ms`: how often rooms compare their position with the store's.
    `write_bytes`: what may wait for a client before it counts as behind. `slow_ms`: how long it may stay behind before
    it is closed.
    """

    log_length: int = 1000
    coalesce_ms: int = 25
    check_ms: int = 500
    write_bytes: int = 8 * 1024
    slow_ms: int = 10_000
