"""`Audit`: it only grows, and an act stands or falls with its entry."""

import pytest
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.audit import record
from server.domain.staff import CLI, SYSTEM, Actor, AuditEntry
from server.ports import Audit


async def test_what_was_recorded_is_read(audit: Audit) -> None:
    """With its time, and all that was told of it."""
    actor = Actor(id="a1b2", request="r-1")
    details: dict[str, str | int | bool | None] = {"reason": "<b>'; --", "amount": 90_000, "late": True, "old": None}
    await audit.record(AuditEntry(actor=actor, action="order.refund", subject="order:o-1", details=details))
    (found,) = (await audit.page(after=None, limit=10)).records
    assert (found.actor, found.request, found.action, found.subject) == ("a1b2", "r-1", "order.refund", "order:o-1")
    assert found.details == details
    assert found.at > 1_700_000_000_000


async def test_pages_follow_each_other(audit: Audit) -> None:
    """The newest first; the last page says that it is."""
    for number in range(5):
        await audit.record(AuditEntry(actor=CLI, action="order.refund", subject=f"order:{number}"))
    first = await audit.page(after=None, limit=2)
    second = await audit.page(after=first.next, limit=2)
    third = await audit.page(after=second.next, limit=2)
    subjects = [record.subject for page in (first, second, third) for record in page.records]
    assert subjects == [f"order:{number}" for number in (4, 3, 2, 1, 0)]
    assert third.next is None
    assert (await audit.page(after=None, limit=5)).next is None


@pytest.mark.parametrize("cursor", ["", "0", "-1", "x", "1.5", "٣", "9" * 19])
async def test_a_cursor_that_is_none(audit: Audit, cursor: str) -> None:
    """Is refused before anything is asked."""
    with pytest.raises(ValueError, match="cursor"):
        await audit.page(after=cursor, limit=10)


async def test_an_act_and_its_entry_are_one(engine: AsyncEngine, audit: Audit) -> None:
    """An entry within a transaction that fails is none."""
    async with engine.connect() as connection:
        await record(connection, AuditEntry(actor=SYSTEM, action="order.refund", subject="order:1"))
        await connection.rollback()
    assert (await audit.page(after=None, limit=10)).records == ()


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'cli'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_nothing_takes_an_entry_away(engine: AsyncEngine, audit: Audit, statement: str) -> None:
    """Neither changed nor removed, one by one or all at once."""
    await audit.record(AuditEntry(actor=SYSTEM, action="order.refund", subject="order:1"))
    with pytest.raises(exc.IntegrityError, match="the audit only grows"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    assert len((await audit.page(after=None, limit=10)).records) == 1


@pytest.mark.parametrize(
    ("actor", "action", "subject", "request_id"),
    [
        ("a person", "order.refund", "order:1", None),
        ("cli", "refund", "order:1", None),
        ("cli", "order.refund", "somebody@example.com", None),
        ("cli", "order.refund", "order:", None),
        ("cli", "order.refund", "order:1", "two\nlines"),
    ],
)
async def test_what_is_no_entry_is_refused(
    audit: Audit, actor: str, action: str, subject: str, request_id: str | None
) -> None:
    """So that what is searched for later is found."""
    with pytest.raises(exc.IntegrityError, match="audit_"):
        await audit.record(AuditEntry(actor=Actor(id=actor, request=request_id), action=action, subject=subject))
