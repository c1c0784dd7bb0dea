"""The books of the sandbox gateway in PostgreSQL, shared by all workers."""

from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import reading
from server.db.tables.sandbox import sandbox_payments, sandbox_refunds
from server.db.writing import writing
from server.domain.payments import Outcome
from server.ports.sandbox import SandboxPayment


class PostgresSandboxLedger:
    """`SandboxLedger` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def decide(self, reference: str, *, outcome: Outcome, amount: int, code: str) -> SandboxPayment:
        """Write a decision down and return what stands; see `SandboxLedger`."""
        new = insert(sandbox_payments).values(reference=reference, outcome=outcome.value, amount=amount, code=code)
        upsert = new.on_conflict_do_update(
            index_elements=[sandbox_payments.c.reference],
            set_={"outcome": new.excluded.outcome, "code": new.excluded.code},
            where=sandbox_payments.c.outcome == Outcome.FAILED.value,
        )
        standing = select(sandbox_payments).where(sandbox_payments.c.reference == reference)
        async with writing(self._engine) as connection:
            await connection.execute(upsert)
            row = (await connection.execute(standing)).one()
        return _payment(row)

    async def payment(self, reference: str) -> SandboxPayment | None:
        """What stands of an attempt; None if nobody decided."""
        query = select(sandbox_payments).where(sandbox_payments.c.reference == reference)
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _payment(row)

    async def refund(self, reference: str, *, payment: str, amount: int) -> bool:
        """Send money of a payment back, once; see `SandboxLedger`."""
        # The lock on the payment lets its refunds through one after the other.
        paid = select(sandbox_payments).where(sandbox_payments.c.reference == payment).with_for_update()
        known = select(sandbox_refunds.c.amount).where(sandbox_refunds.c.reference == reference)
        returned = select(func.coalesce(func.sum(sandbox_refunds.c.amount), 0)).where(
            sandbox_refunds.c.payment == payment
        )
        new = insert(sandbox_refunds).values(reference=reference, payment=payment, amount=amount)
        async with writing(self._engine) as connection:
            row = (await connection.execute(paid)).one_or_none()
            if row is None or row.outcome == Outcome.FAILED.value:
                return False
            before: int | None = (await connection.execute(known)).scalar_one_or_none()
            if before is not None:
                return before == amount
            if int((await connection.execute(returned)).scalar_one()) + amount > row.amount:
                return False
            await connection.execute(new)
        return True

    async def refunded(self, reference: str) -> int | None:
        """What the refund with this reference sent back; None if there is none."""
        query = select(sandbox_refunds.c.amount).where(sandbox_refunds.c.reference == reference)
        async with reading(self._engine) as connection:
            amount: int | None = (await connection.execute(query)).scalar_one_or_none()
        return amount


def _payment(row: Row[Any]) -> SandboxPayment:
    return SandboxPayment(
        reference=row.reference,
        outcome=Outcome(row.outcome),
        amount=row.amount,
        code=row.code,
        number=row.number,
    )
