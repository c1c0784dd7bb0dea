"""What the seat store did is counted where it was asked."""

from prometheus_client.parser import text_string_to_metric_families

from server.seats.sweeper import Sweeper
from tests.integration.rest.place import Place


async def numbers(place: Place) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    async with place.client() as client:
        text = (await client.get("/metrics")).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_scripts_and_refusals_are_counted(place: Place) -> None:
    """Two locks, of which one is refused, are two scripts and one refusal, and no seat or person is told."""
    names = ("cinebook_store_seconds_count", "lock"), ("cinebook_requests_refused_total", "seats_unavailable")
    before = await numbers(place)
    for _ in range(2):
        async with place.guest() as client:
            await client.post("/api/v1/showtimes/demo/seats/lock", json={"seats": ["F7"]})
    after = await numbers(place)
    assert [after[name] - before.get(name, 0) for name in names] == [2, 1]


async def test_sweeps_are_counted(place: Place) -> None:
    """Each turn counts, and each lock that it ends."""
    async with place.guest() as client:
        await client.post("/api/v1/showtimes/demo/seats/lock", json={"seats": ["F7", "F8"]})
    before = await numbers(place)
    place.clock.ms += 10 * 60_000
    assert await Sweeper(place.store, rooms=lambda: ("demo",), interval_ms=500).sweep() == 2
    after = await numbers(place)
    assert after["cinebook_sweeps_total",] == before["cinebook_sweeps_total",] + 1
    assert after["cinebook_locks_expired_total",] == before["cinebook_locks_expired_total",] + 2
