"""What is to be done after a commit, at least once."""

from collections.abc import Collection
from typing import Protocol

import msgspec

from server.domain.orders import Effect, EffectKind
from server.domain.staff import AuditEntry


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that this worker is to do now; `key` is the same whenever it is done, `attempt` counts from 1.

    `lease` tells this claim of the job from all others of it.
    """

    id: int
    key: str
    order: str
    effect: Effect
    attempt: int
    created_at: int
    lease: int = 0


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was given up: `error` names the kind of failure, never what was in the message."""

    job: Job
    error: str
    died_at: int


class Outbox(Protocol):
    """Effects waiting to be done. They are written by `Orders`, in the transaction that causes them."""

    async def claim(
        self, *, now: int, lease_ms: int, limit: int = 20, kinds: Collection[EffectKind] = tuple(EffectKind)
    ) -> tuple[Job, ...]:
        """Jobs of `kinds` that are due, each given to one worker for `lease_ms` (`FOR UPDATE SKIP LOCKED`).

        The oldest come first. Of one order only the oldest of a kind is given at a time.
        """
        ...

    async def done(self, job: Job) -> None:
        """It was done. Nothing happens if the job was claimed or queued anew since this claim of it."""
        ...

    async def failed(self, job: Job, error: str, *, again_at: int | None) -> None:
        """It was not; again from `again_at` (ms), or None: it is a dead letter. Counts as `done` does."""
        ...

    async def dead(self, *, limit: int = 100) -> tuple[DeadLetter, ...]:
        """What was given up, newest first."""
        ...

    async def revive(self, job: int, *, now: int, audit: AuditEntry) -> bool:
        """Queue a dead letter again, and record who had that done in the same transaction; whether there was one.

        Where there was none, nothing is recorded either.
        """
        ...

    async def waiting(self) -> int:
        """How many jobs are not done and not dead."""
        ...
