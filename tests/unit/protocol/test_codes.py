"""The registries of codes, against the tables of the contract as they are published."""

import pytest

from protocol.codes import RECONNECT_RANGE, STAY_AWAY_RANGE, CloseCode, Code, NoticeCode, Outcome, should_reconnect

SOCKET = {
    "seats_unavailable": 409,
    "not_enough_seats": 409,
    "limit_exceeded": 409,
    "seat_rule": 409,
    "not_held": 409,
    "hold_cap": 409,
    "gone": 410,
    "unknown_seat": 422,
    "bad_request": 422,
    "read_only": 401,
    "not_admitted": 429,
    "rate_limited": 429,
    "sales_closed": 409,
    "unavailable": 503,
}
HTTP_ONLY = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "unsupported_media_type": 415,
    "idempotency_in_progress": 409,
    "idempotency_mismatch": 422,
    "conflict": 409,
    "internal": 500,
}
PRIVATE_CLOSES = {
    4001: "slow_consumer",
    4002: "idle",
    4003: "draining",
    4004: "flood",
    4501: "session_ended",
    4502: "bad_message",
    4503: "showtime_closed",
    4504: "unknown_showtime",
}


def test_rejections() -> None:
    """Every code has its HTTP status, and those of HTTP alone are known as such."""
    assert {code.value: code.http_status for code in Code if code.on_socket} == SOCKET
    assert {code.value: code.http_status for code in Code if not code.on_socket} == HTTP_ONLY


def test_private_closes() -> None:
    """The private close codes have the names of the contract."""
    assert {code.value: code.name.lower() for code in CloseCode if code >= 4000} == PRIVATE_CLOSES


def test_ranges_say_whether_to_reconnect() -> None:
    """4000-4499 reconnect and 4500-4999 do not, also for codes that this version has never seen."""
    assert (range(4000, 4500), range(4500, 5000)) == (RECONNECT_RANGE, STAY_AWAY_RANGE)
    assert all(should_reconnect(code) for code in RECONNECT_RANGE)
    assert not any(should_reconnect(code) for code in STAY_AWAY_RANGE)


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 1012, 1013, 1014])
def test_trouble_elsewhere_reconnects(code: int) -> None:
    """The server's or the network's trouble passes."""
    assert should_reconnect(code)


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000])
def test_our_own_fault_does_not_reconnect(code: int) -> None:
    """The same input would end the same way; 1000 is a conversation that is over."""
    assert not should_reconnect(code)


def test_small_vocabularies() -> None:
    """Outcomes and notices are those of the contract."""
    assert {outcome.value for outcome in Outcome} == {"none", "unknown"}
    assert {notice.value for notice in NoticeCode} == {
        "draining",
        "locks_paused",
        "locks_resumed",
        "showtime_changed",
    }
