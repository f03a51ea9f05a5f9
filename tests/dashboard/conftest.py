"""What the pages' tests share: a desk without a socket, and one in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.desk import Staff, make_desk
from tests.dashboard.running import Running, running
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer
from tests.peers.receiver import RawReceiver


@pytest.fixture
async def staff(tmp_path: Path) -> Staff:
    return await make_desk(tmp_path)


@pytest.fixture
def desk(tmp_path: Path, keyed_api: KeyedApi, oidc: OidcPeer, receiver: RawReceiver) -> Iterator[Running]:
    with running(tmp_path, keyed_api, oidc, receiver) as made:
        yield made
