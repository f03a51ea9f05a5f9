"""The storage contract, for each storage of ours."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from connect_hub.storage.memory import MemoryStorage
from connect_hub.storage.protocol import Storage
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage import StorageConformance


class TestMemoryStorage(StorageConformance):
    @pytest.fixture
    def storage(self) -> Storage:
        return MemoryStorage()


class TestOwnFile(StorageConformance):
    @pytest.fixture
    async def storage(self, tmp_path: Path) -> AsyncIterator[Storage]:
        storage = SQLStorage.sqlite(tmp_path / "own.db")
        yield storage
        await storage.aclose()


class TestEngine(StorageConformance):
    @pytest.fixture
    async def storage(self, database: Path) -> AsyncIterator[Storage]:
        engine = create_engine(f"sqlite:///{database}")
        storage = SQLStorage(engine)
        yield storage
        await storage.aclose()
        engine.dispose()


class TestAsyncEngine(StorageConformance):
    @pytest.fixture
    async def storage(self, database: Path) -> AsyncIterator[Storage]:
        engine = create_async_engine(f"sqlite+aiosqlite:///{database}")
        storage = SQLStorage(engine)
        yield storage
        await storage.aclose()
        await engine.dispose()
