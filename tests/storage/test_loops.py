"""An AsyncEngine whose connections belong to an event loop that is gone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.database_server import Database

ROOT = Path(__file__).resolve().parents[2]
# In a process of its own: connections of a closed loop are noticed whenever they are collected.
SCRIPT = """
import asyncio, sys
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine
from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql import SQLStorage

async def use(engine, storage, dispose):
    await SQLStorage.create_all(engine)
    await storage.check()
    if dispose:
        await engine.dispose()

for options, dispose in (({"poolclass": NullPool}, False), ({}, True), ({}, False)):
    engine = create_async_engine(sys.argv[1], **options)
    storage = SQLStorage(engine)
    asyncio.run(use(engine, storage, dispose))
    try:
        asyncio.run(storage.check())
    except ConfigurationError as error:
        print(error)
    else:
        print("works")
"""


@pytest.mark.parametrize(("server", "driver"), [("postgres", "asyncpg"), ("mariadb", "aiomysql")])
def test_an_engine_of_a_closed_loop_is_refused_with_the_fix(
    server: str, driver: str, request: pytest.FixtureRequest
) -> None:
    """Its connections cannot be used on the next loop, and the message says what to pass instead; those ways
    out work."""
    database: Database = request.getfixturevalue(f"{server}_database")
    command = [sys.executable, "-c", SCRIPT, database.url(driver)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    *works, refused = run.stdout.splitlines()
    assert works == ["works", "works"], run.stderr
    assert "a loop that is closed. Pass an Engine" in refused
    assert "NullPool" in refused
