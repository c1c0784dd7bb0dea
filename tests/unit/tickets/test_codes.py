"""Ticket codes: nobody makes or changes one without the private key."""

import base64

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from server.tickets.codes import TicketCode, TicketCodeError, TicketSigner, verify

SIGNER = TicketSigner(b"s" * 32)
TICKET = TicketCode(order="3f9c1d0e7ab84c52a6f0e1d2c3b4a596", showtime="demo", seat="F7", starts_at=1_795_700_700_000)

ids = st.text(alphabet="ABCxyz019_-", min_size=1, max_size=64)
tickets = st.builds(
    TicketCode, order=ids, showtime=ids, seat=ids.map(lambda text: text[:16]), starts_at=st.integers(0, 2**48 - 1)
)


@given(tickets)
def test_a_code_says_what_was_signed(ticket: TicketCode) -> None:
    """Every ticket comes back whole, from the public key alone; signed again it is the same code."""
    code = SIGNER.issue(ticket)
    assert verify(SIGNER.public_key, code) == ticket
    assert TicketSigner(b"s" * 32).issue(ticket) == code


@given(tickets, st.data())
def test_a_changed_code_is_refused(ticket: TicketCode, data: st.DataObject) -> None:
    """Whichever letter is replaced, left out or added."""
    code = SIGNER.issue(ticket)
    place = data.draw(st.integers(0, len(code) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").filter(lambda new: new != code[place]))
    for changed in (code[:place] + letter + code[place + 1 :], code[:place] + code[place + 1 :], code + letter):
        with pytest.raises(TicketCodeError):
            verify(SIGNER.public_key, changed)


@given(st.text(max_size=300))
def test_anything_else_is_refused(text: str) -> None:
    """By the one error, whatever a scanner read."""
    with pytest.raises(TicketCodeError):
        verify(SIGNER.public_key, text)


@pytest.mark.parametrize("text", ["A" * 1024, "A" * 1025, SIGNER.issue(TICKET).lower(), f"{SIGNER.issue(TICKET)} "])
def test_a_code_has_one_spelling(text: str) -> None:
    """Neither long rubbish nor the same code in other letters passes."""
    with pytest.raises(TicketCodeError):
        verify(SIGNER.public_key, text)


def test_another_house_has_other_codes() -> None:
    """A code of one key is refused by another's."""
    with pytest.raises(TicketCodeError):
        verify(TicketSigner(b"t" * 32).public_key, SIGNER.issue(TICKET))


def test_another_version_is_refused() -> None:
    """A well signed code of a format that is not known yet is not guessed at."""
    code = SIGNER.issue(TICKET)
    body = bytearray(base64.b32decode(code + "=" * (-len(code) % 8))[:-64])
    body[0] = 2
    later = bytes(body) + Ed25519PrivateKey.from_private_bytes(b"s" * 32).sign(bytes(body))
    with pytest.raises(TicketCodeError):
        verify(SIGNER.public_key, base64.b32encode(later).rstrip(b"=").decode())


def test_the_published_key_is_the_public_one() -> None:
    """As RFC 8037 writes it; nothing private is in it."""
    jwk = SIGNER.public_key_jwk()
    assert base64.urlsafe_b64decode(jwk.pop("x") + "=") == SIGNER.public_key
    assert jwk == {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}


def test_a_code_fits_a_qr_code_of_moderate_size() -> None:
    """The longest ids of the contract still fit one that phones read; an ordinary ticket needs 53 modules."""
    assert int(segno.make_qr(SIGNER.issue(TICKET), error="m").version) <= 9
    long = TicketCode(order="a" * 32, showtime="s" * 64, seat="S" * 16, starts_at=2**47)
    assert int(segno.make_qr(SIGNER.issue(long), error="m").version) <= 12
