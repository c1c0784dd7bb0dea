"""Staff sign-in: one session a cookie, kept in the database, so that it ends at once for every worker."""

from starlette.responses import Response

from protocol.codes import Code
from server.domain.staff import CredentialsError, Role
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.problems import ProblemError, request_id
from server.web.responses import json_response
from server.web.staff.representations import SignedOutAnswer, SignInRequest, StaffSessionAnswer


async def create_staff_session(call: Call[SignInRequest, Nothing]) -> Response:
    """Sign in with login and password; the session is in the cookie alone.

    `unauthenticated` does not tell a wrong password from an account that is unknown or disabled. After some failures
    with one login or from one address the next attempts are `rate_limited`, for longer each time.
    """
    door = call.context.staff
    try:
        token, session = await door.sign_in(
            call.body.login,
            call.body.password,
            address=call.client_ip() or "",
            request=request_id(call.request),
        )
    except CredentialsError as error:
        raise ProblemError(Code.UNAUTHENTICATED) from error
    response = json_response(StaffSessionAnswer.of(session), status=201)
    # No page of another site needs it, not even by a link; and it ends with the browser.
    response.set_cookie(door.cookie.name, token, path="/", secure=door.cookie.secure, httponly=True, samesite="strict")
    return response


async def get_staff_session(call: Call[Nothing, Nothing]) -> Response:
    """Who is signed in."""
    assert call.signed_in is not None  # noqa: S101 - the endpoint says `staff`
    return json_response(StaffSessionAnswer.of(call.signed_in))


async def delete_staff_session(call: Call[Nothing, Nothing]) -> Response:
    """Sign out: the cookie is good for nothing from then on, wherever it was copied to."""
    door = call.context.staff
    await door.sign_out(call.request.headers, call.actor())
    response = json_response(SignedOutAnswer(signed_out=True))
    response.delete_cookie(door.cookie.name, path="/", secure=door.cookie.secure, httponly=True, samesite="strict")
    return response


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/staff/session",
        summary="Sign in as staff",
        run=create_staff_session,
        body=SignInRequest,
        query=Nothing,
        answer=StaffSessionAnswer,
        status=201,
        codes=(Code.UNAUTHENTICATED, Code.RATE_LIMITED, Code.UNAVAILABLE),
    ),
    Endpoint(
        method="GET",
        path="/staff/session",
        summary="Who is signed in",
        run=get_staff_session,
        body=Nothing,
        query=Nothing,
        answer=StaffSessionAnswer,
        staff=Role.BOX_OFFICE,
    ),
    Endpoint(
        method="DELETE",
        path="/staff/session",
        summary="Sign out",
        run=delete_staff_session,
        body=Nothing,
        query=Nothing,
        answer=SignedOutAnswer,
        staff=Role.BOX_OFFICE,
    ),
)
