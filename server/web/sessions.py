"""Guest sessions: minted and renewed by `POST /sessions`."""

from starlette.responses import Response

from server.web.endpoint import Call, Endpoint, Nothing
from server.web.representations import SessionAnswer
from server.web.responses import json_response


async def create_session(call: Call[Nothing, Nothing]) -> Response:
    """A new guest, or the one that asks renewed; the token is in the answer and in the cookie."""
    sessions = call.context.sessions
    known = call.holder()
    token, holder = sessions.tokens.issue(known.id if known is not None else None)
    response = json_response(SessionAnswer(token=token, expires_at=holder.expires_at), status=201)
    response.set_cookie(
        sessions.cookie.name,
        token,
        max_age=-(-sessions.tokens.session_ms // 1000),
        path="/",
        secure=sessions.cookie.secure,
        httponly=True,
        samesite="lax",
    )
    return response


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/sessions",
        summary="Open a guest session, or renew the one that asks",
        run=create_session,
        body=Nothing,
        query=Nothing,
        answer=SessionAnswer,
        status=201,
        holder="optional",
    ),
)
