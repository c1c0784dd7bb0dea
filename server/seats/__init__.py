"""The seat store on Redis or Valkey: an adapter of the port `SeatStore`."""

from server.seats.receipts import ReceiptSigner
from server.seats.store import RedisSeatStore
from server.seats.sweeper import Sweeper

__all__ = ["ReceiptSigner", "RedisSeatStore", "Sweeper"]
