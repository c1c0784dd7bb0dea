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
from server.ops.ending import ended
from server.ports.outbox import Job, Outbox

LEASE_MS: Final = 60_000
"""How long a job is one worker's."""

JOB_S: Final = 50.0
"""How long one may be at a job: less than the lease, so that nobody does it beside a slow one."""

LANES: Final = (
    (EffectKind.SEATS, EffectKind.RESEAT),
    (EffectKind.REFUND, EffectKind.CAPTURE, EffectKind.VOID),
    (EffectKind.NOTICE,),
)
"""Who is waited for: the seat store, gateways, mail servers. One that is silent holds up none of the others."""

BATCH: Final = 20
MAX_ATTEMPTS: Final = 20
GIVE_UP_MS: Final = 3_600_000
"""After so many failures, and no sooner than an hour, a person must look."""

TIRELESS: Final = LANES[0]
"""What the seat store is told is tried for ever: seats are kept or sold by it, and late money waits for it."""

LONGEST_MS: Final = 300_000

log = structlog.get_logger(__name__)


class Bell:
    """Wakes those who wait for something to do; a ring is lost on none of them, however busy."""

    def __init__(self) -> None:
        self._rung = tuple(asyncio.Event() for _ in LANES)

    def ring(self) -> None:
        """There is something to do."""
        for rung in self._rung:
            rung.set()

    def quiet(self, lane: int) -> None:
        """The lane is about to look."""
        self._rung[lane].clear()

    async def wait(self, lane: int, seconds: float) -> None:
        """Until it rings, or has since the lane began to look, but no longer than `seconds`."""
        # `wait_for` would lose a cancellation that comes with the ring, up to Python 3.11.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung[lane].wait()


class Dispatcher:
    """Does what the outbox holds: when `bell` rings, and every `poll_ms`. `start` before use, `close` after it.

    `failed` is told of each effect that could not be done, with what came in the way. `reach` is for tests.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        jobs: Jobs,
        bell: Bell,
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
        self._bell = bell
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to work."""
        self._tasks = [asyncio.create_task(self._run(lane), name=f"outbox {lane}") for lane in range(len(LANES))]

    async def close(self) -> None:
        """Stop; a job that is being done is given up, and done again when its lease is over."""
        await ended(*self._tasks)
        self._tasks.clear()

    async def work(self) -> int:
        """Do all that is due now, lane after lane; how many jobs that was."""
        total = 0
        while count := sum([await self._batch(kinds) for kinds in LANES]):
            total += count
        return total

    async def _batch(self, kinds: tuple[EffectKind, ...]) -> int:
        jobs = await self._outbox.claim(now=self._now(), lease_ms=LEASE_MS, limit=BATCH, kinds=kinds)
        if jobs:
            self._reach(Point.CLAIMED)
            await asyncio.gather(*(self._do(job) for job in jobs))
        return len(jobs)

    async def _run(self, lane: int) -> None:
        while True:
            self._bell.quiet(lane)
            try:
                while await self._batch(LANES[lane]):
                    pass
            except UnavailableError as error:
                log.debug("the outbox waits", reason=str(error))
            except Exception:  # the boundary: a dispatcher that ended here would end for good, unseen
                log.exception("the outbox stumbled")
            await self._bell.wait(lane, self._poll_s)

    async def _do(self, job: Job) -> None:
        try:
            async with asyncio.timeout(JOB_S):
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
        except TimeoutError:
            await self._again(job, "it took too long", None)
        except CineBookError as error:
            await self._again(job, type(error).__name__, None)
        except Exception as error:  # the boundary: one job's defect must not hold up the others
            log.exception("a job of the outbox failed", kind=job.effect.kind.value, order=job.order)
            await self._again(job, type(error).__name__, None)
        else:
            await self._outbox.done(job)
            self._reach(Point.DONE)

    async def _again(self, job: Job, error: str, after_ms: int | None) -> None:
        old = job.attempt >= MAX_ATTEMPTS and self._now() - job.created_at >= GIVE_UP_MS
        if old and job.effect.kind not in TIRELESS:
            await self._give_up(job, error)
            return
        wait_ms = after_ms if after_ms is not None else min(LONGEST_MS, 500 * 2 ** min(job.attempt, 12))
        self._failed(job.effect.kind, error)
        await self._outbox.failed(job, error, again_at=self._now() + wait_ms)

    async def _give_up(self, job: Job, error: str) -> None:
        self._failed(job.effect.kind, error)
        log.error("a job of the outbox was given up", kind=job.effect.kind.value, order=job.order, error=error)
        await self._outbox.failed(job, error, again_at=None)
