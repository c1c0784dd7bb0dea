"""Which subscriptions are accepted: an address that a client names must not lead us elsewhere."""

import msgspec
import pytest

from server.domain import base64url
from server.notify.push import PushPolicy
from tests.browsers import PushBrowser

POLICY = PushPolicy(("fcm.googleapis.com", ".push.apple.com", "localhost:8443"))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://FCM.googleapis.com:443/fcm/send/abc",
        "https://web.push.apple.com/Q",
        "https://localhost:8443/x",
    ],
)
def test_known_services_are_accepted(endpoint: str) -> None:
    """By name, or below a name."""
    assert POLICY.fault(PushBrowser(endpoint).subscription) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "x", "https://", "http://fcm.googleapis.com/x", "ftp://fcm.googleapis.com/x", "//fcm.googleapis.com/x"),
        *(
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/latest",
            "https://10.0.0.1/",
            "https://db",
        ),
        *("https://evil.example/x", "https://fcm.googleapis.com.evil.example/x", "https://evilpush.apple.com/x"),
        *(
            "https://push.apple.com/x",
            "https://xfcm.googleapis.com/x",
            "https://fcm.googleapis.com@evil.example/x",
            "https://u:p@fcm.googleapis.com/x",
        ),
        *("https://fcm.googleapis.com:8443/x", "https://web.push.apple.com:22/x", "https://localhost/x"),
        *(
            "https://fcm.googleapis.com:x/",
            "https://evil.example\\@fcm.googleapis.com/x",
            "https://fcm.googleapis.com/ x",
        ),
        *("https://fcm.googleapis.com/\nx", "https://fcm.googleapis.com/ü", "https://fcm.googleapis.com/" + "a" * 1024),
        *("https://[fcm.googleapis.com/x", "https://fcm.googleapis.com/x#y", "https://fcm.googleapis.com./x"),
    ],
)
def test_nothing_else_is(endpoint: str) -> None:
    """No other scheme, host, port or spelling; nothing inside our own network."""
    assert POLICY.fault(PushBrowser(endpoint).subscription) == "endpoint"


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("p256dh", base64url.encode(b"\4" + b"x" * 64), "keys.p256dh"),
        ("p256dh", base64url.encode(b"\2" + b"x" * 32), "keys.p256dh"),
        ("p256dh", "!", "keys.p256dh"),
        ("p256dh", "", "keys.p256dh"),
        ("auth", base64url.encode(b"short"), "keys.auth"),
        ("auth", "ü", "keys.auth"),
    ],
)
def test_keys_must_be_keys(field: str, value: str, fault: str) -> None:
    """A point on the curve and sixteen octets; nothing can be encrypted for others."""
    subscription = PushBrowser("https://fcm.googleapis.com/x").subscription
    assert POLICY.fault(msgspec.structs.replace(subscription, **{field: value})) == fault
