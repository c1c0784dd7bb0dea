"""What one person does in a hall is seen by the others who look at it."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from protocol.seatmap import SeatStatus
from tests.e2e.conftest import Arrive
from tests.e2e.server import Server
from tests.e2e.visitor import LIMIT_MS, Hall

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_takes_a_seat_and_the_other_sees_it(server: Server, arrive: Arrive) -> None:
    """A click makes the seat one's own, with its timer, and taken for the other; a second click gives it back."""
    one, other = [await (await arrive(server)).hall() for _ in range(2)]
    (seat,) = await one.free()
    await one.choose(seat)
    await other.shows(seat, "L")
    await expect(one.basket).to_contain_text(seat)
    await expect(one.timer).to_have_text(re.compile(r"^1[45]:\d\d$"))
    await expect(other.basket).to_have_count(0)
    await one.seat(seat).click()
    await one.shows(seat, "A")
    await other.shows(seat, "A")
    await expect(one.basket).to_have_count(0)
    await expect(one.timer).to_be_empty()


async def test_the_loser_of_a_race_is_told(server: Server, arrive: Arrive) -> None:
    """Of two who click one seat at the same moment one has it, and the other reads that somebody was faster."""
    rivals = [await (await arrive(server)).hall() for _ in range(2)]
    (seat,) = await rivals[0].free()
    # By the page's own script, because a mouse first makes sure that the seat has stopped moving.
    await asyncio.gather(*(rival.seat(seat).evaluate("(seat) => seat.click()") for rival in rivals))
    winner, loser = await _winner_first(rivals, seat)
    await loser.shows(seat, "L")
    await expect(loser.refusal).to_be_visible()
    await expect(loser.refusal).to_contain_text(f"{seat} is no longer free")
    await expect(loser.basket).to_have_count(0)
    await expect(winner.refusal).to_be_hidden()
    await expect(winner.basket).to_have_count(1)


async def test_a_program_and_a_browser_meet(server: Server, arrive: Arrive) -> None:
    """A program's locks change the page's seats, several at once too, and it sees what is clicked there."""
    visitor = await arrive(server)
    hall = await visitor.hall()
    names = await hall.free(4)
    indexes = [int(await hall.seat(name).get_attribute("data-index") or "") for name in names]
    session = await visitor.context.request.post("/api/v1/sessions", headers={"Cookie": ""})
    async with server.client((await session.json())["token"]) as program, asyncio.timeout(LIMIT_MS / 1000):
        seats = await program.ready()
        await program.lock(indexes[:3])
        for name in names[:3]:
            await hall.shows(name, "L")
        await program.unlock()
        for name in names[:3]:
            await hall.shows(name, "A")
        await hall.choose(names[3])
        await program.until(lambda: seats[indexes[3]] is SeatStatus.LOCKED)


async def test_two_windows_of_one_person_agree(server: Server, arrive: Arrive) -> None:
    """What is chosen in one window is in the basket of the other, and may be given back there."""
    visitor = await arrive(server)
    one, other = await visitor.hall(), await visitor.hall()
    seats = await one.free(2)
    for seat in seats:
        await one.choose(seat)
        await other.shows(seat, "L", mine=True)
    await expect(other.basket).to_have_count(2)
    await other.page.locator('[data-action="release-all"]').click()
    for hall in (one, other):
        await expect(hall.basket).to_have_count(0)
        for seat in seats:
            await hall.shows(seat, "A")


async def test_the_others_are_counted(server: Server, arrive: Arrive) -> None:
    """A page says how many look at the hall, and hears of one who comes and of one who goes."""
    hall = await (await arrive(server)).hall()
    viewers = hall.page.locator("[data-viewers]")
    await expect(viewers).to_have_attribute("data-viewers", "1", timeout=LIMIT_MS)
    display = await (await arrive(server)).hall("?display=1")
    await expect(viewers).to_have_attribute("data-viewers", "2", timeout=LIMIT_MS)
    await display.page.close()
    await expect(viewers).to_have_attribute("data-viewers", "1", timeout=LIMIT_MS)


async def _winner_first(rivals: list[Hall], seat: str) -> list[Hall]:
    owned = [rival.page.locator(f'[data-seat="{seat}"][data-mine="true"]') for rival in rivals]
    await expect(owned[0].or_(rivals[0].page.locator("[data-refusal]:not([hidden])"))).to_be_visible(timeout=LIMIT_MS)
    return rivals if await owned[0].count() else rivals[::-1]
