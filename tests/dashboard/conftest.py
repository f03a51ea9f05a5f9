"""What the pages' tests share: a desk without a socket, and one in a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connect_hub.audit import AuditEntry
from connect_hub.flows.audit import AuditLog
from connect_hub.web.dashboard.labels import FIELDS
from tests.dashboard.desk import Staff, make_desk
from tests.dashboard.running import Running, running
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer
from tests.peers.receiver import RawReceiver


@pytest.fixture(autouse=True)
def words_of_what_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test has done is told in words: each field of its entries in the log has one."""
    entry = AuditLog.entry

    def checked(self: AuditLog, *args: Any, **values: Any) -> AuditEntry | None:
        fields = {*(values.get("before") or ()), *(values.get("after") or ())}
        assert fields <= set(FIELDS), f"labels.FIELDS lacks {fields - set(FIELDS)}"
        return entry(self, *args, **values)

    monkeypatch.setattr(AuditLog, "entry", checked)


@pytest.fixture
async def staff(tmp_path: Path) -> Staff:
    return await make_desk(tmp_path)


@pytest.fixture
def desk(tmp_path: Path, keyed_api: KeyedApi, oidc: OidcPeer, receiver: RawReceiver) -> Iterator[Running]:
    with running(tmp_path, keyed_api, oidc, receiver) as made:
        yield made
