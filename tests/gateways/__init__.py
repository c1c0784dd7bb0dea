"""Payment gateways on loopback for tests: little servers that behave like VNPay and MoMo, with code of their own.

They verify what they are sent and sign what they send without any code of the server. Tests play the customer with
`pay`, and make a gateway misbehave with `behave`.
"""

from tests.gateways.base import Delivery, Mode, Received
from tests.gateways.momo import LocalMomo
from tests.gateways.vnpay import LocalVnpay, PageError

__all__ = ["Delivery", "LocalMomo", "LocalVnpay", "Mode", "PageError", "Received"]
