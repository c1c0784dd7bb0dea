"""What a sequence of purchases is drawn from."""

from hypothesis import strategies as st

from server.checkout.points import Point
from tests.faults.payments.bank import Choice

SEATS = ("A1", "A2", "A3")
holders = st.sampled_from(("anna", "ben", "chi"))
some_seats = st.lists(st.sampled_from(SEATS), min_size=1, max_size=2, unique=True).map(
    lambda seats: tuple(sorted(seats))
)
gateways = st.sampled_from(("sandbox", "bank"))
choices = st.sampled_from((Choice.PAY, Choice.PAY, Choice.RESERVE, Choice.RESERVE, *Choice))
deaths = st.sampled_from((None, None, Point.PINNED, Point.PLACED))
numbers = st.integers(0, 9)
often = st.sampled_from((True, True, False))
