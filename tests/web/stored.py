"""What a hub's SQLite file holds, for tests that must see that nothing was stored."""

import hashlib
import sqlite3
from pathlib import Path

__all__ = ["contents", "counts", "fingerprint"]


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of `hub.db` in the folder."""
    connection = sqlite3.connect(folder / "hub.db")
    try:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)  # noqa: S608
            for (name,) in sorted(found)
        }
    finally:
        connection.close()


def fingerprint(folder: Path) -> str:
    """The same for the same rows."""
    return hashlib.sha256(repr(contents(folder)).encode()).hexdigest()


def counts(folder: Path) -> dict[str, int]:
    """How many rows each table has, by the table's name without its prefix."""
    return {name.rpartition("hub_")[2]: len(rows) for name, rows in contents(folder).items()}
