"""The supervisor's patience with workers that die, and with those that say nothing."""

import subprocess
from multiprocessing.connection import Connection
from typing import cast

from server.supervisor import LONGEST_PAUSE_S, STEADY_S, Patience, Pauses, Word, Worker


def test_early_deaths_are_answered_ever_more_slowly() -> None:
    """The first costs no pause, each after it twice the last one's, up to a bound."""
    pauses = Pauses()
    assert [pauses.after(0.1) for _ in range(7)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE_S]
    assert pauses.after(0.1) == LONGEST_PAUSE_S


def test_a_long_life_makes_up_for_it() -> None:
    """A worker that served for a while is replaced at once, whatever was before."""
    pauses = Pauses()
    for _ in range(5):
        pauses.after(0.1)
    assert pauses.after(STEADY_S) == 0.0
    assert pauses.after(0.1) == 0.5


class Scene:
    """A supervisor's time, which a test moves, and workers that say nothing by themselves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.patience = Patience(serving_s=8, leaving_s=20, clock=lambda: self.now)

    def worker(self, word: Word | None) -> Worker:
        """One that has just said this, or nothing yet."""
        process, lifeline = cast("subprocess.Popen[bytes]", None), cast("Connection", None)
        return Worker(0, process, lifeline, started=self.now, word=word, heard=self.now)

    def look(self, *workers: Worker, seconds: float) -> list[Worker]:
        """Look at these again and again for so long; those that were found silent."""
        found = []
        for _ in range(round(seconds / self.patience.every_s)):
            self.now += self.patience.every_s
            found += self.patience.exhausted_by(workers)
        return found


def test_whoever_serves_and_is_silent_is_found_once() -> None:
    """Not before its time is over, and not again while it dies; one that still speaks is left alone."""
    scene = Scene()
    silent, speaking = scene.worker(Word.SERVING), scene.worker(Word.SERVING)
    assert scene.look(silent, speaking, seconds=8) == []
    speaking.heard = scene.now
    assert scene.look(silent, speaking, seconds=8) == [silent]


def test_whoever_leaves_has_its_drain_limit() -> None:
    """Its loop may be as silent as it likes until then; after that it hangs."""
    scene = Scene()
    leaving = scene.worker(Word.LEAVING)
    assert scene.look(leaving, seconds=20) == []
    assert scene.look(leaving, seconds=2) == [leaving]


def test_whoever_starts_is_waited_for() -> None:
    """A start may take as long as it takes."""
    scene = Scene()
    assert scene.look(scene.worker(None), seconds=600) == []


def test_a_supervisor_that_stood_still_blames_nobody() -> None:
    """After a stop of everything, as by Ctrl-Z, workers have their time anew before one counts as silent."""
    scene = Scene()
    worker = scene.worker(Word.SERVING)
    assert scene.look(worker, seconds=4) == []
    scene.now += 3600
    assert scene.patience.exhausted_by([worker]) == []
    assert scene.look(worker, seconds=8) == []
    assert scene.look(worker, seconds=2) == [worker]
