"""Two workers on one port: both serve, either may go, and their numbers are added up."""

import os
import signal
import threading

import httpx

from tests.integration.workers.pair import Pair, wait_until

SHOWTIMES = "/api/v1/showtimes"


class Visitors:
    """Somebody who asks again and again, each time over a new connection; `failures` are the requests that failed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers = 0
        self.failures: list[Exception] = []

    def __enter__(self) -> "Visitors":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._enough.is_set():
            try:
                httpx.get(f"{self._url}/healthz", timeout=30).raise_for_status()
                self.answers += 1
            except httpx.HTTPError as error:
                self.failures.append(error)


def test_each_worker_serves_the_port(pair: Pair) -> None:
    """Whichever stands still, the other answers every new connection."""
    for worker in pair.both():
        with pair.frozen(worker):
            for _ in range(5):
                assert pair.get("/healthz").json() == {"alive": True}


def test_the_numbers_of_both_are_added_up(pair: Pair) -> None:
    """Three requests to one and four to the other are seven, whoever is asked; no number falls when a worker dies."""
    labels = {"route": SHOWTIMES, "method": "GET", "status": "200"}
    one, other = pair.both()
    before = pair.value("cinebook_http_requests_total", **labels)
    for worker, requests in ((one, 3), (other, 4)):
        with pair.frozen(worker):
            for _ in range(requests):
                pair.get(SHOWTIMES)
    # An exchange counts when it is over, which its client knows a little sooner.
    wait_until(lambda: pair.value("cinebook_http_requests_total", **labels) == before + 7)
    for worker in (one, other):
        with pair.frozen(worker):
            assert pair.value("cinebook_http_requests_total", **labels) == before + 7
            assert pair.value("cinebook_http_seconds_count", route=SHOWTIMES) >= 7
    os.kill(one, signal.SIGKILL)
    pair.both_without(one)
    assert pair.value("cinebook_http_requests_total", **labels) == before + 7


def test_the_processes_of_both_are_measured(pair: Pair) -> None:
    """Memory and processor time are told for each worker that lives, and for no other."""
    one, other = pair.both()
    os.kill(other, signal.SIGKILL)
    pair.both_without(other)
    text = pair.get("/metrics").text
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total"):
        assert [line.split(" ")[0] for line in text.splitlines() if line.startswith(f"{name}{{")] == [
            f'{name}{{worker="0"}}',
            f'{name}{{worker="1"}}',
        ]
    assert one in pair.workers()


def test_a_worker_that_is_told_to_end_is_replaced(pair: Pair) -> None:
    """It ends, another serves in its place, and no visitor is turned away meanwhile."""
    ending, staying = pair.both()
    with Visitors(pair.url) as visitors:
        os.kill(ending, signal.SIGTERM)
        after = pair.both_without(ending)
        seen = visitors.answers
        pair.get("/healthz")
    assert staying in after
    assert seen
    assert visitors.failures == []


def test_a_worker_that_crashes_is_replaced(pair: Pair) -> None:
    """Also several times over, and whoever connects is served."""
    for _ in range(2):
        crashing, staying = pair.both()
        os.kill(crashing, signal.SIGKILL)
        assert staying in pair.both_without(crashing)
        wait_until(lambda: bool(httpx.get(f"{pair.url}/readyz", timeout=30).json()["ready"]))
