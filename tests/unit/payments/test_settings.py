"""How gateways are configured, and what is refused at start."""

import pytest
from pydantic import SecretStr, ValidationError

from server.ops.settings import Settings

VNPAY = {
    "CINEBOOK_VNPAY_TMN_CODE": " CINEMA01 ",
    "CINEBOOK_VNPAY_HASH_SECRET": "TOPSECRET\n",
    "CINEBOOK_VNPAY_PAY_URL": "https://vnpay.example/pay.html",
    "CINEBOOK_VNPAY_API_URL": "https://vnpay.example/api",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting from outside."""
    monkeypatch.delenv("CINEBOOK_GATEWAYS", raising=False)


def test_the_sandbox_is_offered_unless_said_otherwise() -> None:
    """Without any setting there is the sandbox alone, and everybody may call."""
    settings = Settings()
    assert settings.gateways == ("sandbox",)
    assert settings.vnpay_ipn_addresses == settings.momo_ipn_addresses == settings.trusted_proxies == ()


def test_a_whole_configuration_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks that were copied along with a code or a key are dropped: they would make every signature wrong."""
    for name, value in {**VNPAY, "CINEBOOK_GATEWAYS": "vnpay, sandbox"}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.gateways == ("vnpay", "sandbox")
    assert settings.vnpay_tmn_code == "CINEMA01"
    assert settings.vnpay_hash_secret == SecretStr("TOPSECRET")
    assert "TOPSECRET" not in repr(settings)


def test_tickets_for_nothing_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where people come over https and may take the sandbox; not at home, nor where every gateway bills."""
    assert not Settings().gives_tickets_away
    monkeypatch.setenv("CINEBOOK_PUBLIC_URL", "https://tickets.example")
    assert Settings().gives_tickets_away
    for name, value in {**VNPAY, "CINEBOOK_GATEWAYS": "vnpay"}.items():
        monkeypatch.setenv(name, value)
    assert not Settings().gives_tickets_away
    monkeypatch.setenv("CINEBOOK_GATEWAYS", "vnpay,sandbox")
    assert Settings().gives_tickets_away


@pytest.mark.parametrize("missing", VNPAY)
def test_a_gateway_that_is_not_whole_is_refused(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """A gateway that is listed without all of its settings stops the start, by a sentence that names them."""
    for name, value in {**VNPAY, "CINEBOOK_GATEWAYS": "vnpay"}.items():
        monkeypatch.setenv(name, "" if name == missing else value)
    with pytest.raises(ValidationError, match=f"lists vnpay, which needs {missing.removeprefix('CINEBOOK_')} too"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAYS", "paypal"),
        ("GATEWAYS", ","),
        ("GATEWAYS", "sandbox,sandbox"),
        ("GATEWAYS", "momo"),
        ("MOMO_TIMEOUT_MS", "29999"),
        ("MOMO_CAPTURE", "later"),
        ("MOMO_API_URL", "momo.example"),
        ("VNPAY_PAY_URL", "https://vnpay.example/pay?x=1"),
        ("VNPAY_IPN_ADDRESSES", "113.160.92.202, vnpay.example"),
        ("VNPAY_SERVER_IP", "here"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
    ],
)
def test_wrong_values_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Unknown gateways, names for addresses, and time-outs that MoMo does not allow stop the start."""
    monkeypatch.setenv(f"CINEBOOK_{name}", value)
    with pytest.raises(ValidationError):
        Settings()
