"""Receipts: they say what was held, to whom they were issued alone, within the contract's size."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.scalars import MAX_INTEGER
from server.domain.holds import Hold
from server.ports import Position
from server.seats import ReceiptSigner
from server.seats.receipts import Receipt, ReceiptError

SIGNER = ReceiptSigner(b"secret")
INTEGERS = st.integers(0, MAX_INTEGER)
NAMES = st.text(max_size=40)

holds = st.builds(
    Hold,
    seat=INTEGERS,
    expires_at=INTEGERS,
    first_at=INTEGERS,
    ordinal=INTEGERS,
    fence=INTEGERS,
)
receipts = st.builds(
    Receipt,
    layout=INTEGERS,
    position=st.builds(Position, epoch=NAMES, version=INTEGERS),
    holds=st.lists(holds, max_size=10).map(tuple),
)


@settings(deadline=None, max_examples=50)
@given(holder=NAMES, showtime=NAMES, receipt=receipts)
def test_what_was_issued_is_read(holder: str, showtime: str, receipt: Receipt) -> None:
    """Reading a receipt gives what it was issued for."""
    text = SIGNER.issue(holder, showtime, receipt)
    assert text.isascii()
    assert SIGNER.read(holder, showtime, text) == receipt


def test_seats_in_a_checkout_are_left_out() -> None:
    """Their order is proof of them."""
    lock = Hold(seat=1, expires_at=2, first_at=3, ordinal=4, fence=5)
    pin = Hold(seat=2, expires_at=2, first_at=3, ordinal=4, fence=5, order="order")
    text = SIGNER.issue("alice", "demo", Receipt(layout=1, position=Position("e", 1), holds=(pin, lock)))
    assert SIGNER.read("alice", "demo", text).holds == (lock,)


@settings(deadline=None, max_examples=50)
@given(st.randoms(use_true_random=False))
def test_fifty_seats_fit_into_two_kibibytes(random: object) -> None:
    """The most that a holder may have, with times and fences far apart, stays within the contract's size."""
    pick = random.randint  # type: ignore[attr-defined]  # hypothesis' Random has no public type
    rows = tuple(
        Hold(
            seat=seat * 1000 + pick(0, 999),
            expires_at=1_800_000_000_000 + pick(0, 86_400_000),
            first_at=1_800_000_000_000 - pick(0, 86_400_000),
            ordinal=pick(1, 2**31),
            fence=pick(1, 2**31),
        )
        for seat in range(50)
    )
    receipt = Receipt(layout=2**31, position=Position("x" * 12, 2**31), holds=rows)
    assert len(SIGNER.issue("h" * 64, "s" * 64, receipt)) <= 2048


@settings(deadline=None, max_examples=50)
@given(receipt=receipts, other=NAMES.filter(lambda name: name != "alice"))
def test_a_receipt_is_bound(receipt: Receipt, other: str) -> None:
    """Another holder, another showtime, another secret: not a receipt."""
    text = SIGNER.issue("alice", "demo", receipt)
    for signer, holder, showtime in (
        (SIGNER, other, "demo"),
        (SIGNER, "alice", other),
        (SIGNER, "alicedemo", ""),
        (SIGNER, "", "alicedemo"),
        (ReceiptSigner(b"another"), "alice", "demo"),
    ):
        with pytest.raises(ReceiptError):
            signer.read(holder, showtime, text)


@settings(deadline=None, max_examples=50)
@given(receipt=receipts, data=st.data())
def test_a_changed_receipt_is_none(receipt: Receipt, data: st.DataObject) -> None:
    """No character can be changed, left out or added."""
    text = SIGNER.issue("alice", "demo", receipt)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_"))
    for forged in (text[:place] + letter + text[place + 1 :], text[:place] + text[place + 1 :], text + letter):
        if forged != text:
            with pytest.raises(ReceiptError):
                SIGNER.read("alice", "demo", forged)


def test_a_receipt_has_one_spelling() -> None:
    """The bits that the last letter has to spare cannot be set, nor padding added."""
    text = SIGNER.issue("alice", "demo", Receipt(layout=1, position=Position("e", 1), holds=()))
    for forged in [text + "=", *(text[:-1] + letter for letter in string.ascii_letters if letter != text[-1])]:
        with pytest.raises(ReceiptError):
            SIGNER.read("alice", "demo", forged)


@settings(deadline=None, max_examples=50)
@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_no_text_is_a_receipt(text: str) -> None:
    """Whatever somebody makes up raises the one error."""
    with pytest.raises(ReceiptError):
        SIGNER.read("alice", "demo", text)


def test_the_error_does_not_repeat_the_receipt() -> None:
    """A receipt is a capability: it must not end in a log."""
    with pytest.raises(ReceiptError) as error:
        SIGNER.read("alice", "demo", "forged-receipt")
    assert "forged" not in str(error.value)
