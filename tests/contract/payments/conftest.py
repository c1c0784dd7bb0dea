"""Each gateway in turn, with a shop that it tells and somebody on its other side."""

from collections.abc import AsyncIterator

import pytest

from server.db.engine import create_engine
from server.db.sandbox import PostgresSandboxLedger
from tests.contract.payments.shop import Shop
from tests.contract.payments.world import Clock, MomoWorld, SandboxWorld, VnpayWorld, World
from tests.gateways import LocalMomo, LocalVnpay

NOBODY = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """Where gateways send their notifications."""
    async with Shop() as shop:
        yield shop


@pytest.fixture
def clock() -> Clock:
    """The gateways' clock."""
    return Clock()


@pytest.fixture
async def vnpay(shop: Shop, clock: Clock) -> AsyncIterator[VnpayWorld]:
    """VNPay."""
    async with LocalVnpay(ipn_url=f"{shop.url}/api/v1/payments/vnpay/ipn") as local:
        world = VnpayWorld(local, shop, clock)
        yield world
        await world.aclose()


@pytest.fixture
async def momo(shop: Shop, clock: Clock) -> AsyncIterator[MomoWorld]:
    """MoMo that takes the money at once."""
    async with LocalMomo() as local:
        world = MomoWorld(local, shop, clock)
        yield world
        await world.aclose()


@pytest.fixture
async def momo_two_step(shop: Shop, clock: Clock) -> AsyncIterator[MomoWorld]:
    """MoMo that is captured by us."""
    async with LocalMomo() as local:
        world = MomoWorld(local, shop, clock, two_step=True)
        yield world
        await world.aclose()


@pytest.fixture
async def sandbox(shop: Shop, clock: Clock, database_url: str) -> AsyncIterator[SandboxWorld]:
    """The sandbox on a fresh database, and another that is not there."""
    engine = create_engine(database_url, connections=4, timeout_ms=5000)
    broken = create_engine(NOBODY, connections=1, timeout_ms=200)
    yield SandboxWorld(PostgresSandboxLedger(engine), PostgresSandboxLedger(broken), shop, clock)
    await engine.dispose()
    await broken.dispose()


@pytest.fixture(params=["vnpay", "momo", "sandbox"])
def world(request: pytest.FixtureRequest) -> World:
    """Every gateway of the port in turn."""
    made: World = request.getfixturevalue(request.param)
    return made


@pytest.fixture(params=["vnpay", "momo"])
def remote(request: pytest.FixtureRequest) -> VnpayWorld | MomoWorld:
    """Every gateway that is somebody else's."""
    made: VnpayWorld | MomoWorld = request.getfixturevalue(request.param)
    return made
