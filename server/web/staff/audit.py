"""What was done and by whom, for managers."""

import msgspec
from starlette.responses import Response

from server.domain.staff import Role
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.problems import ProblemError
from server.web.responses import json_response
from server.web.staff.representations import AuditAnswer, AuditQuery, AuditRecordAnswer


async def list_audit(call: Call[Nothing, AuditQuery]) -> Response:
    """A page of the audit, the newest first."""
    try:
        page = await call.context.audit.page(after=call.query.cursor, limit=call.query.limit)
    except ValueError as error:
        raise ProblemError.bad_request("cursor", "no cursor of this list") from error
    records = tuple(AuditRecordAnswer(**msgspec.structs.asdict(record)) for record in page.records)
    return json_response(AuditAnswer(records=records, next=page.next))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/staff/audit",
        summary="What was done, by whom and when",
        run=list_audit,
        body=Nothing,
        query=AuditQuery,
        answer=AuditAnswer,
        staff=Role.MANAGER,
    ),
)
