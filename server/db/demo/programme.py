"""What the demo cinemas show, and when: the fixed showtimes, and for any day the regular ones.

All of it is invented. The ids are fixed or follow from hall and time, so that it can be entered again and again.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from server.db.demo.plans import arena, large_hall, small_hall
from server.db.instants import to_datetime
from server.db.layouts import Plan
from server.domain.showtimes import Cinema, Film, Sales

MINUTE: Final = 60_000
DAY: Final = 86_400_000

HOUSE, REPAIR = "House seat", "Under repair"


class DemoHall(msgspec.Struct, frozen=True, kw_only=True):
    """A hall, its plan, what a seat of each zone costs there, and the seats that are kept back with their reasons."""

    id: str
    name: str
    cinema: Cinema
    plan: Callable[[], Plan]
    currency: str
    prices: dict[str, int]
    blocked: dict[str, str]


class DemoShowtime(msgspec.Struct, frozen=True, kw_only=True):
    """A showtime of a demo hall, sold at its prices and with its seats kept back."""

    id: str
    hall: DemoHall
    film: Film
    starts_at: int
    sales: Sales


HANOI: Final = Cinema(id="chan-troi-ha-noi", name="Chân Trời Hà Nội", time_zone="Asia/Ho_Chi_Minh")
BERLIN: Final = Cinema(id="chan-troi-berlin", name="Chân Trời Berlin", time_zone="Europe/Berlin")
"""Elsewhere on purpose: another time zone, one with summer time, and a currency with a minor unit."""

CINEMAS: Final = (HANOI, BERLIN)

FILMS: Final = (
    Film(id="mua-sen-tren-mai-pho", title="Mùa Sen Trên Mái Phố", duration_minutes=112, rating="T13"),
    Film(id="chuyen-pha-luc-0-gio", title="Chuyến Phà Lúc 0 Giờ", duration_minutes=98, rating="T16"),
    Film(id="the-tide-clock", title="The Tide Clock", duration_minutes=127, rating="T13"),
    Film(id="vuon-dieu-giay", title="Vườn Diều Giấy", duration_minutes=84, rating="P"),
    Film(id="nine-lanterns-north", title="Nine Lanterns North", duration_minutes=141, rating="T18"),
)

VND: Final = {"standard": 75_000, "vip": 95_000, "couple": 140_000}
EUR: Final = {"standard": 1_150, "vip": 1_450, "couple": 1_650}

HANOI_1: Final = DemoHall(
    id="ha-noi-1",
    name="Phòng 1",
    cinema=HANOI,
    plan=large_hall,
    currency="VND",
    prices=VND,
    blocked={"G9": HOUSE, "G10": HOUSE, "G11": HOUSE, "G12": HOUSE, "C4": REPAIR},
)
HANOI_ARENA: Final = DemoHall(
    id="ha-noi-arena",
    name="Rạp ngoài trời",
    cinema=HANOI,
    plan=arena,
    currency="VND",
    prices={"front": 180_000, "middle": 120_000, "back": 80_000},
    blocked={f"A{number}": HOUSE for number in range(22, 31)},
)
REGULAR: Final = (
    HANOI_1,
    DemoHall(
        id="ha-noi-2",
        name="Phòng 2",
        cinema=HANOI,
        plan=small_hall,
        currency="VND",
        prices=VND,
        blocked={"D6": HOUSE, "D7": HOUSE},
    ),
    DemoHall(
        id="berlin-1",
        name="Saal 1",
        cinema=BERLIN,
        plan=large_hall,
        currency="EUR",
        prices=EUR,
        blocked={"G10": HOUSE, "G11": HOUSE},
    ),
    DemoHall(
        id="berlin-2",
        name="Saal 2",
        cinema=BERLIN,
        plan=small_hall,
        currency="EUR",
        prices=EUR,
        blocked={"B3": REPAIR},
    ),
)
HALLS: Final = (*REGULAR, HANOI_ARENA)

TIMES: Final = (dt.time(10, 30), dt.time(14, 0), dt.time(17, 30), dt.time(20, 45))
"""When a hall's shows begin, by the clock on its wall."""


def local_ms(cinema: Cinema, day: dt.date, time: dt.time) -> int:
    """The instant of a local time of day, in milliseconds."""
    return int(dt.datetime.combine(day, time, ZoneInfo(cinema.time_zone)).timestamp()) * 1000


def local_day(cinema: Cinema, now: int) -> dt.date:
    """The date on the cinema's wall at `now` (ms)."""
    return to_datetime(now).astimezone(ZoneInfo(cinema.time_zone)).date()


def fixed() -> tuple[DemoShowtime, ...]:
    """`demo` and `demo-large`: always on sale and always still to come, with nothing to be moved as time passes."""
    starts_at = local_ms(HANOI, dt.date(2099, 12, 31), dt.time(20, 0))
    sales = Sales(opens_at=local_ms(HANOI, dt.date(2020, 1, 1), dt.time(0, 0)), closes_at=starts_at)
    return (
        DemoShowtime(id="demo", hall=HANOI_1, film=FILMS[0], starts_at=starts_at, sales=sales),
        DemoShowtime(id="demo-large", hall=HANOI_ARENA, film=FILMS[4], starts_at=starts_at, sales=sales),
    )


def regular(now: int) -> Iterator[DemoShowtime]:
    """Every regular hall's showtimes of today and tomorrow, as its cinema counts days at `now` (ms)."""
    for place, hall in enumerate(REGULAR):
        today = local_day(hall.cinema, now)
        for day in (today, today + dt.timedelta(days=1)):
            for slot, time in enumerate(TIMES):
                starts_at = local_ms(hall.cinema, day, time)
                yield DemoShowtime(
                    id=f"{hall.id}-{day:%Y%m%d}-{time:%H%M}",
                    hall=hall,
                    film=FILMS[(place + slot + day.toordinal()) % len(FILMS)],
                    starts_at=starts_at,
                    sales=Sales(opens_at=starts_at - 7 * DAY, closes_at=starts_at + 15 * MINUTE),
                )
