"""The rows that a `MemoryStorage` keeps, and the lock that makes each method of it atomic."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from connect_hub.clock import Clock, SystemClock
from connect_hub.errors import ConfigurationError
from connect_hub.storage.rows import Row, milliseconds
from connect_hub.storage.transaction import refuse_inside_transaction

__all__ = ["MemoryTransaction", "Shelves", "pick"]


class Shelves:
    """A dict of rows for each table. Rows are replaced, never changed."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = SystemClock() if clock is None else clock
        self._lock = threading.Lock()
        self._canary: bytes | None = None
        self._sessions: dict[int, Row] = {}
        self._idempotency: dict[tuple[str, str], Row] = {}
        self._visits: dict[str, Row] = {}
        self._attempts: dict[str, Row] = {}
        self._steps: dict[tuple[int, int], Row] = {}
        self._states: dict[str, Row] = {}
        self._accounts: dict[str, Row] = {}
        self._triggers: dict[str, Row] = {}
        self._events: dict[str, Row] = {}
        self._deliveries: dict[str, Row] = {}
        self._delivery_attempts: dict[tuple[str, int], Row] = {}
        self._endpoints: dict[str, Row] = {}
        self._connector_settings: dict[tuple[str, str], Row] = {}
        self._api_keys: dict[str, Row] = {}
        self._operators: dict[str, Row] = {}
        self._operator_sessions: dict[str, Row] = {}
        self._audit: dict[str, Row] = {}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Keep everybody else out. A method decides all that may fail before it writes anything."""
        refuse_inside_transaction()
        with self._lock:
            yield

    def _lease_clock(self) -> int:
        return milliseconds(self._clock.now())

    def _remove_sessions(self, ids: list[int]) -> None:
        gone = set(ids)
        for shelf in (self._idempotency, self._visits, self._attempts, self._steps, self._states):
            for key in [key for key, row in shelf.items() if row["session_id"] in gone]:
                del shelf[key]  # type: ignore[arg-type]  # each key is of its own shelf
        for session_id in gone:
            del self._sessions[session_id]

    def _remove_events(self, ids: list[str]) -> None:
        gone = set(ids)
        for shelf in (self._deliveries, self._delivery_attempts):
            for key in [key for key, row in shelf.items() if row["event_id"] in gone]:
                del shelf[key]  # type: ignore[arg-type]  # each key is of its own shelf
        for event_id in gone:
            del self._events[event_id]


class MemoryTransaction:
    """The `Transaction` of callbacks: there is no database behind it."""

    @property
    def connection(self) -> None:
        return None

    def session(self) -> NoReturn:
        raise ConfigurationError(
            "storage: MemoryStorage has no database, so tx.session() has nothing to work on. Use SQLStorage."
        )


def pick(row: Row) -> list[object]:
    """A row's values, in order."""
    return list(row.values())
