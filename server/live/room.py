"""One showtime on this worker: who watches it, and what they are sent."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from protocol.codes import CloseCode, NoticeCode
from protocol.from_server import Delta, ServerMessage, Viewers
from server.domain.holds import Holder
from server.domain.showtimes import Showtime
from server.live.bounds import Bounds
from server.live.coalescer import Coalescer
from server.live.fanout import Fanout
from server.live.follower import Follower
from server.live.frames import Broadcast, Way
from server.live.outgoing import Outgoing
from server.ops import metrics
from server.ports import Announcement, Position, SeatStore

if TYPE_CHECKING:
    from server.live.session import Session


class Room:
    """The members of one showtime, and the fan-out to them.

    What is sent to all is encoded once for each way of writing and written to each connection that keeps up; nothing
    here waits for a client. One that falls behind is left out until it has caught up, see `suspend`.
    """

    def __init__(self, showtime: Showtime, store: SeatStore, bounds: Bounds) -> None:
        self.showtime: Final = showtime
        self.members: set[Session] = set()
        self.follower: Final = Follower(showtime.id, store, self, log_length=bounds.log_length)
        self._live: dict[Way, dict[Session, Outgoing]] = {}
        self._fanout = Fanout()
        self._holders: dict[str, set[Session]] = {}
        self._coalescer = Coalescer(self._send_delta, interval_s=bounds.coalesce_ms / 1000)
        self.ended = False
        """Whether the showtime cannot be followed any more."""
        self._viewers = 0
        self._viewers_known = True

    async def ready(self) -> None:
        """Return once the map was read for the first time; raises what that read raised for good."""
        await self.follower.ready()

    def close(self) -> None:
        """Stop following; the members are not told."""
        self.follower.close()
        self._coalescer.close()

    # Members

    def enter(self, session: "Session") -> None:
        """Let a session that was greeted receive what is sent to all from now on."""
        self.members.add(session)
        self.admit(session)
        if len(self.members) == 1:
            # Its `welcome` tells the only one there is.
            self._viewers, self._viewers_known = self.viewers, True
        elif self.viewers != self._viewers:
            # Its `welcome` says another count than the others have.
            self._viewers_known = False

    def leave(self, session: "Session") -> None:
        """Forget a session; one that never entered is no error."""
        self.members.discard(session)
        self.suspend(session)

    def admit(self, session: "Session") -> None:
        """Send to a member that has the present map, or is sent it in this very turn."""
        outgoing = session.outgoing
        self._live.setdefault(outgoing.way, {})[session] = outgoing

    def suspend(self, session: "Session") -> None:
        """Send nothing more to a member for the time being; it stays a member."""
        self._live.get(session.outgoing.way, {}).pop(session, None)

    def register(self, session: "Session", holder: Holder) -> None:
        """Tell `session` from now on what happens to the holder's locks."""
        self._holders.setdefault(holder.id, set()).add(session)

    def unregister(self, session: "Session", holder: Holder) -> None:
        """The opposite of `register`."""
        sessions = self._holders.get(holder.id, set())
        sessions.discard(session)
        if not sessions:
            self._holders.pop(holder.id, None)

    # What is sent to all

    def broadcast(self, message: ServerMessage) -> None:
        """Write one message to every member that keeps up."""
        self._write(Broadcast(message))

    def tell_viewers(self, count: int) -> None:
        """Send `viewers` if anybody was told another count last."""
        if count != self._viewers or not self._viewers_known:
            self._viewers, self._viewers_known = count, True
            self.broadcast(Viewers(count=count))

    @property
    def viewers(self) -> int:
        """How many watch: as last heard of all workers, and at least those who are here."""
        return max(self._viewers, len(self.members))

    def notify(self, code: NoticeCode) -> None:
        """Tell the person in front of every member something, in their language."""
        for session in self._keeping_up():
            session.notify(code)

    def close_members(self, code: CloseCode) -> None:
        """Close every member's connection."""
        for member in tuple(self.members):
            member.outgoing.close(code)

    def _write(self, broadcast: Broadcast) -> None:
        for way, members in self._live.items():
            if members:
                self._fanout.send(broadcast, way, tuple(members.values()))

    def _send_delta(self, delta: Delta) -> None:
        self.follower.history.append(delta)
        metrics.FLUSHES.inc()
        self.broadcast(delta)
        self._fanout.then(self._coalescer.sent)

    def _keeping_up(self) -> Iterator["Session"]:
        for writers in self._live.values():
            yield from tuple(writers)

    # What the follower finds

    def on_changes(self, delta: Delta) -> None:
        """Letters changed: members are sent them, folded with those that follow at once."""
        if self._coalescer.unsent:
            metrics.COALESCED.inc()
        self._coalescer.add(delta)

    def on_private(self, announcement: Announcement) -> None:
        """Tell the holders concerned what an announcement means for them."""
        for change in announcement.private:
            for session in tuple(self._holders.get(change.holder, ())):
                session.holder_changed(change, announcement)

    def on_snapshot(self, *, new_layout: bool) -> None:
        """The map was replaced: members get all of it."""
        self._coalescer.restart(self.follower.map.version)
        metrics.SNAPSHOTS.inc(sum(map(len, self._live.values())))
        self._write(self.follower.snapshot())
        # At once: what holders are told next is of the new epoch.
        self._fanout.finish()
        if new_layout:
            self.notify(NoticeCode.SHOWTIME_CHANGED)

    def on_missed(self) -> None:
        """Something may have been missed: each connected holder is read again."""
        for sessions in tuple(self._holders.values()):
            for session in tuple(sessions):
                session.reread()

    def on_ended(self) -> None:
        """The showtime cannot be followed any more; whoever comes later finds out anew."""
        self.ended = True
        self.close_members(CloseCode.UNKNOWN_SHOWTIME)

    # Positions

    def catch_up(self, position: Position | None) -> Broadcast:
        """What leads from `position` to the map: one folded delta where the history reaches back, else a snapshot."""
        seat_map = self.follower.map
        if position is None or position.epoch != seat_map.epoch or position.version > seat_map.version:
            return self.follower.snapshot()
        changes = self.follower.history.since(position.version)
        if changes is None:
            return self.follower.snapshot()
        changes |= self._coalescer.unsent
        delta = Delta(from_version=position.version, version=seat_map.version, changes=list(changes.items()))
        return Broadcast(delta)
