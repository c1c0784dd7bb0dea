"""Runs a local gateway by hand: `python -m tests.gateways vnpay --port 9100 --ipn http://127.0.0.1:8000/…/ipn`.

It prints the settings of a server that is to use it. Its pages have a button for each end of a payment.
"""

import argparse
import asyncio
import contextlib
import sys

from tests.gateways.momo import LocalMomo
from tests.gateways.vnpay import LocalVnpay


def settings_of(gateway: LocalVnpay | LocalMomo) -> dict[str, str]:
    """What a server must be told to use this gateway."""
    if isinstance(gateway, LocalVnpay):
        return {
            "CINEBOOK_GATEWAYS": "vnpay",
            "CINEBOOK_VNPAY_TMN_CODE": gateway.tmn_code,
            "CINEBOOK_VNPAY_HASH_SECRET": gateway.secret,
            "CINEBOOK_VNPAY_PAY_URL": gateway.pay_url,
            "CINEBOOK_VNPAY_API_URL": gateway.api_url,
        }
    return {
        "CINEBOOK_GATEWAYS": "momo",
        "CINEBOOK_MOMO_PARTNER_CODE": gateway.partner_code,
        "CINEBOOK_MOMO_ACCESS_KEY": gateway.access_key,
        "CINEBOOK_MOMO_SECRET_KEY": gateway.secret,
        "CINEBOOK_MOMO_API_URL": gateway.url,
    }


async def _run(gateway: LocalVnpay | LocalMomo, port: int) -> None:
    await gateway.start(port)
    for name, value in settings_of(gateway).items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await gateway.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="tests.gateways", description="A payment gateway on loopback.")
    parser.add_argument("gateway", choices=["vnpay", "momo"])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ipn", default="", help="where notifications go; MoMo is told with each payment")
    asked = parser.parse_args()
    gateway = LocalVnpay(ipn_url=asked.ipn) if asked.gateway == "vnpay" else LocalMomo(ipn_url=asked.ipn)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(gateway, asked.port))


if __name__ == "__main__":
    main()
