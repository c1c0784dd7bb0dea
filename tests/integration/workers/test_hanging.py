"""A worker that hangs is noticed, killed and replaced; one that works or stands by is left alone."""

import asyncio
import os
import signal
import threading
import time
from multiprocessing import Pipe
from pathlib import Path

import pytest

from server.ops.lifecycle import Lifecycle
from server.supervisor import Word
from server.worker import Signs
from tests.command import Command, wait_until_gone
from tests.integration.workers.pair import Pair, wait_until
from tests.integration.workers.test_draining import Worker, process

__all__ = ["process"]

SILENCE_MS = 3000
"""Soon over, and longer than a worker waits for its turn on a busy machine."""


def test_a_worker_that_hangs_is_replaced(given: dict[str, object], tmp_path: Path) -> None:
    """Stopped where it stands it hears no SIGTERM; it is killed and said so, and the other has served meanwhile."""
    with Command("serve", log=tmp_path / "stderr", workers=2, worker_silence_ms=SILENCE_MS, **given) as command:
        pair = Pair(command, command.address())
        hanging, staying = pair.both()
        os.kill(hanging, signal.SIGSTOP)
        wait_until(lambda: hanging not in pair.workers())
        assert staying in pair.both()
        assert "a worker does not answer and is killed" in command.errors
        assert command.terminate() == 0
        assert "Traceback" not in command.errors


def test_workers_that_stood_still_with_their_supervisor_live_on(given: dict[str, object], tmp_path: Path) -> None:
    """As after Ctrl-Z and `fg`: nobody is killed for a silence in which nobody could speak."""
    with Command("serve", log=tmp_path / "stderr", workers=2, worker_silence_ms=SILENCE_MS, **given) as command:
        pair = Pair(command, command.address())
        workers = pair.both()
        os.killpg(command.pid, signal.SIGSTOP)
        time.sleep(SILENCE_MS / 1000 * 1.5)
        os.killpg(command.pid, signal.SIGCONT)
        assert pair.both() == workers
        assert command.terminate() == 0
        assert "is killed" not in command.errors
        assert "Traceback" not in command.errors


@pytest.fixture
def _hang_up() -> None:
    """Whoever runs the tests may ignore SIGHUP, as nohup does, and what they start would inherit that."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.usefixtures("_hang_up")
def test_a_terminal_that_is_closed_ends_all_in_good_order(given: dict[str, object], tmp_path: Path) -> None:
    """SIGHUP reaches workers and supervisor at once, and all end as by SIGTERM."""
    with Command("serve", log=tmp_path / "stderr", workers=2, **given) as command:
        workers = Pair(command, command.address()).both()
        os.killpg(command.pid, signal.SIGHUP)
        assert command.end() == 0
        wait_until_gone(workers)
        assert command.errors == ""


async def test_signs_of_life_come_from_the_loop() -> None:
    """They come in the very thread that serves, again and again while it does."""
    worker = Worker(Lifecycle().drain)
    signs: asyncio.Queue[int] = asyncio.Queue()
    worker.on_alive = lambda: signs.put_nowait(threading.get_ident())
    await worker.start()
    async with asyncio.timeout(10):
        assert {await signs.get() for _ in range(3)} == {threading.get_ident()}
    os.kill(os.getpid(), signal.SIGTERM)
    await worker.end()


def test_a_sign_never_waits_for_the_supervisor() -> None:
    """However long nobody reads, giving signs ends; what is read is whole."""
    ours, theirs = Pipe()
    with ours, theirs:
        signs = Signs(theirs, 0.0)
        for _ in range(20_000):
            signs()
        heard = 0
        while ours.poll():
            assert Word(ours.recv()) is Word.ALIVE
            heard += 1
    assert 0 < heard < 20_000
