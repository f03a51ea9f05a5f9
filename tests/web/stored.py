"""What a hub's SQLite file holds, for tests that must see that nothing was stored."""

import hashlib
import sqlite3
from pathlib import Path

__all__ = ["contents", "counts", "fingerprint"]

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of `hub.db` in the folder, by the table's name without its prefix."""
    connection = sqlite3.connect(folder / "hub.db")
    try:
        found = {}
        for (name,) in connection.execute(_TABLES).fetchall():
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608  # our own name
            found[name.rpartition("hub_")[2]] = sorted(rows, key=repr)
        return found
    finally:
        connection.close()


def fingerprint(folder: Path) -> str:
    """The same for the same rows."""
    return hashlib.sha256(repr(contents(folder)).encode()).hexdigest()


def counts(folder: Path) -> dict[str, int]:
    """How many rows each table has."""
    return {name: len(rows) for name, rows in contents(folder).items()}
