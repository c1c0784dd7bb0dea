"""Two hundred clients fight for twenty seats through several workers; the recorded history must keep every promise."""

import asyncio
import itertools
import random

import msgspec
import pytest

from protocol.from_client import Mode
from server.domain.errors import HoldCapError, LimitExceededError, NotHeldError, SeatsUnavailableError
from server.domain.holds import Holder
from server.ports import Announcement, Origin
from server.seats import RedisSeatStore
from server.seats.scripts import Operation, Scripts, build, source
from tests.contract.seats.world import SEATS, START, Clock, RedisAdapter, owned
from tests.faults.seats.history import History, Request, ViolationError

CLIENTS = 200
REQUESTS = 16
WORKERS = 3
HOLD_MS = 150
MAX_HOLD_MS = 400
NORMAL = (SeatsUnavailableError, LimitExceededError, NotHeldError, HoldCapError)
MODES: tuple[Mode, ...] = ("all", "any")


async def fight(
    adapter: RedisAdapter, seed: int, *, clock: Clock | None = None, scripts: Scripts | None = None
) -> History:
    """Let the clients fight, then replay; raises `ViolationError` where a promise was broken.

    By the store's own clock, or by one that the clients themselves move.
    """
    limits = adapter.catalogue.facts_of["demo"].limits
    # By the store's own clock a slow machine must not see every lock end before its holder's next request.
    scale = 1 if clock else 10
    short = msgspec.structs.replace(limits, hold_ms=HOLD_MS * scale, max_hold_ms=MAX_HOLD_MS * scale)
    sales = msgspec.structs.replace(adapter.catalogue.facts_of["demo"].sales, opens_at=0, closes_at=2 * START)
    adapter.catalogue.change("demo", limits=short, sales=sales, blocked=(0,), occupations=(owned(1),))
    stores = [await adapter.open(clock=clock, scripts=scripts) for _ in range(WORKERS)]
    first = await stores[0].snapshot("demo")
    listener = await adapter.listen(stores[0].channel("demo"))

    requests: list[Request] = []
    connections = itertools.count(1)
    clients = (
        client(
            stores[n % WORKERS],
            f"client {n}",
            random.Random(f"{seed} {n}"),
            clock=clock,
            connections=connections,
            requests=requests,
        )
        for n in range(CLIENTS)
    )
    await asyncio.gather(*clients)
    last = await stores[0].snapshot("demo")

    history = History(first.version, dict(enumerate(first.seats)))
    while history.version < last.version:
        announcement: Announcement = await listener.next()
        history.replay(announcement)
    for request in requests:
        history.check(request)
    if "".join(history.letters.values()) != last.seats:
        raise ViolationError(f"the announcements do not lead to {last.seats}")
    history.seen["refused"] = sum(request.granted is None for request in requests)
    return history


async def client(
    store: RedisSeatStore,
    name: str,
    chance: random.Random,
    *,
    clock: Clock | None,
    connections: "itertools.count[int]",
    requests: list[Request],
) -> None:
    """One holder that takes, releases and extends seats one request after the other."""
    holder = Holder(id=name, expires_at=2 * START)
    for _ in range(REQUESTS):
        # About a quarter of a hold for each round of all clients.
        if clock and chance.random() < 0.1:
            clock.advance(chance.randint(0, 4))
        act = chance.choices(["lock", "unlock", "extend", "expire"], [12, 4, 4, 0.3])[0]
        seats = tuple(chance.sample(range(SEATS), chance.randint(1, 4)))
        connection = next(connections)
        origin = Origin(name, connection)
        try:
            match act:
                case "lock":
                    request = Request(connection, name, seats, chance.choice(MODES), None)
                    requests.append(request)
                    request.granted = await store.lock("demo", holder, seats, request.mode, origin)
                case "unlock":
                    await store.unlock("demo", holder, chance.choice([None, seats]), origin)
                case "extend":
                    await store.extend("demo", holder, None, origin)
                case _:
                    await store.expire("demo", limit=3)
        except NORMAL:
            continue


def patched(name: str, old: str, new: str) -> Scripts:
    """The scripts with one guard taken out."""
    texts = {name: source(name) for name in ("prelude", *Operation)}
    assert texts[name].count(old) == 1, f"the guard is not where the test looks for it in {name}"
    texts[name] = texts[name].replace(old, new)
    return {operation: build(texts["prelude"], texts[operation], operation) for operation in Operation}


@pytest.mark.parametrize("clock", [None, Clock()], ids=["the store's clock", "a clock that clients move"])
async def test_no_promise_is_broken(adapter: RedisAdapter, clock: Clock | None) -> None:
    """Grants of one seat never overlap, versions have no gap and no repeat, all or nothing leaves no part."""
    seed = random.randrange(2**32)
    try:
        history = await fight(adapter, seed, clock=clock)
    except ViolationError as violation:
        violation.add_note(f"seed {seed}")
        raise

    happened = {kind for kind, count in history.seen.items() if count}
    assert {"granted", "released", "refused"} <= happened
    # By the store's clock it depends on the machine whether locks end within the fight.
    assert clock is None or {"extended", "expired", "takeover"} <= happened, history.seen


@pytest.mark.parametrize(
    ("name", "guard", "instead"),
    [
        pytest.param("prelude", "  return letter(seat) == 'A'\n", "  return true\n", id="seats that are not free"),
        pytest.param(
            "prelude",
            "return is_lock(found) and not runs(found)",
            "return is_lock(found)",
            id="locks that run",
        ),
        pytest.param("lock", "(mode == 'all' or #granted == 0)", "#granted == 0", id="all or nothing"),
        pytest.param("prelude", "local version = meta.version + 1", "local version = meta.version + 2", id="versions"),
    ],
)
async def test_the_checker_sees_a_guard_removed(adapter: RedisAdapter, name: str, guard: str, instead: str) -> None:
    """With a check in the script taken out, the same fight is found to break a promise."""
    with pytest.raises(ViolationError):
        await fight(adapter, 1, clock=Clock(), scripts=patched(name, guard, instead))
