"""The tables, as the adapters read them; the migrations build the same, which a test holds."""

from server.db.tables import catalogue, ledger, orders, push, sandbox, staff, traffic
from server.db.tables.metadata import metadata

__all__ = ["catalogue", "ledger", "metadata", "orders", "push", "sandbox", "staff", "traffic"]
