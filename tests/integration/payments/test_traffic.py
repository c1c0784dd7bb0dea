"""The record of what is said to gateways and by them: it is whole, has no key in it, and holds nothing up."""

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.engine import create_lone_engine
from server.db.traffic import PostgresTraffic
from server.ports.traffic import GatewayCall
from tests.gateways import Mode
from tests.integration.payments.conftest import Opening
from tests.integration.payments.people import eventually
from tests.integration.payments.town import SOON_MS, Town, paid

DAY = 86_400_000

NO_ANSWER = {
    Mode.NEVER: ("timeout", None),
    Mode.LOST: ("timeout", None),
    Mode.GARBAGE: ("no_json", 200),
    Mode.ERROR: ("no_json", 500),
    Mode.HUGE: ("too_long", 200),
}
"""What is recorded of a gateway in each mood."""


@contextlib.asynccontextmanager
async def books(town: Town) -> AsyncIterator[AsyncConnection]:
    """A transaction in the application's database, which is committed at the end."""
    engine = create_lone_engine(town.app.addresses.database_url)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def calls_of(town: Town, order: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    """The calls about an order, the oldest first, once there is one of each of these kinds."""
    found: list[dict[str, Any]] = []

    async def look() -> bool:
        found[:] = [said for said in await town.manager.traffic(order) if said["direction"] == "out"]
        return {said["kind"] for said in found} >= set(kinds)

    await eventually(look, lambda: f"recorded: {[said['kind'] for said in found]}, not {kinds}")
    return found[::-1]


async def test_all_that_is_said_is_recorded_without_keys(opening: Opening) -> None:
    """Page, notification, capture, refund and questions of both gateways stand at the order; no key is anywhere."""
    async with opening(momo_capture="two_step") as town:
        orders = {}
        for name, seat in (("momo", "F7"), ("vnpay", "F8")):
            _, orders[name] = await paid(town, name, seat)
            await town.manager.refunds(orders[name])
        kinds = {"momo": ("create", "confirm", "refund"), "vnpay": ("refund",)}
        for name, order in orders.items():
            for said in await calls_of(town, order, *kinds[name]):
                assert (said["gateway"], said["failure"], said["status"]) == (name, None, 200)
                assert said["reference"] in said["sent"]
                assert said["reference"] in said["answer"]
            [told] = [said for said in await town.manager.traffic(order) if said["direction"] == "in"]
            assert (told["verified"], told["verdict"], told["address"]) == (True, "recorded", "127.0.0.1")
        async with books(town) as connection:
            everything = text(
                "SELECT string_agg(payment_events::text, '') FROM payment_events "
                "UNION ALL SELECT string_agg(encode(raw, 'escape'), '') FROM payment_events "
                "UNION ALL SELECT string_agg(encode(request, 'escape') || encode(answer, 'escape'), '') "
                "FROM gateway_calls"
            )
            rows = "".join((await connection.execute(everything)).scalars())
        assert "vnp_TxnRef" in rows
        for key in (town.vnpay.secret, town.momo.secret, town.momo.access_key):
            assert key not in rows


async def test_calls_that_failed_are_recorded_too(opening: Opening) -> None:
    """Silence, garbage, failures and endless answers each leave a call with what was sent, when, and why not."""
    async with opening(momo_timeout_ms=SOON_MS) as town:
        buyer = await town.buyer()
        for place, (mode, outcome) in enumerate(NO_ANSWER.items(), start=1):
            town.momo.behave(mode, "create")
            order = await buyer.orders_seats(f"F{place}", gateway="momo")
            [call] = await calls_of(town, order, "create")
            assert (call["failure"], call["status"]) == outcome, mode
            assert call["took_ms"] >= (SOON_MS if mode in {Mode.NEVER, Mode.LOST} else 0)
            assert call["reference"] in call["sent"]
        town.momo.behave(Mode.SLOW, "create")
        [call] = await calls_of(town, await buyer.orders_seats("F6", gateway="momo"), "create")
        assert (call["failure"], call["status"]) == (None, 200)
        assert call["took_ms"] >= town.momo.slow_s * 1000
        await town.momo.stop()
        [call] = await calls_of(town, await buyer.orders_seats("F7", gateway="momo"), "create")
        assert (call["failure"], call["status"], call["answer"]) == ("unreachable", None, None)


async def test_a_record_that_cannot_be_written_holds_nothing_up(town: Town) -> None:
    """While nobody can write to it, customers pay, get their tickets and their money back; after that it is written."""
    async with books(town) as connection:
        await connection.execute(text("LOCK TABLE gateway_calls IN ACCESS EXCLUSIVE MODE"))
        _, order = await paid(town, "momo", "F7")
        await town.manager.refunds(order)
        await town.balance()
    assert [call["failure"] for call in await calls_of(town, order, "create", "refund")] == [None, None]


async def test_a_call_that_a_worker_gives_up_as_it_ends_is_recorded(town: Town) -> None:
    """MoMo may have done what it was asked: the record says that it was, and that nobody waited for the answer."""
    _, order = await paid(town, "momo", "F7")
    town.momo.behave(Mode.LOST, "refund")
    await town.manager.refunds(order)
    await town.called("momo", "refund")
    await town.app.stop()
    async with books(town) as connection:
        asked = text("SELECT kind, failure, status, answer FROM gateway_calls ORDER BY sent_at DESC LIMIT 1")
        assert tuple((await connection.execute(asked)).one()) == ("refund", "abandoned", None, None)


async def test_a_record_that_is_refused_is_told_of_once(town: Town) -> None:
    """Calls that the database will not have are dropped and counted, and the customer pays all the same."""
    with structlog.testing.capture_logs() as logs:
        async with books(town) as connection:
            await connection.execute(text("ALTER TABLE gateway_calls RENAME TO elsewhere"))
        await paid(town, "momo", "F7")

        async def told() -> bool:
            return any(entry["event"] == "records were dropped" for entry in logs)

        await eventually(told, lambda: str(logs))
    [dropped] = [entry for entry in logs if entry["event"] == "records were dropped"]
    assert (dropped["what"], dropped["count"]) == ("calls to gateways", 1)
    async with books(town) as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO gateway_calls"))
    _, order = await paid(town, "momo", "F8")
    assert len(await calls_of(town, order, "create")) == 1


async def test_what_is_old_is_swept_by_the_rounds(opening: Opening) -> None:
    """After as many days as the setting says."""
    now = time.time_ns() // 1_000_000
    old = [
        GatewayCall(
            id=f"{days}-days",
            gateway="vnpay",
            kind="querydr",
            reference="nobodys",
            sent_at=now - days * DAY,
            took_ms=1,
            request=b"{}",
            failure=None,
            status=200,
            answer=b"{}",
        )
        for days in (69, 71)
    ]
    async with opening(gateway_log_days=70) as town:
        engine = create_lone_engine(town.app.addresses.database_url)
        await PostgresTraffic(engine).append(old)
        await engine.dispose()
        await town.later(0, lambda rounds: rounds.sweep())
        async with books(town) as connection:
            assert list((await connection.execute(text("SELECT id FROM gateway_calls"))).scalars()) == ["69-days"]
