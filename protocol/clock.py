"""The server's clock as a client knows it: its own, corrected by an offset that messages teach it."""


class ServerClock:
    """Estimates the seat store's time from a local clock; both in milliseconds, whatever the local one counts from."""

    __slots__ = ("_offset", "_round_trip")

    def __init__(self) -> None:
        self._offset = 0
        self._round_trip: int | None = None

    def welcome(self, server_at: int, now: int) -> None:
        """Start afresh with a new connection: nothing is known of the journey yet, so it counts as no time at all."""
        self._offset = server_at - now
        self._round_trip = None

    def pong(self, server_at: int, asked_at: int, now: int) -> None:
        """Learn from an answer, taking the journey as equally long both ways.

        The error is at most half of the round trip, so the shortest that a connection has seen stands.
        """
        round_trip = now - asked_at
        if self._round_trip is None or round_trip <= self._round_trip:
            self._round_trip = round_trip
            self._offset = server_at - asked_at - round_trip // 2

    def at(self, now: int) -> int:
        """The server's time at local time `now`; the local time itself before anything was learnt."""
        return now + self._offset
