"""Entering the layouts of halls: once entered they never change, so what is wrong with one is told before."""

from hashlib import sha256
from typing import Final

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables.catalogue import layouts, seats, zones
from server.domain.layout import Layout, Seat, check

UNENTERED: Final = 0
"""The version of a layout that has none yet."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A layout before it has a version; `zones` are (id, name), in the order in which they are shown."""

    width: float
    height: float
    zones: tuple[tuple[str, str], ...]
    seats: tuple[Seat, ...]


async def enter(connection: AsyncConnection, hall: str, plan: Plan) -> tuple[int, bool]:
    """The version of `plan` in `hall`, and whether it is new: the same plan of a hall is entered once.

    Runs in the caller's transaction; two at once for the same hall and plan need a lock around them. Raises
    ValueError with everything that is wrong with the plan.
    """
    faults = check(Layout(version=UNENTERED, width=plan.width, height=plan.height, seats=plan.seats))
    if faults:
        raise ValueError("; ".join(faults))
    fingerprint = sha256(msgspec.json.encode(plan)).hexdigest()
    known = select(layouts.c.version).where(layouts.c.hall == hall, layouts.c.fingerprint == fingerprint)
    version = (await connection.execute(known)).scalar_one_or_none()
    if version is not None:
        return version, False
    head = {
        "hall": hall,
        "width": plan.width,
        "height": plan.height,
        "seat_count": len(plan.seats),
        "fingerprint": fingerprint,
    }
    version = (await connection.execute(insert(layouts).values(head).returning(layouts.c.version))).scalar_one()
    await connection.execute(
        insert(zones),
        [
            {"layout": version, "id": zone, "place": place, "name": name}
            for place, (zone, name) in enumerate(plan.zones)
        ],
    )
    await connection.execute(
        insert(seats), [{"pair": None, **msgspec.to_builtins(seat), "layout": version} for seat in plan.seats]
    )
    return version, True
