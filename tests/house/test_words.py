"""The pages have words for whatever the server may tell them; the scripts' own tests say it of both languages."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from server.domain.orders import EffectKind, OrderState, PaymentState, RefundState
from server.domain.payments import Verdict
from server.ports.traffic import Failure

ROOT = Path(__file__).parent.parent.parent
CORE = ROOT / "static" / "js" / "core"
ACTION = re.compile(r'"((?:staff|order|outbox)\.(?!id")[a-z_]+)"')


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *(("states", OrderState), ("paymentStates", PaymentState), ("refundStates", RefundState)),
        *(("kinds", EffectKind), ("verdicts", Verdict), ("callFailures", Failure)),
    ],
)
def test_staff_are_told_every_state_in_words(name: str, told: type[StrEnum]) -> None:
    """No state of an order, an attempt, a refund, no kind of effect and no end of a call is shown as its bare name."""
    assert words_of("words-desk-en.js", name) == sorted(told)


def test_staff_are_told_what_an_end_by_hand_means() -> None:
    """In words for each state of a refund that has no good end yet."""
    ended = {RefundState.DONE, RefundState.REPLACED}
    assert words_of("words-desk-en.js", "endHints") == sorted(set(RefundState) - ended)


def test_customers_are_told_every_state_of_a_refund_in_words() -> None:
    """Every state is said but that of a refund which another replaced: customers are not shown it."""
    assert words_of("words-en.js", "refundStates") == sorted(set(RefundState) - {RefundState.REPLACED})


def test_every_act_of_staff_has_words() -> None:
    """The actions that the server writes down are those that the staff's first page can tell."""
    acts = {act for path in (ROOT / "server").rglob("*.py") for act in ACTION.findall(path.read_text())}
    assert words_of("words-staff-en.js", "actions") == sorted(acts)


def words_of(file: str, name: str) -> list[str]:
    """The names in the one object called so, sorted."""
    (found,) = re.findall(
        rf"^( *){name}: (?:/\*\*.*?\*/ \()?\{{\n(.*?)^\1\}}", (CORE / file).read_text(), re.MULTILINE | re.DOTALL
    )
    return sorted(re.findall(r'^ *"?([\w.]+)"?: ', found[1], re.MULTILINE))
