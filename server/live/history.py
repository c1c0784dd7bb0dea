"""The deltas that a room sent lately, for those who resume."""

from collections import deque

from protocol.from_server import Delta
from protocol.scalars import Letter


class History:
    """At most `length` consecutive deltas of one epoch."""

    def __init__(self, length: int) -> None:
        self._deltas: deque[Delta] = deque(maxlen=length)
        self._version = 0

    def restart(self, version: int) -> None:
        """Forget everything; what follows starts from `version`."""
        self._deltas.clear()
        self._version = version

    def append(self, delta: Delta) -> None:
        """Take the delta that was sent after all others."""
        self._deltas.append(delta)
        self._version = delta.version

    def since(self, version: int) -> dict[int, Letter] | None:
        """Every letter that changed after `version`, by seat, perhaps with some that changed before; None if unknown.

        Letters are absolute: one that changed before does no harm to a map at `version`.
        """
        if version >= self._version:
            return {}
        if not self._deltas or version < self._deltas[0].from_version:
            return None
        found: dict[int, Letter] = {}
        for delta in self._deltas:
            if delta.version > version:
                found.update(delta.changes)
        return found
