"""What settings are refused at start, each by a sentence that does not repeat what it may have as a password."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from server.ops.settings import LONGEST_MS, MOST, Settings

PASSWORD = "hunter2"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting from outside."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CINEBOOK_{name.upper()}", raising=False)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REDIS_PREFIX", "{cinema}:", "no braces"),
        ("REDIS_PREFIX", "a}", "no braces"),
        ("REDIS_PREFIX", "a\nb", "cannot be printed"),
        ("REDIS_PREFIX", "caf\udce9", "UTF-8"),
        ("SECRET_KEY", "\udcff" * 32, "UTF-8"),
        ("HOST", "a..b", "an address or a name"),
        ("HOST", "x" * 64, "an address or a name"),
        ("PORT", "65536", "less than or equal to 65535"),
        ("DATA_DIR", "", "must name a folder"),
        ("PUBLIC_URL", "tickets.example", "a scheme and a host"),
        ("PUBLIC_URL", "https://", "a scheme and a host"),
        ("PUBLIC_URL", "https://tickets.example/de", "a scheme and a host"),
        ("PUBLIC_URL", "https://tickets.example#x", "a scheme and a host"),
        ("PUBLIC_URL", "https://me:hunter2@tickets.example", "a scheme and a host"),
        ("PUBLIC_URL", "https://tickets.example:port", "a number as its port"),
        ("PUBLIC_URL", "https://tickets example", "must not have blanks"),
        ("PUBLIC_URL", "https://[::1", "a host that can be read"),
        ("PUBLIC_URL", f"https://{'x.' * 100}example", "at most 200 characters"),
        ("ALLOWED_ORIGINS", "https://a.example, b.example", "a scheme and a host"),
        ("ALLOWED_ORIGINS", "*", "a scheme and a host"),
        ("ALLOWED_ORIGINS", "https://a.example/page", "a scheme and a host"),
        ("REDIS_URL", "redis://:hunter2@[host", "a host that can be read"),
        ("REDIS_URL", "redis://:hunter2@host:6379/0 ", "must not have blanks"),
        ("DATABASE_URL", "postgresql://me:hunter2/x@host/name", "a number as its port"),
        ("DATABASE_URL", "mysql://me:hunter2@host/name", "must begin with postgresql://"),
        ("SMTP_URL", "smtps:///hunter2", "must name a host"),
        ("SMTP_URL", "smtps:hunter2", "must name a host"),
        ("SMTP_URL", "smtp://me:hunter2@host", "without encryption"),
        ("ESMS_URL", "rest.esms.vn", "an address without a query"),
        ("MOMO_API_URL", "https:///path", "an address without a query"),
        ("VNPAY_PAY_URL", "https://vnpay.example:hunter2/pay", "a number as its port"),
        ("DATABASE_TIMEOUT_MS", str(MOST + 1), "less than or equal to"),
        ("LOG_LENGTH", str(10**30), "less than or equal to"),
        ("HOLD_MS", str(LONGEST_MS + 1), "less than or equal to"),
        ("PAYMENT_MS", "0", "greater than 0"),
        ("COALESCE_MS", "-1", "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    """It stops the start under its name, before anything could stumble over it later."""
    monkeypatch.setenv(f"CINEBOOK_{name}", value)
    with pytest.raises(ValidationError) as refusal:
        Settings()
    (fault,) = refusal.value.errors()
    assert fault["loc"] == (name.lower(),)
    assert words in fault["msg"]
    assert PASSWORD not in fault["msg"]


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("REDIS_PREFIX", "", ""),
        ("REDIS_PREFIX", "rạp số 1/", "rạp số 1/"),
        ("HOST", "::1", "::1"),
        ("DATA_DIR", "/var/lib/cine book", Path("/var/lib/cine book")),
        ("PUBLIC_URL", "https://tickets.example:8443/", "https://tickets.example:8443"),
        ("ALLOWED_ORIGINS", "https://a.example/, http://[::1]:3000", ("https://a.example", "http://[::1]:3000")),
        ("REDIS_URL", "unix:///run/valkey.sock?db=1", "unix:///run/valkey.sock?db=1"),
        ("DATABASE_URL", "postgresql://me@/name?host=/run&port=5432", "postgresql://me@/name?host=/run&port=5432"),
        ("SMTP_URL", "smtps://me:a%2Fb@mail.example", SecretStr("smtps://me:a%2Fb@mail.example")),
        ("ESMS_URL", "http://127.0.0.1:9/", "http://127.0.0.1:9"),
        ("HOLD_MS", "1", 1),
    ],
)
def test_what_can_be_used_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str, taken: object) -> None:
    """The rules refuse no more than they must; a slash at the end of an origin is dropped."""
    monkeypatch.setenv(f"CINEBOOK_{name}", value)
    assert getattr(Settings(), name.lower()) == taken


def test_the_defaults_can_be_used() -> None:
    """Without any setting nothing is refused."""
    assert Settings().redis_prefix == "cinebook:"
