"""Refunds of which VNPay says no end for so long that staff say it, and what it says after all."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from server.db.engine import create_lone_engine
from tests.integration.payments.people import Buyer
from tests.integration.payments.town import Town, paid

SEATS = ("F7", "F8")
TODAY = datetime.now(UTC).date().isoformat()


async def accepted_long_ago(town: Town) -> tuple[Buyer, dict[str, Any], str]:
    """A customer, the order, and the reference of its refund, of which VNPay has said nothing for two hours."""
    buyer, order = await paid(town, "vnpay", *SEATS)
    await town.manager.refunds(order)
    [row] = await town.manager.sees_refunds(order, "sent")
    engine = create_lone_engine(town.app.addresses.database_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE refunds SET begun_at = begun_at - interval '2 hours'"))
    await engine.dispose()
    return buyer, order, row["reference"]


async def test_what_staff_say_is_done_is_done(town: Town) -> None:
    """The customer is told once, and what VNPay says later is the same: no alarm, and the money adds up."""
    buyer, order, reference = await accepted_long_ago(town)
    await town.manager.closes(order, reference, outcome="done", on=TODAY)
    await buyer.sees(order, "refunded")
    await town.mailed(buyer, tickets=1, refund_done=1)
    await town.refunds_end()
    [row] = await town.manager.sees_refunds(order, "done")
    assert (row["closing"]["said"], row["closing"]["contradicted"]) == ("done", False)
    assert (await town.manager.figures())["contradictions"] == 0
    await town.mailed(buyer, tickets=1, refund_done=1)
    await town.balance()


async def test_a_gateway_that_says_failed_later_is_heard(town: Town) -> None:
    """Staff's word stands, and the contradiction is shown with VNPay's code and counted."""
    buyer, order, reference = await accepted_long_ago(town)
    await town.manager.closes(order, reference, outcome="done", on=TODAY)
    await town.refunds_end("09")
    [row] = await town.manager.sees_refunds(order, "done")
    assert (row["closing"]["said"], row["closing"]["contradicted"], row["code"]) == ("failed", True, "09")
    figures = await town.manager.figures()
    assert (figures["contradictions"], figures["money"][0]["unexplained"]) == (1, 0)
    await buyer.sees(order, "refunded")


async def test_a_gateway_that_says_done_later_ends_what_failed(town: Town) -> None:
    """Nobody can send it again then: the customer has the money, and the contradiction is shown."""
    buyer, order, reference = await accepted_long_ago(town)
    await town.manager.closes(order, reference, outcome="failed")
    assert (await town.manager.figures())["failed_refunds"] == 1
    await town.refunds_end()
    [row] = await town.manager.sees_refunds(order, "done")
    closing = row["closing"]
    assert (closing["outcome"], closing["said"], closing["contradicted"]) == ("failed", "done", True)
    assert (await town.manager.figures())["contradictions"] == 1
    await buyer.sees(order, "refunded")
    await town.mailed(buyer, tickets=1, refund_done=1)
    await town.balance()
