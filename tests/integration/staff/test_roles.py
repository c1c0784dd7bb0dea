"""Who may do what, and what stands in the audit of it."""

from server.domain.staff import SYSTEM, AuditEntry
from tests.integration.rest.place import Place, problem
from tests.integration.staff.conftest import AUDIT, signed_in


async def test_the_audit_is_for_managers(place: Place) -> None:
    """The box office is known and not allowed; nobody is not known."""
    async with signed_in(place, "mai") as manager:
        assert (await manager.get(AUDIT)).status_code == 200
    async with signed_in(place, "binh") as box_office:
        problem(await box_office.get(AUDIT), 403, "forbidden")
    async with place.guest() as guest:
        problem(await guest.get(AUDIT), 401, "unauthenticated")


async def test_the_audit_is_read_page_by_page(place: Place) -> None:
    """The newest first, each record once, also when others are added meanwhile."""
    for number in range(5):
        entry = AuditEntry(actor=SYSTEM, action="order.refund", subject=f"order:o{number}", details={"amount": number})
        await place.staff.audit.record(entry)
    async with signed_in(place, "mai") as manager:
        seen, cursor = [], None
        while True:
            query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await manager.get(AUDIT, params=query)).json()
            seen += page["records"]
            await place.staff.audit.record(AuditEntry(actor=SYSTEM, action="late.act", subject="order:late"))
            cursor = page["next"]
            if cursor is None:
                break
    assert [record["action"] for record in seen] == ["staff.sign_in", *["order.refund"] * 5, *["staff.add"] * 2]
    assert seen[1] | {"id": 0, "at": 0} == {
        "id": 0,
        "at": 0,
        "actor": "system",
        "actor_name": None,
        "action": "order.refund",
        "subject": "order:o4",
        "subject_name": None,
        "details": {"amount": 4},
        "request": None,
    }
    assert (seen[0]["actor_name"], seen[0]["subject_name"]) == ("Mai", "Mai")
    assert (seen[-1]["actor_name"], seen[-1]["subject_name"]) == (None, "Mai")
    ids = [record["id"] for record in seen]
    assert ids == sorted(ids, reverse=True)


async def test_a_cursor_that_is_none_is_refused(place: Place) -> None:
    """By the field's name; so is a limit that is none."""
    async with signed_in(place, "mai") as manager:
        for query in ({"cursor": "x"}, {"cursor": "9" * 30}, {"cursor": "-1"}, {"limit": "0"}, {"limit": "101"}):
            document = problem(await manager.get(AUDIT, params=query), 422, "bad_request")
            assert document["errors"][0]["field"] in query
