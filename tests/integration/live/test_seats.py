"""What one person does to seats, everybody sees; what is theirs, they alone are told."""

import asyncio

import pytest

from protocol.aio import RejectedError, SeatMapClient
from protocol.codes import Code, Outcome
from protocol.effects import ConnectionState, HoldsChanged, MapChanged, MapReplaced
from protocol.from_server import Expired, Expiring, Viewers
from protocol.seatmap import SeatStatus
from tests.integration.app import App

LIMIT_S = 30


async def sees(client: SeatMapClient, seat: int, status: SeatStatus) -> None:
    """Wait until the client's map shows `seat` in `status`."""

    def shown() -> bool:
        return client.map is not None and client.map[seat] is status

    async with asyncio.timeout(LIMIT_S):
        await client.until(shown)


async def online(client: SeatMapClient) -> None:
    """Wait for the first map."""
    async with asyncio.timeout(LIMIT_S):
        await client.ready()


async def free_seats(client: SeatMapClient, count: int) -> list[int]:
    """Indexes of seats that are available; those in the middle of the hall have no pair."""
    letters = (await client.ready()).letters
    return [index for index in range(len(letters) // 2, len(letters)) if letters[index] == "A"][:count]


@pytest.mark.parametrize("codec", ["msgpack", "json"])
async def test_a_lock_is_seen_by_others(app: App, codec: str) -> None:
    """One locks, the other's map follows; after the unlock it is available again."""
    token = await app.session()
    async with app.client(token, codec=codec) as one, app.client(codec=codec) as other:  # type: ignore[arg-type]
        seat, *_ = await free_seats(other, 1)
        await online(one)
        asked_at = one.server_now()
        locked = await one.lock([seat])
        assert (locked.seats, [hold.seat for hold in locked.holds]) == ([seat], [seat])
        hold = locked.holds[0]
        assert hold.expires_at - hold.first_at == app.settings.hold_ms
        assert asked_at - 2000 < hold.first_at < one.server_now() + 2000
        assert locked.receipt
        await sees(other, seat, SeatStatus.LOCKED)
        unlocked = await one.unlock()
        assert (unlocked.seats, unlocked.holds) == ([seat], [])
        await sees(other, seat, SeatStatus.AVAILABLE)


async def test_a_race_has_one_winner(app: App) -> None:
    """Of ten who ask for one seat at once, one gets it and nine are told who did not."""
    clients = [app.client(await app.session()) for _ in range(10)]
    try:
        for client in clients:
            await client.__aenter__()
        (seat,) = await free_seats(clients[0], 1)
        await asyncio.gather(*(online(client) for client in clients))
        outcomes = await asyncio.gather(*(client.lock([seat]) for client in clients), return_exceptions=True)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, RejectedError)]
        assert len(refusals) == 9
        for refusal in refusals:
            assert (refusal.rejected.code, refusal.rejected.seats) == (Code.SEATS_UNAVAILABLE, [seat])
    finally:
        for client in clients:
            await client.close()


async def test_any_takes_what_is_free(app: App) -> None:
    """Mode `any` grants the free seats in order and names the others."""
    async with app.client(await app.session()) as one, app.client(await app.session()) as other:
        seats = await free_seats(one, 3)
        await online(other)
        await other.lock(seats[1:2])
        locked = await one.lock(seats, mode="any")
        assert locked.seats == [seats[0], seats[2]]
        assert locked.rejected
        assert [(one.seat, one.code) for one in locked.rejected] == [(seats[1], Code.SEATS_UNAVAILABLE)]


async def test_extend_gives_a_full_hold_up_to_the_cap(hasty_app: App) -> None:
    """An extension moves the end, never past the cap from the first lock, and then is refused."""
    async with hasty_app.client(await hasty_app.session()) as client:
        seats = await free_seats(client, 1)
        first = (await client.lock(seats)).holds[0]

        async def extend_to_the_cap() -> None:
            while True:
                extended = (await client.extend()).holds[0]
                assert first.expires_at <= extended.expires_at <= first.first_at + hasty_app.settings.max_hold_ms
                assert extended.first_at == first.first_at

        with pytest.raises(RejectedError) as refusal:
            await asyncio.wait_for(extend_to_the_cap(), LIMIT_S)
        assert refusal.value.rejected.code is Code.HOLD_CAP


async def test_extending_somebody_elses_seat_is_refused(app: App) -> None:
    """A seat that the caller does not hold is `not_held`, and stays whose it was."""
    async with app.client(await app.session()) as one, app.client(await app.session()) as other:
        seats = await free_seats(one, 1)
        await online(other)
        mine = (await one.lock(seats)).holds
        with pytest.raises(RejectedError) as refusal:
            await other.extend(seats)
        assert (refusal.value.rejected.code, refusal.value.rejected.seats) == (Code.NOT_HELD, seats)
        assert (await one.lock(seats)).holds == mine


async def test_a_short_hold_is_announced_ends_and_is_free_again(hasty_app: App) -> None:
    """`expiring` at once, `expired` at its end, and others see the seat available."""
    async with hasty_app.client(await hasty_app.session()) as one, hasty_app.client() as other:
        events = one.events()
        seats = await free_seats(other, 2)
        await online(one)
        await one.lock(seats)
        told: list[object] = []
        async with asyncio.timeout(LIMIT_S):
            async for event in events:
                if isinstance(event, Expiring | Expired):
                    told.append(type(event))
                    assert event.seats == seats
                if isinstance(event, Expired):
                    assert event.holds == []
                    break
        assert told == [Expiring, Expired]
        await sees(other, seats[0], SeatStatus.AVAILABLE)


async def test_two_tabs_of_one_holder_agree(app: App) -> None:
    """What one tab does, the other is told; a seat of one's own counts as granted in both."""
    token = await app.session()
    async with app.client(token) as one, app.client(token, codec="json") as two:
        seats = await free_seats(one, 2)
        await online(two)
        await one.lock(seats[:1])
        async with asyncio.timeout(LIMIT_S):
            await two.until(lambda: [hold.seat for hold in two.holds] == seats[:1])
            assert two.receipt
            both = await two.lock(seats)
            assert both.seats == seats
            await one.until(lambda: [hold.seat for hold in one.holds] == seats)
            await two.unlock()
            await one.until(lambda: not one.holds)


async def test_a_new_connection_brings_the_own_seats_back(app: App) -> None:
    """`welcome` of a later connection of the holder lists what is held, with a receipt."""
    token = await app.session()
    async with app.client(token) as one:
        seats = await free_seats(one, 2)
        held = (await one.lock(seats)).holds
    async with app.client(token) as again:
        await online(again)
        assert list(again.holds) == held
        assert again.receipt


async def test_limits(app: App) -> None:
    """One seat more than the limit is refused whole; mode `any` fills up to it."""
    async with app.client(await app.session()) as client:
        seats = await free_seats(client, 9)
        with pytest.raises(RejectedError) as refusal:
            await client.lock(seats)
        assert refusal.value.rejected.code is Code.LIMIT_EXCEEDED
        assert (await client.lock(seats, mode="any")).seats == seats[:8]


async def test_a_display_may_only_watch(app: App) -> None:
    """A display with a valid token still cannot lock."""
    async with app.client(await app.session(), display=True) as display:
        await online(display)
        assert not display.can_lock
        with pytest.raises(RejectedError) as refusal:
            await display.lock([0])
        assert refusal.value.rejected.code is Code.READ_ONLY


async def test_a_watcher_becomes_a_holder(app: App) -> None:
    """`auth` after connecting makes locks possible on the same connection."""
    token = await app.session()
    async with app.client() as client:
        seats = await free_seats(client, 1)
        with pytest.raises(RejectedError):
            await client.lock(seats)
        assert (await client.auth(token)).can_lock
        assert (await client.lock(seats)).seats == seats


async def test_best_and_restore_say_that_they_are_not_to_be_had(app: App) -> None:
    """Both are refused for good: nothing changed, and nothing will."""
    async with app.client(await app.session()) as client:
        await online(client)
        for request in (client.best(2), client.restore("receipt")):
            with pytest.raises(RejectedError) as refusal:
                await request
            assert (refusal.value.rejected.code, refusal.value.rejected.outcome) == (Code.UNAVAILABLE, Outcome.NONE)


async def test_viewers_are_counted(app: App) -> None:
    """`welcome` tells how many watch, and `viewers` when that changed."""
    async with app.client() as one:
        await online(one)
        events = one.events()
        async with app.client() as other:
            await online(other)
            assert other.viewers == 2
            async with asyncio.timeout(LIMIT_S):
                async for event in events:
                    if event == Viewers(count=2):
                        break


async def test_rest_and_sockets_are_one(app: App) -> None:
    """A seat locked over REST is seen on sockets at once, and the holder's tab is told."""
    token = await app.session()
    layout = await app.request("GET", "/api/v1/showtimes/demo/layout")
    async with app.client(token) as tab, app.client() as other:
        seat, *_ = await free_seats(other, 1)
        await online(tab)
        seat_id = layout["seats"][seat]["id"]
        answer = await app.request("POST", "/api/v1/showtimes/demo/seats/lock", {"seats": [seat_id]}, token)
        assert answer["locked"] == [seat_id]
        await sees(other, seat, SeatStatus.LOCKED)
        async with asyncio.timeout(LIMIT_S):
            await tab.until(lambda: [hold.seat for hold in tab.holds] == [seat])


async def test_a_client_resumes_where_it_was(app: App) -> None:
    """After a restart of the server a client comes back by itself with the changes that it missed, and no snapshot."""
    token = await app.session()
    async with app.client() as watcher:
        seats = await free_seats(watcher, 2)
        events = watcher.events()
        await app.stop()
        async with asyncio.timeout(LIMIT_S):
            await watcher.until(lambda: watcher.state is not ConnectionState.ONLINE)
        await app.start()
        async with app.client(token) as one:
            await online(one)
            await one.lock(seats)
        await sees(watcher, seats[1], SeatStatus.LOCKED)
        await watcher.close()
        kinds = {type(event) async for event in events}
        assert MapChanged in kinds
        assert MapReplaced not in kinds
        assert HoldsChanged not in kinds


async def test_a_resume_after_a_deploy_needs_no_snapshot(app: App) -> None:
    """A worker that has just started tells those who resume what changed before anybody had opened the showtime."""
    token = await app.session()
    layout = await app.request("GET", "/api/v1/showtimes/demo/layout")
    async with app.client() as watcher:
        seats = await free_seats(watcher, 2)
        events = watcher.events()
        await app.stop()
        async with asyncio.timeout(LIMIT_S):
            await watcher.until(lambda: watcher.state is not ConnectionState.ONLINE)
        # The port is not open yet: another server on the same store, which nobody watches.
        port, app._port = app._port, 0
        await app.start()
        names = [layout["seats"][seat]["id"] for seat in seats]
        await app.request("POST", "/api/v1/showtimes/demo/seats/lock", {"seats": names}, token)
        await app.stop()
        app._port = port
        await app.start()
        await sees(watcher, seats[1], SeatStatus.LOCKED)
        await watcher.close()
        kinds = {type(event) async for event in events}
        assert MapChanged in kinds
        assert MapReplaced not in kinds
