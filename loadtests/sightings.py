"""When a lock is seen by others: puts together who locked, with the version of the answer, and who saw that version."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

KEPT: Final = 2000
"""Versions of which one half is remembered until the other comes."""


class Sightings:
    """For one showtime; `report(seconds)` is told the time from each lock's sending to each arrival of its delta."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._sent: OrderedDict[int, float] = OrderedDict()
        self._seen: OrderedDict[int, list[float]] = OrderedDict()

    def locked(self, version: int, sent: float) -> None:
        """The lock that was sent then became this version; perhaps others saw it before its answer came."""
        self._sent[version] = sent
        for seen in self._seen.pop(version, ()):
            self._report(seen - sent)
        if len(self._sent) > KEPT:
            self._sent.popitem(last=False)

    def saw(self, before: int, version: int, when: float) -> None:
        """A viewer's map moved from one version to another."""
        for each in range(before + 1, version + 1):
            if each in self._sent:
                self._report(when - self._sent[each])
            else:
                self._seen.setdefault(each, []).append(when)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
