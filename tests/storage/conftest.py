"""A database file with the hub's tables, copied from one that is made once."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from connect_hub.storage.sql import SQLStorage


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("storage") / "template.db"
    engine = create_engine(f"sqlite:///{path}")
    SQLStorage.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    """A SQLite file with empty tables."""
    return Path(shutil.copy(template, tmp_path / "host.db"))
