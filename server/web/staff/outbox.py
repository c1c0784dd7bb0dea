"""Effects that were given up: staff see them, and have them tried again."""

from starlette.responses import Response

from protocol.codes import Code
from server.domain.staff import AuditEntry, Role
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.problems import ProblemError
from server.web.responses import json_response
from server.web.staff.order_representations import DeadLetterAnswer, JobId, OutboxAnswer, RetriedAnswer


async def list_outbox(call: Call[Nothing, Nothing]) -> Response:
    """What was given up, and how much is still to be done."""
    outbox = call.context.shop.outbox
    dead = tuple(DeadLetterAnswer.of(letter) for letter in await outbox.dead())
    return json_response(OutboxAnswer(waiting=await outbox.waiting(), dead=dead))


async def retry_effect(call: Call[Nothing, Nothing]) -> Response:
    """Queue an effect that was given up again; `not_found` where there is none."""
    job: int = call.part("job", JobId)
    entry = AuditEntry(actor=call.actor(), action="outbox.retry", subject=f"job:{job}")
    if not await call.context.shop.outbox.revive(job, now=call.context.store.now(), audit=entry):
        raise ProblemError(Code.NOT_FOUND)
    return json_response(RetriedAnswer(queued=True))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/staff/outbox",
        summary="Effects that were given up",
        run=list_outbox,
        body=Nothing,
        query=Nothing,
        answer=OutboxAnswer,
        staff=Role.BOX_OFFICE,
    ),
    Endpoint(
        method="POST",
        path="/staff/outbox/{job}/retry",
        summary="Try an effect again that was given up",
        run=retry_effect,
        body=Nothing,
        query=Nothing,
        answer=RetriedAnswer,
        staff=Role.MANAGER,
    ),
)
