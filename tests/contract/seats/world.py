"""What a seat store lives in, for tests: a catalogue in memory, a clock by hand, adapters that open stores."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import redis.asyncio as redis

from server.domain.errors import NotFoundError, ShowtimeNotFoundError
from server.domain.holds import Holder
from server.domain.layout import Layout, Seat, SeatKind
from server.domain.ledger import SeatEvent
from server.domain.showtimes import Limits, Occupation, Sales, SeatFacts
from server.ports import Announcement, SeatStore
from server.seats import ReceiptSigner, RedisSeatStore
from server.seats.scripts import Scripts

SEATS = 20
START = 1_800_000_000_000
"""Where the clock of every test begins (ms)."""

HOLD_MS = 900_000
MAX_HOLD_MS = 1_800_000
MAX_SEATS = 4

ALICE, BOB, CAROL = (Holder(id=name, expires_at=START * 2) for name in ("alice", "bob", "carol"))


def make_layout(version: int = 1, seats: int = SEATS, *, first: int = 1) -> Layout:
    """One row of standard seats `A<first>`..., of which the last two are a couple seat."""
    made = tuple(
        Seat(index=i, id=f"A{i + first}", row="A", number=i + first, x=i, y=1, kind=SeatKind.STANDARD, zone="standard")
        for i in range(seats)
    )
    *singles, left, right = made
    pair = [
        msgspec.structs.replace(left, kind=SeatKind.COUPLE, pair=right.id),
        msgspec.structs.replace(right, kind=SeatKind.COUPLE, pair=left.id),
    ]
    return Layout(version=version, width=seats, height=2, seats=(*singles, *pair))


def owned(
    seat: int, order: str = "order", *, holder: str = "alice", deadline: int | None = None, row_version: int = 1
) -> Occupation:
    """A seat that an order owns by the database: sold, or with a deadline in payment."""
    return Occupation(
        seat=seat, order=order, holder=holder, deadline=deadline, row_version=row_version, ordinal=1, fence=1
    )


async def sell(store: SeatStore, seats: tuple[int, ...], order: str = "order", *, holder: str = "alice") -> int:
    """Have the database say that an order owns these seats of `demo`, and that they are paid for."""
    return await store.apply("demo", order, holder, seats, deadline=None, row_version=1, all_seats=seats)


@dataclass
class Clock:
    """The store's clock, moved by hand."""

    now: int = START

    def __call__(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.now

    def advance(self, ms: int) -> None:
        """Let time pass."""
        self.now += ms


@dataclass
class CatalogueInMemory:
    """What the store asks of the database; tests change it at will. `reads` counts the facts that were asked for."""

    facts_of: dict[str, SeatFacts] = field(default_factory=dict)
    layouts: dict[int, Layout] = field(default_factory=dict)
    ordinal: int = 0
    reads: int = 0

    def add(
        self,
        showtime: str,
        layout: Layout,
        *,
        occupations: tuple[Occupation, ...] = (),
        blocked: tuple[int, ...] = (),
    ) -> None:
        """A showtime on sale."""
        self.layouts[layout.version] = layout
        self.facts_of[showtime] = SeatFacts(
            showtime=showtime,
            layout=layout.version,
            seat_ids=tuple(seat.id for seat in layout.seats),
            sales=Sales(opens_at=START - 1000, closes_at=START + 100 * MAX_HOLD_MS),
            limits=Limits(max_seats=MAX_SEATS, hold_ms=HOLD_MS, max_hold_ms=MAX_HOLD_MS),
            occupations=occupations,
            blocked=blocked,
        )

    def change(self, showtime: str, **fields: object) -> None:
        """Other facts from now on."""
        self.facts_of[showtime] = msgspec.structs.replace(self.facts_of[showtime], **fields)

    async def seat_facts(self, showtime: str) -> SeatFacts:
        """As `Catalogue.seat_facts`."""
        self.reads += 1
        if showtime not in self.facts_of:
            raise ShowtimeNotFoundError(showtime)
        return self.facts_of[showtime]

    async def layout(self, version: int) -> Layout:
        """As `Catalogue.layout`."""
        if version not in self.layouts:
            raise NotFoundError(f"no layout {version}")
        return self.layouts[version]

    async def next_ordinal(self) -> int:
        """As `Catalogue.next_ordinal`."""
        self.ordinal += 1
        return self.ordinal


class Listener(Protocol):
    """Hears what a showtime announces, from when it was made."""

    async def next(self) -> Announcement:
        """The next announcement; waits for it at most 30 s."""
        ...

    async def silent(self) -> bool:
        """Whether nothing else was announced before now."""
        ...


class Adapter(Protocol):
    """Opens stores on one server; all of an adapter see the same seats, as workers of one deployment do."""

    catalogue: CatalogueInMemory

    async def open(
        self, *, clock: Callable[[], int] | None, record: Callable[[SeatEvent], None] | None = None
    ) -> SeatStore:
        """One more worker's store, started; closed when the test ends. No clock: the server's own."""
        ...

    async def listen(self, channel: str) -> Listener:
        """Hear a channel."""
        ...


class RedisListener:
    """Hears one sharded channel through a plain client."""

    def __init__(self, client: redis.Redis, pubsub: redis.client.PubSub, channel: str) -> None:
        self._client = client
        self._pubsub = pubsub
        self._channel = channel

    async def next(self) -> Announcement:
        """See `Listener.next`."""
        message = await self._message()
        return msgspec.msgpack.decode(message, type=Announcement)

    async def silent(self) -> bool:
        """See `Listener.silent`: what the test itself publishes comes next."""
        mark = secrets.token_bytes(8)
        await self._client.spublish(self._channel, mark)
        return await self._message() == mark

    async def _message(self) -> bytes:
        async with asyncio.timeout(30):
            while True:
                # The method is typed as if it took no channel and no time.
                got = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=30)
                if got is not None:
                    data: bytes = got["data"]
                    return data


class RedisAdapter:
    """Stores on one Redis or Valkey, under a prefix of their own."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url = url
        self.prefix = prefix
        self.catalogue = CatalogueInMemory()
        self._stack = contextlib.AsyncExitStack()

    async def open(
        self,
        *,
        clock: Callable[[], int] | None = None,
        scripts: Scripts | None = None,
        timeout_ms: int = 10_000,
        connections: int = 4,
        log_length: int = 1000,
        keep_ms: int = 86_400_000,
        opening_ms: int = 3000,
        record: Callable[[SeatEvent], None] | None = None,
    ) -> RedisSeatStore:
        """See `Adapter.open`."""
        store = RedisSeatStore(
            self.url,
            self.prefix,
            facts=self.catalogue.seat_facts,
            layout=self.catalogue.layout,
            next_ordinal=self.catalogue.next_ordinal,
            receipts=ReceiptSigner(b"a secret of the tests"),
            worker=secrets.token_hex(4),
            clock=clock,
            scripts=scripts,
            timeout_ms=timeout_ms,
            connections=connections,
            log_length=log_length,
            keep_ms=keep_ms,
            opening_ms=opening_ms,
            record=record,
        )
        self._stack.push_async_callback(store.close)
        await store.start()
        return store

    async def listen(self, channel: str) -> RedisListener:
        """See `Adapter.listen`."""
        client = await self.client()
        pubsub = client.pubsub()
        self._stack.push_async_callback(pubsub.aclose)
        await pubsub.execute_command("SSUBSCRIBE", channel)
        confirmation = await pubsub.parse_response()
        assert confirmation[0] == b"ssubscribe"
        return RedisListener(client, pubsub, channel)

    async def client(self) -> redis.Redis:
        """A plain client of the same server, closed when the test ends."""
        client = redis.Redis.from_url(self.url, protocol=2)
        self._stack.push_async_callback(client.aclose)
        return client

    async def close(self) -> None:
        """Close all that was opened."""
        await self._stack.aclose()


@contextlib.asynccontextmanager
async def redis_adapter(url: str, prefix: str) -> AsyncIterator[RedisAdapter]:
    """An adapter with one showtime `demo` on sale, closed at the end."""
    adapter = RedisAdapter(url, prefix)
    adapter.catalogue.add("demo", make_layout())
    try:
        yield adapter
    finally:
        await adapter.close()
