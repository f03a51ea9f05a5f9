"""Raised to the developer, at start or first use: of configuration, storage, and how the hub is called."""

from connect_hub.errors.root import ConnectHubError

__all__ = [
    "CallInsideTransaction",
    "ConfigurationError",
    "MissingTables",
    "StorageConflict",
    "StorageUnavailable",
    "SyncOnEventLoop",
    "TransactionEnded",
    "WrongKeys",
    "WrongSchema",
]


class ConfigurationError(ConnectHubError):
    """The hub is not configured correctly."""

    code = "configuration_error"


class MissingTables(ConfigurationError):
    """The hub's tables are missing from this database. Run `connect-hub db upgrade --database-url …` \
for it, or call SQLStorage.create_all(engine) once."""

    code = "missing_tables"


class WrongSchema(ConfigurationError):
    """The hub's tables in this database are not those of this release. Run `connect-hub db check \
--database-url …` for it, which says what to do."""

    code = "wrong_schema"


class WrongKeys(ConfigurationError):
    """The configured keys cannot open what is stored in this database. Put back the key ring that it was \
written with."""

    code = "wrong_keys"


class SyncOnEventLoop(ConnectHubError):
    """hub.sync was called on the event loop it would have to wait for. Await the coroutine instead."""

    code = "sync_on_event_loop"


class CallInsideTransaction(ConnectHubError):
    """A callback inside the transaction called the hub. Use `tx`, or register the callback without \
in_transaction=True."""

    code = "call_inside_transaction"


class TransactionEnded(ConnectHubError):
    """A callback ended the transaction it was called in. It may write and flush; the hub commits."""

    code = "transaction_ended"


class StorageConflict(ConnectHubError):
    """A row with this identity is there already."""

    code = "storage_conflict"


class StorageUnavailable(ConnectHubError):
    """The hub cannot reach its database right now. Try again in a moment."""

    code = "storage_unavailable"
