"""What the journeys in a browser share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.running import Running, running
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer
from tests.peers.receiver import RawReceiver


@pytest.fixture
def desk(tmp_path: Path, keyed_api: KeyedApi, oidc: OidcPeer, receiver: RawReceiver) -> Iterator[Running]:
    with running(tmp_path, keyed_api, oidc, receiver) as made:
        yield made
