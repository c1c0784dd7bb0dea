"""Calls to gateways and messages of theirs, a sentence each."""

import itertools
import time
from typing import Any, Final

from server.ports.orders import CallbackRecord
from server.ports.traffic import Failure, GatewayCall

DAY: Final = 86_400_000

NOW: Final = time.time_ns() // 1_000_000
"""The real time: by its own clock the database keeps what is younger than two months."""

_numbers = itertools.count(1)


def call(reference: str = "pay-o1", *, at: int = NOW, failure: Failure | None = None, **more: Any) -> GatewayCall:
    """A call to VNPay, which was answered unless `failure` says why not."""
    values: dict[str, Any] = {
        "id": f"c{next(_numbers)}",
        "gateway": "vnpay",
        "kind": "querydr",
        "reference": reference,
        "sent_at": at,
        "took_ms": 12,
        "request": b'{"vnp_Command":"querydr"}',
        "failure": failure,
        "status": None if failure else 200,
        "answer": None if failure else b'{"vnp_ResponseCode":"00"}',
    }
    return GatewayCall(**(values | more))


def message(raw: bytes = b"a=1", *, at: int = NOW, **more: Any) -> CallbackRecord:
    """A message of VNPay about `pay-o1` that was verified, unless `more` says otherwise."""
    values: dict[str, Any] = {
        "gateway": "vnpay",
        "kind": "ipn",
        "raw": raw,
        "verified": True,
        "verdict": "recorded",
        "reference": "pay-o1",
        "received_at": at,
        "address": "198.51.100.7",
    }
    return CallbackRecord(**(values | more))


def forged(raw: bytes, *, at: int) -> CallbackRecord:
    """A message that nobody vouches for."""
    return message(raw, at=at, verified=False, verdict="forged", reference=None, address="203.0.113.9")
