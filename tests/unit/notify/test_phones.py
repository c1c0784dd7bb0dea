"""Phone numbers, and addresses of mail servers."""

import pytest

from server.notify.mail import SmtpServer
from server.notify.sms import normal_phone


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("0912 345 678", "+84912345678"),
        ("+84 (91) 234-5678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("0049 170 1234567", "+491701234567"),
        ("+491701234567", "+491701234567"),
        (None, None),
        ("", None),
        ("12", None),
        ("0912345678; 0912345679", None),
        ("0912345678\n", "+84912345678"),
        ("٠٩١٢٣٤٥٦٧٨", None),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: str | None, normal: str | None) -> None:
    """Viet Nam's without a country code; what is no number is none."""
    assert normal_phone(typed) == normal


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail", SmtpServer(host="mail", port=25, security="plain")),
        ("smtp+starttls://mail:2525", SmtpServer(host="mail", port=2525, security="starttls")),
        (
            "smtps://a%40b:p%2Fw@mail.example",
            SmtpServer(host="mail.example", port=465, security="tls", user="a@b", password="p/w"),
        ),
    ],
)
def test_a_mail_server_is_named_by_url(url: str, server: SmtpServer) -> None:
    """The scheme says how the line is protected."""
    assert SmtpServer.from_url(url) == server


@pytest.mark.parametrize("url", ["http://mail", "smtp:mail", "smtp://u:secret@mail", "smtps://u:secret@mail:x"])
def test_a_bad_mail_server_is_refused_without_its_password(url: str) -> None:
    """Also one whose password would be read on the way."""
    with pytest.raises(ValueError, match="must") as caught:
        SmtpServer.from_url(url)
    assert "secret" not in str(caught.value)
