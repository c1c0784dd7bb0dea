"""How payments go, as metrics: read from the database, so every worker shows the same.

Alerts on them are in `alerts.yml` beside this file.
"""

from typing import Final

from server.ops.metrics import figure_gauge
from server.ports.monitoring import Figures

WINDOW_MS: Final = 3_600_000
"""What *recent* means: attempts and orders of the last hour."""

ATTEMPTS: Final = figure_gauge("payment_attempts", "Recent attempts to pay, by gateway and state.", "gateway", "state")
SUCCESS: Final = figure_gauge("payment_success_ratio", "Part of the recent attempts with an end that paid.", "gateway")
CONFIRM: Final = figure_gauge(
    "payment_confirm_seconds", "Time from a recent attempt's start to its being paid.", "gateway", "quantile"
)
OPEN_REFUNDS: Final = figure_gauge("refunds_open", "Refunds that are not done.")
OLDEST_REFUND: Final = figure_gauge("refund_oldest_seconds", "How long the oldest refund that is not done has waited.")
FAILED_REFUNDS: Final = figure_gauge("refunds_failed", "Refunds that wait for a person.")
CONTRADICTIONS: Final = figure_gauge(
    "refunds_contradicted", "Refunds ended by hand of which the gateway said another end in the last hour."
)
MISMATCHES: Final = figure_gauge("payment_mismatches", "Recent attempts that paid another amount than was asked for.")
UNANSWERED: Final = figure_gauge(
    "payments_unanswered", "Attempts that no gateway said anything final of for an hour after their deadline."
)
WAITING: Final = figure_gauge("outbox_waiting", "Effects of orders that are not done.")
DEAD: Final = figure_gauge("outbox_dead", "Effects of orders that were given up.")
REVIEWS: Final = figure_gauge("orders_in_review", "Orders that the gateway suspects of fraud.")
OVERDUE: Final = figure_gauge("orders_overdue", "Open orders whose deadline has passed.")
UNEXPLAINED: Final = figure_gauge(
    "money_unexplained", "Money of recent orders that is neither kept for tickets nor goes back.", "currency"
)


def show(figures: Figures, *, now: int) -> None:
    """Set all of them; `now` (ms) is when the figures were read."""
    # What is not among the figures any more must not stay as it was.
    for gauge in (ATTEMPTS, SUCCESS, CONFIRM, UNEXPLAINED):
        gauge.clear()
    for gateway in figures.gateways:
        for state, count in gateway.attempts.items():
            ATTEMPTS.labels(gateway.gateway, state).set(count)
        if gateway.success is not None:
            SUCCESS.labels(gateway.gateway).set(gateway.success)
        for quantile, ms in (("0.5", gateway.confirm_p50_ms), ("0.95", gateway.confirm_p95_ms)):
            if ms is not None:
                CONFIRM.labels(gateway.gateway, quantile).set(ms / 1000)
    for money in figures.money:
        UNEXPLAINED.labels(money.currency).set(money.unexplained)
    oldest = figures.oldest_refund_at
    OPEN_REFUNDS.set(figures.open_refunds)
    OLDEST_REFUND.set(0 if oldest is None else max(0, now - oldest) / 1000)
    FAILED_REFUNDS.set(figures.failed_refunds)
    CONTRADICTIONS.set(figures.contradictions)
    MISMATCHES.set(figures.mismatches)
    UNANSWERED.set(figures.unanswered)
    WAITING.set(figures.waiting_jobs)
    DEAD.set(figures.dead_letters)
    REVIEWS.set(figures.reviews)
    OVERDUE.set(figures.overdue)
