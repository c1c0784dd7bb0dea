"""Whatever customers, staff, gateways and dying workers do in whatever order: every payment is a ticket or a refund.

    make sequences SEQUENCES=500

`CINEBOOK_TESTS_SEED` repeats the sequences of a run that told its seed. A sequence that was asked for in a long run is
made as short as it can be when it fails; in a quick one it is told as it was found.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from server.checkout.points import Point
from server.db.engine import create_engine
from tests.faults.payments.by_hand import PurchasesWithCash
from tests.faults.payments.world import Death, World, world_of

PARTS = 4
MORE = 8
"""So many parts again at most, where something rare was not among them.

Each is a test of its own, well within the time after which a test is taken to hang, also on a slow machine.
"""

QUICK = 25

STEPS = 10
ENDS = {"paid", "expired", "cancelled", "review", "partly_refunded", "refunded"}
NOW = time.time_ns() // 1_000_000


class Season:
    """Opens one world after the other, in one event loop and with the same connections to the database."""

    def __init__(self, redis_url: str, prefix: str, database_url: str, seen: Counter[str]) -> None:
        self.runner = asyncio.Runner()
        self.count = 0
        self._seen = seen
        self._redis_url = redis_url
        self._prefix = prefix
        self._engine: AsyncEngine = create_engine(database_url, connections=8, timeout_ms=10_000)

    def open(self) -> tuple[World, asyncio.Runner, str, Callable[[], Coroutine[Any, Any, None]]]:
        """A new world, for a machine; what closes it looks first at what there was."""
        self.count += 1
        context = world_of(self._redis_url, f"{self._prefix}-{self.count}", self._engine, now=NOW, death=Death())
        world = self.runner.run(_entered(context))

        async def close() -> None:
            states = {order.state.value for order in await world.all_orders()}
            self._seen.update({*world.death.reached, *(f"death at {point}" for point in world.death.died), *states})
            await context.__aexit__(None, None, None)

        return world, self.runner, f"{self._prefix}-{self.count}", close

    def close(self) -> None:
        """Let all connections go."""
        self.runner.run(self._engine.dispose())
        self.runner.close()


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    """In how many worlds of all parts each point was reached, a worker died at it, and an order ended in each state."""
    return Counter()


async def _entered(context: AbstractAsyncContextManager[World]) -> World:
    return await context.__aenter__()


@pytest.mark.parametrize("part", range(PARTS + MORE))
def test_whatever_happens(
    part: int, redis_url: str, key_prefix: str, shared_database_url: str, seen: Counter[str]
) -> None:
    """Seats have one owner, payments one end each, and nothing is left over: in store, database, gateways and mails."""
    seen["parts"] += 1
    if part < PARTS or not _is_all(seen):
        _draw(part, redis_url, key_prefix, shared_database_url, seen)
    if seen["parts"] == PARTS + MORE:
        # Else it would be no wonder that nothing went wrong.
        assert {*Point, *ENDS} <= set(seen)
        assert _deaths(seen) > len(Point) // 2


def _draw(part: int, redis_url: str, key_prefix: str, shared_database_url: str, seen: Counter[str]) -> None:
    """Let so many sequences happen as are wanted of a part, and tell of them."""
    wanted = int(os.environ.get("CINEBOOK_TESTS_SEQUENCES", "0"))
    chosen = int(os.environ.get("CINEBOOK_TESTS_SEED") or random.randrange(2**32)) + part
    phases = [Phase.generate, Phase.shrink] if wanted else [Phase.generate]
    season = Season(redis_url, key_prefix, shared_database_url, seen)

    @seed(chosen)
    class Sequence(PurchasesWithCash):
        def __init__(self) -> None:
            super().__init__(*season.open())

    began = time.monotonic()
    try:
        run_state_machine_as_test(
            Sequence,
            settings=settings(
                max_examples=wanted or QUICK,
                stateful_step_count=STEPS,
                deadline=None,
                phases=phases,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except BaseException as error:
        error.add_note(f"CINEBOOK_TESTS_SEED={chosen - part}")
        raise
    finally:
        season.close()
    sys.stdout.write(
        f"{season.count} sequences in {time.monotonic() - began:.0f} s, CINEBOOK_TESTS_SEED={chosen - part}\n"
    )
    sys.stdout.write("".join(f"{count:5} {what}\n" for what, count in seen.most_common()))
    assert season.count >= (wanted or QUICK)


def _is_all(seen: Counter[str]) -> bool:
    return {*Point, *ENDS} <= set(seen) and _deaths(seen) > len(Point) // 2


def _deaths(seen: Counter[str]) -> int:
    return sum(f"death at {point}" in seen for point in Point)
