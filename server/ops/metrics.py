"""Every metric, in one place; none has a token, a holder, a showtime or anything else without bound as its label.

A single process counts in memory. Workers count in files of one folder, which their supervisor names to them by the
environment before they import this module; whichever is asked adds up all of them. The files belong to a worker's
slot, not to its process: the next in the slot goes on counting, so no counter ever falls and no file is left over.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The name is the library's: with it set, values are kept in files."""

_SLOT: Final = "CINEBOOK_METRICS_SLOT"

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

SLOT: Final = int(os.environ.get(_SLOT, "0"))
"""This worker's number."""

if _FOLDER in os.environ:
    values.ValueClass = values.MultiProcessValue(lambda: SLOT)  # type: ignore[no-untyped-call]  # the library's gap

_registry: Final = CollectorRegistry()

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"cinebook_{name}", text, labels, registry=_registry)


def _gauge(name: str, text: str) -> Gauge:
    """A gauge whose value is the sum over the workers that live."""
    return Gauge(f"cinebook_{name}", text, registry=_registry, multiprocess_mode="livesum")


def figure_gauge(name: str, text: str, *labels: str) -> Gauge:
    """A gauge of what is the same for all workers, because each reads it from the database: the latest counts."""
    return Gauge(f"cinebook_{name}", text, labels, registry=_registry, multiprocess_mode="livemostrecent")


WORKERS: Final = _gauge("workers", "Processes that accept connections.")
CONNECTIONS: Final = _gauge("websocket_connections", "Open WebSocket connections.")
ROOMS: Final = _gauge("rooms", "Showtimes that workers follow; each worker that follows one counts.")
VIEWERS: Final = _gauge("viewers", "Connections that watch a showtime.")
ANNOUNCEMENTS: Final = _counter("announcements", "Announcements received from the seat store.")
FLUSHES: Final = _counter("flushes", "Times that a room told its viewers of changes.")
FRAMES: Final = _counter("frames_written", "WebSocket frames written by fan-out.")
BYTES: Final = _counter("bytes_written", "Bytes of those frames, headers included.")
COALESCED: Final = _counter("deltas_coalesced", "Deltas that left folded into a frame with an earlier one.")
SNAPSHOTS: Final = _counter("snapshots_sent", "Whole maps sent.")
SLOW: Final = _counter("slow_clients", "Clients that read too slowly, by what was done.", "outcome")
"""`outcome` is `conflated` (it gets a snapshot when it has caught up) or `closed`."""
REFUSED: Final = _counter("requests_refused", "Requests refused, over HTTP and sockets, by code.", "code")
STORE_SECONDS: Final = Histogram(
    "cinebook_store_seconds",
    "Time from a script's request to the store's answer.",
    ("operation",),
    registry=_registry,
    buckets=_SECONDS,
)
STORE_ERRORS: Final = _counter("store_errors", "Scripts that failed, by outcome.", "operation", "outcome")
"""`outcome` is `none` (nothing was done) or `unknown`."""
SWEEPS: Final = _counter("sweeps", "Turns of the sweeper.")
EXPIRED: Final = _counter("locks_expired", "Locks that a sweep ended.")
RETIRED: Final = _counter("showtimes_retired", "Showtimes that were past and left the sweep; their keys end soon.")
HTTP_REQUESTS: Final = _counter("http_requests", "HTTP requests answered.", "method", "route", "status")
HTTP_SECONDS: Final = Histogram(
    "cinebook_http_seconds",
    "Time from an HTTP request to the end of its answer.",
    ("route",),
    registry=_registry,
    buckets=_SECONDS,
)
LEDGER_DROPPED: Final = _counter("ledger_dropped", "Seat events that could not be written to the ledger.")
EFFECTS_FAILED: Final = _counter("effects_failed", "Effects of orders that could not be done at once, by kind.", "kind")
NOTICES: Final = _counter("notices", "Attempts to tell customers something, by way and outcome.", "way", "outcome")
"""`way` is `mail`, `sms` or `push`; `outcome` `sent`, `failed` (it may pass) or `refused`."""
CALLBACKS_DROPPED: Final = _counter(
    "callbacks_dropped", "Callbacks that nobody vouches for and that were too many to be kept.", "gateway"
)
CALLS_DROPPED: Final = _counter("gateway_calls_dropped", "Calls to gateways that could not be written down.")
_PROCESS: Final = Gauge(
    "cinebook_worker_process",
    "The process id of each worker.",
    registry=_registry,
    multiprocess_mode="liveall",
)
_PROCESS.set(os.getpid())


class _Workers(Collector):
    """What all workers have counted, and what the system says of their processes, with the worker's slot."""

    def collect(self) -> Iterable[Metric]:
        source: Collector = _registry
        if _FOLDER in os.environ:
            source = MultiProcessCollector(None)  # type: ignore[no-untyped-call]  # the library's gap
        processes: dict[str, int] = {}
        for metric in source.collect():
            if metric.name == "cinebook_worker_process":
                processes = {sample.labels.get("pid", str(SLOT)): int(sample.value) for sample in metric.samples}
            else:
                yield metric
        yield from _of_processes(processes)


def _of_processes(processes: dict[str, int]) -> Iterable[Metric]:
    merged: dict[str, Metric] = {}
    for worker, process in sorted(processes.items()):
        for metric in ProcessCollector(pid=partial(int, process), registry=None).collect():
            family = merged.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
            for sample in metric.samples:
                family.add_sample(sample.name, {"worker": worker}, sample.value)
    return merged.values()


def exposition() -> bytes:
    """Everything in the text format of Prometheus; it reads files, so it belongs into a thread."""
    everything = CollectorRegistry()
    everything.register(_Workers())
    return generate_latest(everything)


def environment(folder: Path, slot: int) -> dict[str, str]:
    """What a worker's environment must have before it starts, to count in this slot of this folder."""
    return {_FOLDER: str(folder), _SLOT: str(slot)}


def forget(folder: Path, slot: int) -> None:
    """Take what a dead worker had open out of the sums; what it counted stays. Called by its supervisor."""
    mark_process_dead(slot, str(folder))  # type: ignore[no-untyped-call]  # the library's gap


def discard() -> None:
    """Remove the folder of a worker that has outlived its supervisor; any of them may do so."""
    with contextlib.suppress(KeyError):
        shutil.rmtree(os.environ[_FOLDER], ignore_errors=True)
