"""The storage contract, for each storage of ours, and SQL by each driver."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connect_hub.storage.memory import MemoryStorage
from connect_hub.storage.protocol import Storage
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage import StorageConformance
from tests.peers.database_server import Database


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


async def over(engine: Engine | AsyncEngine) -> AsyncIterator[Storage]:
    storage = SQLStorage(engine)
    yield storage
    await storage.aclose()
    if isinstance(engine, AsyncEngine):
        await engine.dispose()
    else:
        engine.dispose()


class TestSqlite(StorageConformance):
    @pytest.fixture
    async def storage(self, database: Path) -> AsyncIterator[Storage]:
        async for storage in over(create_engine(f"sqlite:///{database}")):
            yield storage


class TestAiosqlite(StorageConformance):
    @pytest.fixture
    async def storage(self, database: Path) -> AsyncIterator[Storage]:
        async for storage in over(create_async_engine(f"sqlite+aiosqlite:///{database}")):
            yield storage


class TestPsycopg(StorageConformance):
    @pytest.fixture
    async def storage(self, postgres_tables: Database) -> AsyncIterator[Storage]:
        async for storage in over(create_engine(postgres_tables.url("psycopg"))):
            yield storage


class TestAsyncPsycopg(StorageConformance):
    @pytest.fixture
    async def storage(self, postgres_tables: Database) -> AsyncIterator[Storage]:
        async for storage in over(create_async_engine(postgres_tables.url("psycopg"))):
            yield storage


class TestAsyncpg(StorageConformance):
    @pytest.fixture
    async def storage(self, postgres_tables: Database) -> AsyncIterator[Storage]:
        async for storage in over(create_async_engine(postgres_tables.url("asyncpg"))):
            yield storage


class TestPymysql(StorageConformance):
    @pytest.fixture
    async def storage(self, mariadb_tables: Database) -> AsyncIterator[Storage]:
        async for storage in over(create_engine(mariadb_tables.url("pymysql"))):
            yield storage


class TestAiomysql(StorageConformance):
    @pytest.fixture
    async def storage(self, mariadb_tables: Database) -> AsyncIterator[Storage]:
        async for storage in over(create_async_engine(mariadb_tables.url("aiomysql"))):
            yield storage
