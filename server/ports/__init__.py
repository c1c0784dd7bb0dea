"""What the domain needs from outside, one docstring a method: what is atomic, what it raises.

Every adapter of a port runs through the same contract suite.
"""

from server.ports.audience import Audience
from server.ports.catalogue import Catalogue
from server.ports.payments import PaymentGateway
from server.ports.seats import Announcement, Origin, Position, PrivateChange, SeatStore
from server.ports.staff import Audit, SignInAttempts, StaffAccounts, StaffSessions

__all__ = [
    "Announcement",
    "Audience",
    "Audit",
    "Catalogue",
    "Origin",
    "PaymentGateway",
    "Position",
    "PrivateChange",
    "SeatStore",
    "SignInAttempts",
    "StaffAccounts",
    "StaffSessions",
]
