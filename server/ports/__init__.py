"""What the domain needs from outside, one docstring a method: what is atomic, what it raises.

Every adapter of a port runs through the same contract suite.
"""

from server.ports.audience import Audience
from server.ports.catalogue import Catalogue
from server.ports.payments import PaymentGateway
from server.ports.seats import Announcement, Origin, Position, PrivateChange, SeatStore

__all__ = [
    "Announcement",
    "Audience",
    "Catalogue",
    "Origin",
    "PaymentGateway",
    "Position",
    "PrivateChange",
    "SeatStore",
]
