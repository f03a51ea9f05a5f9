"""Databases that several worker processes share."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select, text

from connect_hub.storage.sql import SQLStorage, Tables
from tests.peers.database_server import Database


@dataclass
class Place:
    """A database with empty tables, as the children are told of it."""

    address: str
    """The path of a SQLite file, or a URL."""
    engine: Engine

    @property
    def name(self) -> str:
        return self.engine.dialect.name

    def states(self) -> set[str]:
        """Of all deliveries."""
        with self.engine.connect() as c:
            return set(c.execute(select(Tables().deliveries.c.state).distinct()).scalars())

    def is_claimed(self, target: str, event_id: str) -> bool:
        """Whether others see that this delivery was given out: its claim was committed."""
        d = Tables().deliveries.c
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            found = c.execute(select(d.epoch).where(d.target == target, d.event_id == event_id)).scalar_one()
        return bool(found > 0)

    def transactions(self) -> list[str]:
        """The states of the other sessions of PostgreSQL that have a transaction open."""
        wanted = text(
            "SELECT state || CASE WHEN now() - state_change > interval '1 second' THEN ' for over a second' "
            "ELSE '' END FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
        )
        with self.engine.connect() as c:
            return [str(state) for state in c.execute(wanted).scalars()]

    def claimed_again(self) -> dict[tuple[str, str], str]:
        """(target, event) of deliveries that were given out more than once, and why: a try failed, or its
        outcome was not written down before the lease ran out, as where a machine is too busy."""
        d, a = Tables().deliveries.c, Tables().delivery_attempts.c
        failed = select(a.error).where(a.delivery_id == d.id, a.error.is_not(None)).limit(1)
        wanted = select(d.target, d.event_id, d.epoch, d.attempts, failed.scalar_subquery().label("error"))
        with self.engine.connect() as c:
            return {
                (row.target, row.event_id): f"{row.epoch} claims, {row.attempts} tries, {row.error}"
                for row in c.execute(wanted.where(d.epoch > 1))
            }


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "sqlite":
        storage = SQLStorage.sqlite(tmp_path / "hub.db")
        await storage.check()
        await storage.aclose()
        assert isinstance(storage.engine, Engine)
        made = Place(str(tmp_path / "hub.db"), storage.engine)
    else:
        database: Database = request.getfixturevalue(f"{request.param}_database")
        url = database.url("psycopg" if request.param == "postgres" else "pymysql")
        made = Place(url, create_engine(url))
        SQLStorage.create_all(made.engine)
    yield made
    made.engine.dispose()
