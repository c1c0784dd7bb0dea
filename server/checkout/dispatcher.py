"""Works the outbox off: every worker takes what is due, and each job is one worker's at a time."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from server.checkout.jobs import HopelessError, Jobs, NotYetError
from server.checkout.points import Point, Reach, pass_by
from server.domain.errors import CineBookError, DeliveryError, UnavailableError
from server.domain.orders import EffectKind
from server.ports.outbox import Job, Outbox

LEASE_MS: Final = 60_000
"""How long a job is one worker's: longer than a gateway may take, so that nobody does it beside a slow one."""

BATCH: Final = 20
MAX_ATTEMPTS: Final = 20
"""After so many failures, about an hour, a person must look. What the seat store is told is tried for ever."""

LONGEST_MS: Final = 300_000

_log = structlog.get_logger(__name__)


class Dispatcher:
    """Does what the outbox holds: when `due` is set, and every `poll_ms`. `start` before use, `close` after it.

    `failed` is told of each effect that could not be done, with what came in the way. `reach` is for tests.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        jobs: Jobs,
        due: asyncio.Event,
        now: Callable[[], int],
        poll_ms: int = 1000,
        failed: Callable[[EffectKind, str], None] = lambda _kind, _error: None,
        reach: Reach = pass_by,
    ) -> None:
        self._outbox = outbox
        self._jobs = jobs
        self._now = now
        self._poll_s: Final = poll_ms / 1000
        self._failed = failed
        self._reach = reach
        self._due = due
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def close(self) -> None:
        """Stop; a job that is being done is given up, and done again when its lease is over."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def work(self) -> int:
        """Do all that is due now; how many jobs that was."""
        total = 0
        while jobs := await self._outbox.claim(now=self._now(), lease_ms=LEASE_MS, limit=BATCH):
            self._reach(Point.CLAIMED)
            total += len(jobs)
            await asyncio.gather(*(self._do(job) for job in jobs))
        return total

    async def _run(self) -> None:
        while True:
            self._due.clear()
            try:
                await self.work()
            except UnavailableError as error:
                _log.debug("the outbox waits", reason=str(error))
            except Exception:  # noqa: BLE001 - the boundary: a dispatcher that ended here would end for good, unseen
                _log.exception("the outbox stumbled")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), self._poll_s)

    async def _do(self, job: Job) -> None:
        try:
            await self._jobs.do(job)
        except HopelessError as error:
            await self._give_up(job, str(error))
        except DeliveryError as error:
            if error.permanent:
                await self._give_up(job, str(error))
            else:
                await self._again(job, str(error), None)
        except NotYetError as error:
            await self._again(job, str(error), error.after_ms)
        except CineBookError as error:
            await self._again(job, type(error).__name__, None)
        except Exception as error:  # noqa: BLE001 - the boundary: one job's defect must not hold up the others
            _log.exception("a job of the outbox failed", kind=job.effect.kind.value, order=job.order)
            await self._again(job, type(error).__name__, None)
        else:
            await self._outbox.done(job)
            self._reach(Point.DONE)

    async def _again(self, job: Job, error: str, after_ms: int | None) -> None:
        if job.attempt >= MAX_ATTEMPTS and job.effect.kind is not EffectKind.SEATS:
            await self._give_up(job, error)
            return
        wait_ms = after_ms if after_ms is not None else min(LONGEST_MS, 500 * 2 ** min(job.attempt, 12))
        self._failed(job.effect.kind, error)
        await self._outbox.failed(job, error, again_at=self._now() + wait_ms)

    async def _give_up(self, job: Job, error: str) -> None:
        self._failed(job.effect.kind, error)
        _log.error("a job of the outbox was given up", kind=job.effect.kind.value, order=job.order, error=error)
        await self._outbox.failed(job, error, again_at=None)
