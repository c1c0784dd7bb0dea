"""Whatever customers, staff, gateways and dying workers do in whatever order: every payment is a ticket or a refund.

    CINEBOOK_TESTS_SEQUENCES=5000 python -m pytest tests/faults/payments/test_sequences.py -o faulthandler_timeout=0

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

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from server.checkout.points import Point
from server.db.engine import create_engine
from tests.faults.payments.sequences import Purchases
from tests.faults.payments.world import Death, World, world_of

QUICK = 250
STEPS = 20
ENDS = {"paid", "expired", "cancelled", "review", "partly_refunded", "refunded"}
NOW = time.time_ns() // 1_000_000


class Season:
    """Opens one world after the other, in one event loop and with the same connections to the database."""

    def __init__(self, redis_url: str, prefix: str, database_url: str) -> None:
        self.runner = asyncio.Runner()
        self.count = 0
        self.seen: Counter[str] = Counter()
        """In how many worlds each point was reached, a worker died at it, and an order ended in each state."""
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
            self.seen.update({*world.death.reached, *(f"death at {point}" for point in world.death.died), *states})
            await context.__aexit__(None, None, None)

        return world, self.runner, f"{self.count}", close

    def close(self) -> None:
        """Let all connections go."""
        self.runner.run(self._engine.dispose())
        self.runner.close()


async def _entered(context: AbstractAsyncContextManager[World]) -> World:
    return await context.__aenter__()


def test_whatever_happens(redis_url: str, key_prefix: str, shared_database_url: str) -> None:
    """Seats have one owner, payments one end each, and nothing is left over: in store, database, gateways and mails."""
    wanted = int(os.environ.get("CINEBOOK_TESTS_SEQUENCES", "0"))
    chosen = int(os.environ.get("CINEBOOK_TESTS_SEED") or random.randrange(2**32))
    phases = [Phase.generate, Phase.shrink] if wanted else [Phase.generate]
    season = Season(redis_url, key_prefix, shared_database_url)

    @seed(chosen)
    class Sequence(Purchases):
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
        error.add_note(f"CINEBOOK_TESTS_SEED={chosen}")
        raise
    finally:
        season.close()
    sys.stdout.write(f"{season.count} sequences in {time.monotonic() - began:.0f} s, CINEBOOK_TESTS_SEED={chosen}\n")
    sys.stdout.write("".join(f"{count:5} {what}\n" for what, count in season.seen.most_common()))
    assert season.count >= (wanted or QUICK) // 2
    # Else it would be no wonder that nothing went wrong.
    assert {*Point, *(f"death at {point}" for point in Point), *ENDS} <= set(season.seen)
