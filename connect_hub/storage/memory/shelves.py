"""The rows that a storage keeps by their key, and the transaction that makes each method of it atomic."""

import threading
from collections.abc import Collection, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn, Protocol

from connect_hub.clock import Clock, SystemClock
from connect_hub.errors import ConfigurationError
from connect_hub.storage.protocol import DeliveryState
from connect_hub.storage.rows import Row, milliseconds
from connect_hub.storage.transaction import refuse_inside_transaction

__all__ = ["Dicts", "MemoryTransaction", "Place", "Shelves", "pick"]


class Place(Protocol):
    """Where rows are kept by their key, and transactions on them: what a `ShelfStorage` is over."""

    def shelf(self, name: str) -> MutableMapping[Any, Row]:
        """The rows of one table, in the order in which their keys came.

        It is used inside a transaction alone. A key is text, a number, or a tuple of these; a row is a dict
        of text, numbers, bytes, truth values and None, in an order to be kept.
        """
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """Entered around each method of the storage: nobody else, in whatever process, is inside meanwhile.

        What was put is kept, all of it; nothing of it if an exception leaves. Nothing is awaited inside, so
        it may be entered on an event loop. Raises StorageUnavailable where the rows cannot be reached.
        """
        ...


class Dicts:
    """In this process's memory, behind a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def shelf(self, name: str) -> MutableMapping[Any, Row]:
        return {}

    def transaction(self) -> AbstractContextManager[object]:
        # A method decides all that may fail before it writes anything, so there is nothing to undo.
        return self._lock


class Shelves:
    """A mapping of rows for each table. Rows are replaced, never changed."""

    def __init__(self, place: Place, clock: Clock | None = None) -> None:
        self._place = place
        self._clock: Clock = SystemClock() if clock is None else clock
        self._meta: MutableMapping[str, Row] = place.shelf("meta")
        self._sessions: MutableMapping[int, Row] = place.shelf("sessions")
        self._idempotency: MutableMapping[tuple[str, str], Row] = place.shelf("idempotency")
        self._visits: MutableMapping[str, Row] = place.shelf("visits")
        self._attempts: MutableMapping[str, Row] = place.shelf("attempts")
        self._steps: MutableMapping[tuple[int, int], Row] = place.shelf("attempt_steps")
        self._states: MutableMapping[str, Row] = place.shelf("oauth_states")
        self._accounts: MutableMapping[str, Row] = place.shelf("accounts")
        self._triggers: MutableMapping[str, Row] = place.shelf("triggers")
        self._account_days: MutableMapping[tuple[str, int], Row] = place.shelf("account_days")
        self._events: MutableMapping[str, Row] = place.shelf("events")
        self._deliveries: MutableMapping[str, Row] = place.shelf("deliveries")
        self._delivery_attempts: MutableMapping[tuple[str, int], Row] = place.shelf("delivery_attempts")
        self._endpoints: MutableMapping[str, Row] = place.shelf("endpoints")
        self._connector_settings: MutableMapping[tuple[str, str], Row] = place.shelf("connector_settings")
        self._api_keys: MutableMapping[str, Row] = place.shelf("api_keys")
        self._operators: MutableMapping[str, Row] = place.shelf("operators")
        self._operator_sessions: MutableMapping[str, Row] = place.shelf("operator_sessions")
        self._audit: MutableMapping[str, Row] = place.shelf("audit")

    def _refuse_connection(self, connection: object) -> None:
        if connection is not None:
            raise ConfigurationError(
                f"storage: {type(self).__name__} cannot join a transaction. Leave connection=… out, or use "
                "SQLStorage."
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Keep everybody else out."""
        refuse_inside_transaction()
        with self._place.transaction():
            yield

    def _lease_clock(self) -> int:
        return milliseconds(self._clock.now())

    def _remove_sessions(self, ids: list[int]) -> None:
        gone = set(ids)
        theirs = {key for key, row in self._endpoints.items() if row["session_id"] in gone}
        if theirs:
            self._remove_endpoints(theirs, self._lease_clock())
        for shelf in (self._idempotency, self._visits, self._attempts, self._steps, self._states):
            for key in [key for key, row in shelf.items() if row["session_id"] in gone]:
                del shelf[key]  # type: ignore[arg-type]  # each key is of its own shelf
        for session_id in gone:
            del self._sessions[session_id]

    def _remove_endpoints(self, ids: Collection[str], at: int) -> None:
        """Nothing more goes to these; their rows are purged later."""
        for key in ids:
            row = self._endpoints[key]
            if row["deleted_at"] is None:
                self._endpoints[key] = {**row, "deleted_at": at, "enabled": False, "sealed": b""}
        end = {"state": DeliveryState.DEAD.value, "last_error": "the endpoint was deleted", "settled_at": at}
        waiting = {DeliveryState.PENDING.value, DeliveryState.HELD.value}
        for key, row in list(self._deliveries.items()):
            if row["endpoint_id"] in ids and row["state"] in waiting:
                self._deliveries[key] = {**row, **end}

    def _remove_account(self, account_id: str) -> None:
        del self._accounts[account_id]
        self._triggers.pop(account_id, None)
        for key in [key for key in self._account_days if key[0] == account_id]:
            del self._account_days[key]

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
            "storage: this one has no SQLAlchemy connection for tx.session() to work on. Use SQLStorage."
        )


def pick(row: Row) -> list[object]:
    """A row's values, in order."""
    return list(row.values())
