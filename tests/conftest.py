"""What every test has: asyncio, properties without a clock, and the peers as fixtures."""

import pytest
from _pytest.runner import runtestprotocol
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


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A test in a browser that fails is run once more: on a busy machine a browser may take longer than any
    patience. What fails twice has failed."""
    if "page" not in getattr(item, "fixturenames", ()) and item.get_closest_marker("browser") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(report.failed for report in reports):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
