"""The contract of the port `SeatStore`, over every adapter."""
