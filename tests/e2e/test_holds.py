"""How long seats stay one's own: through a reload, longer by asking, and not beyond their time."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Arrive
from tests.e2e.server import Server
from tests.e2e.visitor import LIMIT_MS

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_hold_ends_for_everybody(hasty_server: Server, arrive: Arrive) -> None:
    """When the time is over the seat is free for both, and the one who had it is told."""
    one, other = [await (await arrive(hasty_server)).hall() for _ in range(2)]
    (seat,) = await one.free()
    await asyncio.gather(one.choose(seat), other.shows(seat, "L"))
    await one.shows(seat, "A")
    await other.shows(seat, "A")
    await expect(one.notice).to_be_visible()
    await expect(one.notice).to_contain_text(f"Your time for {seat} has run out")
    await expect(one.basket).to_have_count(0)
    await expect(one.timer).to_be_empty()
    await expect(other.notice).to_be_hidden()
    await other.choose(seat)


async def test_a_reload_brings_the_own_seats_back(server: Server, arrive: Arrive) -> None:
    """The seats and their time belong to the person, not to the window."""
    hall = await (await arrive(server)).hall()
    seats = await hall.free(2)
    for seat in seats:
        await hall.choose(seat)
    await hall.page.reload()
    for seat in seats:
        await hall.shows(seat, "L", mine=True)
    await expect(hall.basket).to_have_count(2)
    await expect(hall.timer).not_to_be_empty()


async def test_more_time_is_given(server: Server, arrive: Arrive) -> None:
    """The button for more time moves the end of every own seat."""
    hall = await (await arrive(server)).hall()
    (seat,) = await hall.free()
    await hall.choose(seat)
    ends = "async () => (await (await fetch('/api/v1/showtimes/demo/seats/status')).json()).seats.find((s) => s.mine)"
    before = (await hall.page.evaluate(ends))["expires_at"]
    await hall.page.locator('[data-action="extend"]').click()
    await hall.page.wait_for_function(f"async () => (await ({ends})()).expires_at > {before}")
    await expect(hall.refusal).to_be_hidden()


async def test_more_than_allowed_is_refused(server: Server, arrive: Arrive) -> None:
    """The seat beyond the limit stays free, and the page says what the limit is."""
    hall = await (await arrive(server)).hall()
    *allowed, beyond = await hall.free(9)
    for seat in allowed:
        await hall.choose(seat)
    await hall.seat(beyond).click()
    await expect(hall.refusal).to_be_visible()
    await expect(hall.refusal).to_contain_text("at most 8 seats")
    await hall.shows(beyond, "A")
    await hall.page.locator('[data-refusal] [data-action="dismiss"]').click()
    await expect(hall.refusal).to_be_hidden()
    await expect(hall.basket).to_have_count(8)


async def test_a_couple_goes_together(server: Server, arrive: Arrive) -> None:
    """A click on half of a couple seat takes both halves, and a click on the other half gives both back."""
    hall = await (await arrive(server)).hall()
    half, other = await hall.free(2, "couple")
    await hall.seat(half).click()
    for seat in (half, other):
        await hall.shows(seat, "L", mine=True)
    await hall.seat(other).click()
    for seat in (half, other):
        await hall.shows(seat, "A")
    await expect(hall.basket).to_have_count(0, timeout=LIMIT_MS)
