"""Database URLs: what each form becomes, and what is said of those that are none."""

import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql.schema import open_url

HIDDEN = "hidden-word"


@pytest.mark.parametrize(
    ("form", "driver", "kind"),
    [
        ("postgres", "psycopg", Engine),
        ("postgresql", "psycopg", Engine),
        ("postgresql+psycopg", "psycopg", Engine),
        ("postgresql+psycopg_async", "psycopg", AsyncEngine),
        ("postgresql+asyncpg", "asyncpg", AsyncEngine),
        ("mysql", "pymysql", Engine),
        ("mariadb", "pymysql", Engine),
        ("mysql+aiomysql", "aiomysql", AsyncEngine),
        ("mariadb+aiomysql", "aiomysql", AsyncEngine),
        ("sqlite", "pysqlite", Engine),
        ("sqlite+aiosqlite", "aiosqlite", AsyncEngine),
    ],
)
async def test_each_form_has_one_driver(form: str, driver: str, kind: type[object], tmp_path: Path) -> None:
    """A bare scheme means the driver of our extra, whatever a release of SQLAlchemy makes of it; the driver
    decides between Engine and AsyncEngine. Nothing is connected to."""
    rest = f"/{tmp_path}/x.db" if form.startswith("sqlite") else f"u:{HIDDEN}@127.0.0.1:1/name"
    storage = open_url(f"{form}://{rest}")
    assert (storage.engine.dialect.driver, type(storage.engine)) == (driver, kind)
    await storage.aclose()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "this is not a database URL"),
        (f"postgresql://u:{HIDDEN}@h:port/d", "this is not a database URL"),
        (f"oracle://u:{HIDDEN}@h/d", "'oracle' is no database that the hub works on.*postgresql"),
        (f"mssql+pyodbc://u:{HIDDEN}@h/d", "'mssql' is no database that the hub works on"),
        (f"cockroachdb://u:{HIDDEN}@h/d", "'cockroachdb' is no database that the hub works on"),
        (f"postgresql+nodriver://u:{HIDDEN}@h/d", "no driver 'nodriver' of postgresql. Leave it out"),
        ("sqlite://", "no file.*sqlite:///connect_hub.db"),
        ("sqlite:///:memory:", "no file"),
    ],
)
def test_what_is_no_url_of_ours_is_refused(url: str, says: str) -> None:
    """By name, with a form that works, and without the password."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        open_url(url)
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize(
    ("form", "module", "fix"),
    [
        ("postgresql", "psycopg", 'pip install "connect-hub[postgres]"'),
        ("postgresql+asyncpg", "asyncpg", 'pip install "connect-hub[asyncpg]"'),
        ("mysql", "pymysql", 'pip install "connect-hub[mysql]"'),
        ("mariadb+aiomysql", "aiomysql", 'pip install "connect-hub[mysql]"'),
        ("sqlite+aiosqlite", "aiosqlite", 'pip install "connect-hub[sqlite-async]"'),
        ("postgresql+psycopg2", "psycopg2", "Install it, or write postgresql+psycopg"),
        ("mysql+mysqldb", "MySQLdb", "Install it, or write mysql+pymysql"),
        ("postgresql+pg8000", "pg8000", "Install it."),
    ],
)
def test_a_driver_that_is_not_installed(
    form: str, module: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the driver, and the extra that brings it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError) as caught:
        open_url(f"{form}://u:{HIDDEN}@h/d")
    said = str(caught.value)
    assert f"the driver {module!r} is not installed" in said
    assert fix in said
    assert HIDDEN not in said
