"""The example of a storage of one's own: it keeps the contract, across processes, and a hub works on it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connect_hub import ConnectHub, KeyRing
from connect_hub.errors import StorageUnavailable
from connect_hub.keys import new_key_text
from connect_hub.storage.protocol import Storage
from connect_hub.testing import StorageConformance
from connect_hub.testing.storage.values import NOW, session, visit
from examples.own_storage.storage import DocumentStorage


class TestDocumentStorage(StorageConformance):
    @pytest.fixture
    async def storage(self, tmp_path: Path) -> AsyncIterator[Storage]:
        storage = DocumentStorage(tmp_path / "documents.db")
        yield storage
        await storage.aclose()


async def test_two_storages_share_a_file(tmp_path: Path) -> None:
    """What one wrote the other reads, at once, as two processes would; and it is there after both."""
    one, other = (DocumentStorage(tmp_path / "documents.db") for _ in range(2))
    made = await one.create_session(session())
    assert await other.session("default", made.id) == made
    await one.aclose()
    await other.aclose()
    again = DocumentStorage(tmp_path / "documents.db")
    assert await again.session("default", made.id) == made
    await again.aclose()


async def test_processes_keep_out_of_each_others_way(tmp_path: Path) -> None:
    """Several at once, each with a storage of its own on the one file: each opening of a link is counted."""
    first = DocumentStorage(tmp_path / "documents.db")
    made = await first.create_session(session())

    def opening(of: int) -> None:
        async def some() -> None:
            storage = DocumentStorage(tmp_path / "documents.db")
            for number in range(5):
                await storage.open_visit(visit(made, secret_hash=bytes([of, number])), now=NOW)
            await storage.aclose()

        asyncio.run(some())

    await asyncio.gather(*(asyncio.to_thread(opening, of) for of in range(4)))
    found = await first.session("default", made.id)
    assert found is not None
    assert found.opens == 20
    await first.aclose()


async def test_a_hub_works_on_it(tmp_path: Path) -> None:
    """A hub makes a link, and after a restart knows it."""
    keys = KeyRing.from_text(new_key_text())

    def hub() -> ConnectHub:
        return ConnectHub(
            public_url="https://app.example.com/connect",
            keys=keys,
            storage=DocumentStorage(tmp_path / "documents.db"),
            connectors=["bamboohr"],
        )

    first = hub()
    link = await first.links.create(origin_owner_id="42", origin_owner_name="Acme")
    await first.aclose()
    after = hub()
    found = await after.sessions.get(link.session.id)
    assert found.session.origin_owner_id == "42"
    await after.aclose()


async def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """The hub's own error, so that pages are 503 and say that nothing was saved."""
    storage = DocumentStorage(tmp_path / "nowhere" / "documents.db")
    with pytest.raises(StorageUnavailable):
        await storage.check()
