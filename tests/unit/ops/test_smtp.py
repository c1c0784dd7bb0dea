"""Addresses of mail servers."""

import pytest

from server.ops.smtp import SmtpServer


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


@pytest.mark.parametrize(
    "url", ["", "http://mail", "smtp:mail", "smtp://u:secret@mail", "SMTP://u:secret@mail", "smtps://u:secret@mail:x"]
)
def test_a_bad_mail_server_is_refused_without_its_password(url: str) -> None:
    """Also one whose password would be read on the way."""
    with pytest.raises(ValueError, match="must") as caught:
        SmtpServer.from_url(url)
    assert "secret" not in str(caught.value)
