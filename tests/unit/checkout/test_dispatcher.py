"""The outbox goes on, whoever keeps it waiting."""

import asyncio
from collections.abc import Collection
from typing import Any, cast

import pytest

from server.checkout import dispatcher
from server.checkout.dispatcher import Bell, Dispatcher
from server.checkout.jobs import NotYetError
from server.domain.orders import Effect, EffectKind
from server.ports.outbox import Job

NOW = 1_800_000_000_000
HOUR = 3_600_000


def job(number: int, kind: EffectKind, *, attempt: int = 1, age_ms: int = 0) -> Job:
    """An effect of an order of its own."""
    effect = Effect(kind=kind, subject="")
    return Job(id=number, key=f"k{number}", order=f"o{number}", effect=effect, attempt=attempt, created_at=NOW - age_ms)


class Shelf:
    """An outbox and the doing of its jobs: notices never end, or all fail for a `reason`.

    `seen` wakes whoever waits for an entry in `log`.
    """

    def __init__(self, *jobs: Job) -> None:
        self.jobs = list(jobs)
        self.log: list[str] = []
        self.seen = asyncio.Condition()
        self.reason: NotYetError | None = None

    async def claim(self, *, now: int, lease_ms: int, limit: int, kinds: Collection[EffectKind]) -> tuple[Job, ...]:
        """As `Outbox.claim`."""
        assert (now, lease_ms) == (NOW, dispatcher.LEASE_MS)
        due = [job for job in self.jobs if job.effect.kind in kinds][:limit]
        self.jobs = [job for job in self.jobs if job not in due]
        return tuple(due)

    async def do(self, job: Job) -> None:
        """As `Jobs.do`."""
        if self.reason is not None:
            raise self.reason
        if job.effect.kind is EffectKind.NOTICE:
            await asyncio.Event().wait()

    async def done(self, job: Job) -> None:
        """As `Outbox.done`."""
        await self._write(f"{job.id} done")

    async def failed(self, job: Job, error: str, *, again_at: int | None) -> None:
        """As `Outbox.failed`."""
        await self._write(f"{job.id} {error}" + ("" if again_at else ", for good"))

    async def wait_for(self, entry: str) -> None:
        """Until this was written."""
        async with self.seen:
            await asyncio.wait_for(self.seen.wait_for(lambda: entry in self.log), 30)

    async def _write(self, entry: str) -> None:
        async with self.seen:
            self.log.append(entry)
            self.seen.notify_all()


def dispatcher_of(shelf: Shelf, bell: Bell) -> Dispatcher:
    """One that looks at the shelf when the bell rings."""
    shelf_as_ports = cast("Any", shelf)
    return Dispatcher(outbox=shelf_as_ports, jobs=shelf_as_ports, bell=bell, now=lambda: NOW, poll_ms=3_600_000)


async def test_a_silent_mail_server_holds_up_neither_the_store_nor_the_gateways() -> None:
    """While no mail gets through, seats are told and money goes back, also for what comes later."""
    shelf, bell = Shelf(*(job(number, EffectKind.NOTICE) for number in range(50))), Bell()
    shelf.jobs += [job(100, EffectKind.SEATS), job(101, EffectKind.REFUND)]
    working = dispatcher_of(shelf, bell)
    await working.start()
    try:
        await shelf.wait_for("100 done")
        await shelf.wait_for("101 done")
        shelf.jobs.append(job(102, EffectKind.CAPTURE))
        bell.ring()
        await shelf.wait_for("102 done")
    finally:
        await working.close()
    assert shelf.log == ["100 done", "101 done", "102 done"]


@pytest.mark.parametrize("turns", range(5))
async def test_a_ring_at_the_end_keeps_nobody_from_closing(turns: int) -> None:
    """Who rings while it is told to stop is not heard any more, at whichever turn of the loop that is."""
    bell = Bell()
    working = dispatcher_of(Shelf(), bell)
    await working.start()
    for _ in range(20):
        await asyncio.sleep(0)
    bell.ring()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await working.close()


async def test_a_job_is_given_up_before_its_lease_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that takes too long is put off by who has it, so that no other worker does it beside them."""
    assert dispatcher.JOB_S * 1000 < dispatcher.LEASE_MS
    monkeypatch.setattr(dispatcher, "JOB_S", 0.01)
    shelf = Shelf(job(1, EffectKind.NOTICE), job(2, EffectKind.SEATS))
    assert await dispatcher_of(shelf, Bell()).work() == 2
    assert shelf.log == ["2 done", "1 it took too long"]


@pytest.mark.parametrize("kind", EffectKind)
async def test_a_job_is_given_up_after_an_hour_of_failures(kind: EffectKind) -> None:
    """However often it failed: one that waits briefly for somebody has failed many times within a minute.

    What concerns the seat store is never given up: money that came late waits for it.
    """
    shelf = Shelf(job(1, kind, attempt=20, age_ms=HOUR - 1), job(2, kind, attempt=19, age_ms=HOUR))
    shelf.jobs.append(job(3, kind, attempt=20, age_ms=HOUR))
    shelf.reason = NotYetError("nobody answers", after_ms=1000)
    assert await dispatcher_of(shelf, Bell()).work() == 3
    ended = "" if kind in {EffectKind.SEATS, EffectKind.RESEAT} else ", for good"
    assert sorted(shelf.log) == ["1 nobody answers", "2 nobody answers", f"3 nobody answers{ended}"]
