"""The money of one world as the gateways have it, and a clean table for the next world."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.domain.payments import Outcome
from tests.faults.payments.bank import Bank

_TABLES = (
    "seat_ledger",
    "idempotency_keys",
    "outbox",
    "payment_events",
    "refunds",
    "payments",
    "order_seats",
    "orders",
    "sandbox_refunds",
    "sandbox_payments",
)


@dataclass
class Sums:
    """What a gateway took by one attempt, and what of it went back; `reserved`: it is neither taken nor let go."""

    taken: int = 0
    returned: int = 0
    reserved: bool = False

    @property
    def kept(self) -> int:
        """What is with us."""
        return self.taken - self.returned


Books = defaultdict[str, Sums]
"""By reference of the attempt."""


async def money_of(engine: AsyncEngine, bank: Bank) -> Books:
    """What the sandbox and the bank have in their books."""
    found: Books = defaultdict(Sums)
    async with engine.connect() as connection:
        taken = text("SELECT reference, amount FROM sandbox_payments WHERE outcome <> 'failed'")
        for reference, amount in await connection.execute(taken):
            found[reference].taken = amount
        returned = text("SELECT payment, sum(amount) FROM sandbox_refunds GROUP BY payment")
        for reference, amount in await connection.execute(returned):
            found[reference].returned = int(amount)
    for reference, entry in bank.books.items():
        reserved = entry.outcome is Outcome.AUTHORISED
        found[reference] = Sums(taken=entry.taken, returned=entry.returned(), reserved=reserved)
    return found


async def wipe(engine: AsyncEngine) -> None:
    """Forget all orders, as if nothing had ever been sold."""
    async with engine.begin() as connection:
        # Triggers keep what stands in these tables from ever being taken away.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in _TABLES:
            await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - the names are above
