"""What every test has: asyncio as the one event loop, and the peers as fixtures."""

import pytest

pytest_plugins = [
    "tests.peers.browser",
    "tests.peers.keyed_api",
    "tests.peers.mariadb",
    "tests.peers.oidc",
    "tests.peers.postgres",
    "tests.peers.receiver",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio; the hub does not claim to run on trio."""
    return "asyncio"
