"""What every test has: asyncio, properties without a clock, and the peers as fixtures."""

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine is, decides no test.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

pytest_plugins = [
    "tests.peers.browser",
    "tests.peers.keyed_api",
    "tests.peers.mariadb",
    "tests.peers.oidc",
    "tests.peers.postgres",
    "tests.peers.receiver",
    "tests.soak",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio; the hub does not claim to run on trio."""
    return "asyncio"
