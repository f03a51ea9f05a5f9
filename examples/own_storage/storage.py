"""A storage of one's own: the hub's rows as documents in a SQLite file, by the standard library's sqlite3.

In place of SQLite stands whatever keeps values by a key and has transactions.
"""

import json
import sqlite3
import threading
from collections.abc import ItemsView, Iterator, MutableMapping, ValuesView
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connect_hub.errors import StorageUnavailable
from connect_hub.storage.memory import ShelfStorage

__all__ = ["DocumentStorage"]

Document = dict[str, Any]


class DocumentStorage(ShelfStorage):
    """Keeps the hub's rows in a file of its own; several processes may share it."""

    def __init__(self, path: Path) -> None:
        self._documents = Documents(path)
        super().__init__(self._documents)

    async def check(self) -> None:
        with self._documents.transaction():
            """It can be opened, locked and written, or this raises StorageUnavailable."""

    async def aclose(self) -> None:
        self._documents.close()


class Documents:
    """One table: which shelf, which key, which document. It is opened at its first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def shelf(self, name: str) -> "Shelf":
        return Shelf(self, name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE")  # keeps out other processes, as the lock does threads
                try:
                    yield
                    connection.execute("COMMIT")
                except BaseException:
                    connection.rollback()
                    raise
            except sqlite3.OperationalError as error:
                raise StorageUnavailable from error

    def _open(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._opened.execute(
                "CREATE TABLE IF NOT EXISTS documents "
                "(place INTEGER PRIMARY KEY, shelf TEXT, key TEXT, document TEXT, UNIQUE (shelf, key))"
            )
        return self._opened

    def run(self, statement: str, *values: str) -> sqlite3.Cursor:
        return self._open().execute(statement, values)

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None


class Shelf(MutableMapping[Any, Document]):
    """The documents of one kind by their key, as a mapping; only used inside a transaction."""

    def __init__(self, documents: Documents, name: str) -> None:
        self._run, self._name = documents.run, name

    def __getitem__(self, key: object) -> Document:
        statement = "SELECT document FROM documents WHERE shelf = ? AND key = ?"
        found = self._run(statement, self._name, packed(key)).fetchone()
        if found is None:
            raise KeyError(key)
        return dict(unpacked(found[0]))

    def __setitem__(self, key: object, document: Document) -> None:
        statement = (
            "INSERT INTO documents (shelf, key, document) VALUES (?, ?, ?) "
            "ON CONFLICT (shelf, key) DO UPDATE SET document = excluded.document"
        )
        self._run(statement, self._name, packed(key), packed(document))

    def __delitem__(self, key: object) -> None:
        statement = "DELETE FROM documents WHERE shelf = ? AND key = ?"
        if self._run(statement, self._name, packed(key)).rowcount == 0:
            raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def items(self) -> ItemsView[Any, Document]:
        return self._all().items()

    def values(self) -> ValuesView[Document]:
        return self._all().values()

    def _all(self) -> dict[Any, Document]:
        statement = "SELECT key, document FROM documents WHERE shelf = ? ORDER BY place"
        return {unpacked(key): unpacked(document) for key, document in self._run(statement, self._name)}


def packed(value: object) -> str:
    """As JSON text, with bytes as {"hex": …}."""
    return json.dumps(value, default=lambda data: {"hex": data.hex()})


def unpacked(text: str) -> Any:
    value = json.loads(text, object_hook=lambda of: bytes.fromhex(of["hex"]) if [*of] == ["hex"] else of)
    return tuple(value) if isinstance(value, list) else value
