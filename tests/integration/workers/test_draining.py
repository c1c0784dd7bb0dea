"""What a worker does from the signal on, in its order: no new visitors, goodbye to those it has, then the rest."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette

from server.listening import address_of, listen
from server.ops import metrics
from server.ops.lifecycle import Lifecycle
from server.ops.settings import Settings
from server.serving import COLLECT_AFTER, Server
from server.stopping import STOP_SIGNALS
from server.web import health

AMPLE_MS = 60_000


class Worker:
    """A server in the test's loop whose application has nothing but its health."""

    def __init__(self, goodbye: Callable[[], Awaitable[None]], *, bound_ms: int = AMPLE_MS) -> None:
        self.lifecycle = Lifecycle(goodbye, bound_ms=bound_ms)
        self.listener = listen("127.0.0.1", 0)
        self.url = address_of(self.listener)
        self.ended = False
        self.stopping = asyncio.Event()
        self.counted_before_it_served: float | None = None
        self.on_alive: Callable[[], None] = lambda: None
        self._started = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve, and return when it accepts connections."""
        app = Starlette(routes=health.routes({}, self.lifecycle), lifespan=self._lifespan)
        app.state.context = SimpleNamespace(lifecycle=self.lifecycle)
        self._server = Server(
            app,
            Settings(),
            on_started=self._on_started,
            on_alive=self.on_alive,
            on_stopping=self.stopping.set,
        )
        self._task = asyncio.create_task(self._server.serve(sockets=[self.listener]))
        await self._started.wait()

    async def accepted(self) -> None:
        """Wait until it has accepted a connection."""
        while not self._server.server_state.connections:
            await asyncio.sleep(0.001)

    async def end(self) -> None:
        """Wait until it has ended; raises what it ended with."""
        assert self._task
        async with asyncio.timeout(30):
            await self._task

    def _on_started(self) -> None:
        self.counted_before_it_served = counted()
        self._started.set()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self.ended = True


def counted() -> float:
    """How many workers serve, by the metrics of this process."""
    (family,) = metrics.WORKERS.collect()
    return sum(sample.value for sample in family.samples)


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """Signals mean to pytest what they meant before, and garbage is looked for as before."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_a_worker_is_counted_once_it_is_looked_after() -> None:
    """Its supervisor is told first: whoever sees it in the metrics may rely on its being replaced if it hangs."""
    worker = Worker(Lifecycle().drain)
    await worker.start()
    assert (worker.counted_before_it_served, counted()) == (0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    await worker.end()
    assert counted() == 0


async def test_what_it_was_built_of_is_no_garbage() -> None:
    """The collector does not look through it while visitors wait."""
    gc.unfreeze()
    worker = Worker(Lifecycle().drain)
    await worker.start()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == COLLECT_AFTER
    os.kill(os.getpid(), signal.SIGTERM)
    await worker.end()


async def test_goodbye_comes_before_everything_else() -> None:
    """While it is said, new connections are refused, kept ones are answered, and the worker is not ready."""
    saying, said = asyncio.Event(), asyncio.Event()

    async def goodbye() -> None:
        saying.set()
        await said.wait()

    worker = Worker(goodbye)
    await worker.start()
    async with httpx.AsyncClient(base_url=worker.url, timeout=30) as kept:
        assert (await kept.get("/readyz")).status_code == 200
        os.kill(os.getpid(), signal.SIGTERM)
        await saying.wait()
        assert worker.stopping.is_set()
        async with httpx.AsyncClient(base_url=worker.url) as new:
            with pytest.raises(httpx.ConnectError):
                await new.get("/healthz")
        answer = await kept.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["worker"]["findings"]) == (503, ["draining"])
        assert not worker.ended
        said.set()
        await worker.end()
    assert worker.ended


async def test_what_waits_is_left_to_the_others() -> None:
    """The socket is given up, not shut: whoever shares it gets the connections that come from then on."""
    worker = Worker(Lifecycle().drain)
    with worker.listener.dup() as shared:
        shared.settimeout(0)
        await worker.start()
        os.kill(os.getpid(), signal.SIGTERM)
        await worker.stopping.wait()
        with socket.create_connection(shared.getsockname()) as visitor:
            taken, whence = await asyncio.get_running_loop().sock_accept(shared)
            taken.close()
            assert whence == visitor.getsockname()
        await worker.end()


async def test_a_request_on_its_way_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was accepted just before the signal may still send its request."""
    # Else a slow machine would be taken for a slow client.
    monkeypatch.setattr("server.serving.ON_THEIR_WAY_S", 2.0)
    saying = asyncio.Event()

    async def goodbye() -> None:
        saying.set()

    worker = Worker(goodbye)
    await worker.start()
    reader, writer = await asyncio.open_connection(*worker.listener.getsockname())
    writer.write(b"GET /healthz HTTP/1.1\r\n")
    await worker.accepted()
    os.kill(os.getpid(), signal.SIGTERM)
    await saying.wait()
    # The rest of the request is still in the network when the goodbye is over.
    await asyncio.sleep(0.05)
    writer.write(b"Host: localhost\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await worker.end()


async def test_a_goodbye_is_bounded() -> None:
    """One that never ends does not keep the worker from ending, in good order."""
    worker = Worker(asyncio.Event().wait, bound_ms=20)  # type: ignore[arg-type]  # what it returns is of no use
    await worker.start()
    os.kill(os.getpid(), signal.SIGTERM)
    await worker.end()
    assert worker.ended


async def test_a_goodbye_that_fails_is_not_hidden() -> None:
    """The application ends in good order all the same, and then the failure is told."""

    async def goodbye() -> None:
        raise RuntimeError("cannot speak")

    worker = Worker(goodbye)
    await worker.start()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(RuntimeError, match="cannot speak"):
        await worker.end()
    assert worker.ended
