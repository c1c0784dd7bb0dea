"""The authority that the servers of these tests are certified by."""

import pytest

from tests.integration.notify.authority import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One for all of them."""
    return Authority(tmp_path_factory.mktemp("authority"))
