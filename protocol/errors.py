"""The exceptions of `SeatMapClient`.

ClientError
├── RejectedError         the server refused the request; `rejected` says why
└── DisconnectedError     no answer: `sent` tells whether the request may have had its effect
    └── StoppedError      and there will be no other connection; `code` or `status` says why, neither after `close`
"""

from protocol.effects import Stop
from protocol.from_server import Rejected


class ClientError(Exception):
    """The root of what `SeatMapClient` raises."""


class RejectedError(ClientError):
    """The server refused the request."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected)
        self.rejected = rejected

    def __str__(self) -> str:
        return f"{self.rejected.code}: {self.rejected.message}"


class DisconnectedError(ClientError):
    """The request got no answer: not `sent`, nothing happened; `sent`, its outcome is unknown until `holds` tells."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__(sent)
        self.sent = sent

    def __str__(self) -> str:
        return "connection lost before the answer" if self.sent else "not connected"


class StoppedError(DisconnectedError):
    """The client has stopped for good: by a close code, by the HTTP status of a refused handshake, or by `close`."""

    def __init__(self, stop: Stop, *, sent: bool = False) -> None:
        super().__init__(sent=sent)
        self.code = stop.code
        self.status = stop.status

    def __str__(self) -> str:
        return f"stopped (close code {self.code}, HTTP status {self.status})"
