"""The alert rules, checked by the tool that Prometheus brings for it."""

import re
import subprocess
from pathlib import Path

import msgspec
import yaml

from server.ops import metrics, payment_metrics
from server.ports.monitoring import Figures, GatewayFigures, MoneyFigures
from tests.integration.ops.promtool import find

HERE = Path(__file__).parent
RULES = Path(payment_metrics.__file__).parent / "alerts.yml"

FIGURES = Figures(
    gateways=(
        GatewayFigures(
            gateway="vnpay", attempts={"paid": 3, "failed": 1}, success=0.75, confirm_p50_ms=2000, confirm_p95_ms=9000
        ),
    ),
    money=(MoneyFigures(currency="VND", captured=100, kept=60, refunded=30, returning=10, waiting=0),),
    open_refunds=2,
    oldest_refund_at=1000,
    failed_refunds=1,
    contradictions=1,
    mismatches=0,
    unanswered=0,
    waiting_jobs=4,
    dead_letters=0,
    reviews=1,
    overdue=0,
)


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    return subprocess.run([find(), *arguments], capture_output=True, text=True, timeout=60, check=False)


def run_tests(folder: Path, rules: str) -> subprocess.CompletedProcess[str]:
    """Run the unit tests of the alerts against these rules."""
    (folder / "alerts.yml").write_text(rules)
    tests = (HERE / "alerts_test.yml").read_text().replace("RULES", "alerts.yml")
    (folder / "tests.yml").write_text(tests)
    return promtool("test", "rules", str(folder / "tests.yml"))


def test_the_rules_are_rules() -> None:
    """Prometheus would load them."""
    assert promtool("check", "rules", str(RULES)).returncode == 0


def test_each_alert_fires_for_its_reason_alone(tmp_path: Path) -> None:
    """All are silent while all is well and in a quiet hour, and each fires when its reason is there long enough."""
    done = run_tests(tmp_path, RULES.read_text())
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_tests_know_every_alert(tmp_path: Path) -> None:
    """No alert is without its test: with any one rule taken out, they fail."""
    text = RULES.read_text()
    document = yaml.safe_load(text)
    names = [rule["alert"] for rule in document["groups"][0]["rules"]]
    rules = document["groups"][0]["rules"]
    for place, name in enumerate(names):
        document["groups"][0]["rules"] = rules[:place] + rules[place + 1 :]
        assert run_tests(tmp_path, yaml.safe_dump(document)).returncode != 0, name


def test_the_rules_ask_for_metrics_that_there_are() -> None:
    """Every metric that a rule names is shown, with the labels that it asks for."""
    payment_metrics.show(FIGURES, now=61_000)
    shown = metrics.exposition().decode()
    expressions = " ".join(rule["expr"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"])
    named = set(re.findall(r"cinebook_\w+", expressions))
    assert named
    assert {name for name in named if not re.search(rf"^{name}(\{{| )", shown, re.MULTILINE)} == set()
    assert 'cinebook_payment_attempts{gateway="vnpay",state="paid"} 3.0' in shown
    assert 'cinebook_payment_confirm_seconds{gateway="vnpay",quantile="0.95"} 9.0' in shown
    assert "cinebook_refund_oldest_seconds 60.0" in shown
    assert 'cinebook_money_unexplained{currency="VND"} 0.0' in shown


def test_what_is_over_is_not_shown_any_more() -> None:
    """A gateway without recent attempts has no success ratio, rather than its last one for ever."""
    payment_metrics.show(FIGURES, now=61_000)
    later = msgspec.structs.replace(FIGURES, gateways=(), open_refunds=0, oldest_refund_at=None)
    payment_metrics.show(later, now=62_000)
    shown = metrics.exposition().decode()
    assert "cinebook_payment_success_ratio{" not in shown
    assert "cinebook_refund_oldest_seconds 0.0" in shown
