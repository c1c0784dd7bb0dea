"""What MoMo wants of each field that it is sent, written from its rules alone."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Rule = Callable[[Any], bool]


def _text(pattern: str, longest: int) -> Rule:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda value: isinstance(value, str) and len(value) <= longest and bool(compiled.fullmatch(value))


def _whole(least: int) -> Rule:
    return lambda value: type(value) is int and value >= least


_ID: Final = _text(r"[0-9a-zA-Z]([-_.]*[0-9a-zA-Z]+)*", 50)
_EVERYWHERE: Final[Mapping[str, Rule]] = {
    "partnerCode": _text(r".+", 50),
    "requestId": _text(r"[!-~]+", 50),
    "orderId": _ID,
    "lang": _text(r"vi|en", 2),
    "signature": _text(r"[0-9a-f]{64}", 64),
}

RULES: Final[Mapping[str, Mapping[str, Rule]]] = {
    "create": {
        **_EVERYWHERE,
        "amount": _whole(0),
        "orderInfo": _text(r".+", 255),
        "redirectUrl": _text(r"https?://[!-~]+", 1000),
        # A path alone: no query, no fragment, nothing that is written with a percent sign.
        "ipnUrl": _text(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._-]+)*", 1000),
        "requestType": _text(r"captureWallet", 50),
        "extraData": _text(r"[A-Za-z0-9+/=]*", 1000),
        "autoCapture": lambda value: isinstance(value, bool),
        "orderExpireTime": _whole(1),
    },
    "query": _EVERYWHERE,
    "confirm": {
        **_EVERYWHERE,
        "amount": _whole(0),
        "requestType": _text(r"capture|cancel", 50),
        "description": _text(r".*", 255),
    },
    "refund": {**_EVERYWHERE, "amount": _whole(0), "transId": _whole(1), "description": _text(r".*", 255)},
    "refund/query": _EVERYWHERE,
}


def wrong(call: str, fields: Mapping[str, Any]) -> list[str]:
    """The names of fields that are missing, unknown, or not what MoMo wants in this call."""
    rules = RULES[call]
    return sorted((fields.keys() - rules) | {name for name, fits in rules.items() if not fits(fields.get(name))})
