"""The numbers that operators fetch."""

import re
import subprocess
import sys
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from server.ops import metrics

LABELS = {"outcome", "kind", "way", "code", "operation", "method", "route", "status", "worker", "le"}
"""All that a number may be told apart by: each has few values, and they are ours, not our visitors'."""

COUNT = """
import sys
from server.ops import metrics
metrics.FLUSHES.inc(int(sys.argv[1]))
metrics.CONNECTIONS.set(int(sys.argv[1]))
metrics.STORE_SECONDS.labels("lock").observe(0.002)
sys.stdout.write(metrics.exposition().decode())
"""


def families() -> dict[str, Metric]:
    """What is published, by name."""
    return {family.name: family for family in text_string_to_metric_families(metrics.exposition().decode())}


def value(text: str, sample: str) -> float:
    """The value of one sample in the text format."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert found, f"no {sample}"
    return float(found[1])


def test_numbers_have_few_labels() -> None:
    """None is told apart by anybody or anything without bound; all are ours by name, or of the process."""
    metrics.SLOW.labels("closed").inc()
    metrics.HTTP_REQUESTS.labels("GET", "/", "200").inc()
    for family in families().values():
        assert re.match(r"(cinebook|process)_", family.name)
        assert family.documentation.endswith(".")
        for sample in family.samples:
            assert set(sample.labels) <= LABELS


def test_what_is_counted_is_published() -> None:
    """A counter's increment shows, also one by many at once."""
    before = families()["cinebook_frames_written"].samples[0].value
    metrics.FRAMES.inc(1000)
    assert families()["cinebook_frames_written"].samples[0].value == before + 1000


def test_the_process_is_measured() -> None:
    """A single process is worker 0, and its memory is told."""
    (sample,) = families()["process_resident_memory_bytes"].samples
    assert sample.labels == {"worker": "0"}
    assert sample.value > 1_000_000


def count(folder: Path, slot: int, number: int) -> str:
    """What a worker publishes that has counted `number` in this slot."""
    return subprocess.run(
        [sys.executable, "-c", COUNT, str(number)],
        env={"PYTHONPATH": ":".join(sys.path), **metrics.environment(folder, slot)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout


def test_workers_are_added_up(tmp_path: Path) -> None:
    """Whoever is asked tells the sums of all: counters, histograms and what is open."""
    count(tmp_path, 0, 3)
    text = count(tmp_path, 1, 4)
    assert value(text, "cinebook_flushes_total") == 7
    assert value(text, "cinebook_websocket_connections") == 7
    assert value(text, 'cinebook_store_seconds_count{operation="lock"}') == 2
    assert value(text, 'cinebook_store_seconds_bucket{le="0.0025",operation="lock"}') == 2


def test_a_dead_workers_counts_stay_and_its_connections_go(tmp_path: Path) -> None:
    """The next in its slot goes on counting, in the same files, however many there are."""
    count(tmp_path, 0, 3)
    files = None
    for generation in range(1, 4):
        count(tmp_path, 1, 10)
        metrics.forget(tmp_path, 1)
        files = files or sorted(tmp_path.iterdir())
        text = count(tmp_path, 0, 0)
        assert value(text, "cinebook_flushes_total") == 3 + 10 * generation
        assert value(text, "cinebook_websocket_connections") == 0
        assert sorted(tmp_path.iterdir()) == files
