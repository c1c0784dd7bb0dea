"""Where gateways send customers back to: to the order's page, and nothing changes by it."""

from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from server.embedded import EmbeddedPostgres
from server.payments.sandbox import SandboxChoice
from tests.integration.rest.place import Place
from tests.integration.rest.serving import serving, status_of
from tests.integration.rest.shop.buying import API, VNPAY_IPN, answered, momo, ordered, state_of, vnpay

UNKNOWN = "/orders/unknown"


@pytest.mark.parametrize("gateway", ["vnpay", "momo", "sandbox"])
async def test_a_customer_is_led_to_the_order(place: Place, gateway: str) -> None:
    """By what the gateway signed; whatever it says, the order stays as it is, but is asked about soon."""
    async with place.guest() as guest, place.client() as browser:
        placed = await ordered(guest, "F7", gateway=gateway)
        order = await place.orders.order(placed["id"])
        if gateway == "sandbox":
            assert place.gateways.sandbox is not None
            token = placed["payment"]["redirect_url"].partition("#")[2]
            path = (await place.gateways.sandbox.callback_for(token, SandboxChoice.PAY)).return_url
            answer = await browser.get(path)
        else:
            said = {"vnpay": vnpay, "momo": momo}[gateway](order)
            answer = await browser.get(f"{API}/payments/{gateway}/return", params=said)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/orders/{order.id}")
    assert answer.headers["cache-control"] == "no-store"
    after = await place.orders.order(order.id)
    assert (after.state, after.payments[0].state) == ("open", "started")


async def test_an_attempt_that_failed_and_was_paid_after_all_is_asked_about(place: Place) -> None:
    """The browser is quicker than the callback, or brings what no callback told; of a failure it brings nothing new."""
    async with place.guest() as guest, place.client() as browser:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        failed = vnpay(order, vnp_ResponseCode="51", vnp_TransactionStatus="02")
        assert answered(await browser.get(VNPAY_IPN, params=failed))[0] == "00"
        for params, ask_at in ((failed, None), (vnpay(order), place.clock.ms)):
            await browser.get(f"{API}/payments/vnpay/return", params=params)
            [payment] = (await place.orders.order(order.id)).payments
            assert (payment.state, payment.ask_at) == ("failed", ask_at)


@pytest.mark.parametrize("gateway", ["vnpay", "momo", "sandbox"])
async def test_what_cannot_be_believed_leads_to_a_page_that_says_so(place: Place, gateway: str) -> None:
    """Nothing, forged, repeated: and no state changes."""
    async with place.guest() as guest, place.client() as browser:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        before = await state_of(place)
        genuine = vnpay(order)
        forged = urlencode({**genuine, "vnp_SecureHash": "0" * 128})
        for params in ("", forged, urlencode([*genuine.items(), *genuine.items()])):
            answer = await browser.get(f"{API}/payments/{gateway}/return", params=params)
            assert (answer.status_code, answer.headers["location"]) == (303, UNKNOWN)
        assert await state_of(place) == before


async def test_an_order_of_which_nothing_is_known(place: Place) -> None:
    """Signed, and still nobody's; too long a query is no return at all."""
    async with place.guest() as guest, place.client() as browser:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        answer = await browser.get(f"{API}/payments/vnpay/return", params=vnpay(order, vnp_TxnRef="a" * 24))
        assert (answer.status_code, answer.headers["location"]) == (303, UNKNOWN)
    async with serving(place.app) as port:
        assert await status_of(port, f"{API}/payments/vnpay/return?x={'a' * 70_000}") == 400


async def test_a_database_that_is_away_keeps_nobody_from_a_page(place: Place, postgres: EmbeddedPostgres) -> None:
    """The customer is not shown a problem document."""
    async with place.guest() as guest, place.client() as browser:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        params = vnpay(order)
        async with place.engine.connect() as connection:
            name = (await connection.execute(text("SELECT current_database()"))).scalar_one()
        await place.engine.dispose()
        postgres.sql(f"ALTER DATABASE {name} RENAME TO {name}_away")
        answer = await browser.get(f"{API}/payments/vnpay/return", params=params)
        await place.engine.dispose()
        postgres.sql(f"ALTER DATABASE {name}_away RENAME TO {name}")
    assert (answer.status_code, answer.headers["location"]) == (303, UNKNOWN)
