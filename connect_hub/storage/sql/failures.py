"""What SQLAlchemy and its drivers raise, told apart."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import exc

from connect_hub.errors import ConnectHubError, MissingTables, StorageConflict, StorageUnavailable

__all__ = ["HostError", "TryAgain", "is_contention", "may_run_again", "translated"]

# Undefined table, column or schema, as SQLSTATE, as MySQL's number, and in SQLite's words.
_MISSING_STATES = {"42P01", "42703", "3F000"}
_MISSING_NUMBERS = {1054, 1146}
_MISSING_WORDS = ("no such table", "no such column", "has no column named")
# Serialization failure and deadlock: the same transaction may succeed when it runs again.
_CONTENTION_STATES = {"40001", "40P01"}
_CONTENTION_NUMBERS = {1205, 1213, 1020}
# Classes of SQLSTATE: no connection, no resources, a limit, a lock, somebody stepped in (a server that starts
# or ends, a time-out), a fault outside. psycopg calls them OperationalError, asyncpg leaves them nameless.
_AWAY_CLASSES = {"08", "53", "54", "55", "57", "58"}


class HostError(Exception):
    """Carries an exception of the host's own code out of a transaction, so that it is not taken for ours."""

    def __init__(self, original: BaseException) -> None:
        self.original = original
        super().__init__()


class TryAgain(Exception):
    """Another transaction wrote first. Running this one again will find what it wrote."""


def _state(error: BaseException | None) -> object:
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def _number(error: BaseException | None) -> object:
    arguments = error.args if error is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def may_run_again(error: BaseException | None) -> bool:
    """Whether a driver's error says that the same transaction may succeed when it runs again."""
    return _state(error) in _CONTENTION_STATES or _number(error) in _CONTENTION_NUMBERS


def _is_missing_table(error: exc.DBAPIError) -> bool:
    if _state(error.orig) in _MISSING_STATES or _number(error.orig) in _MISSING_NUMBERS:
        return True
    said = str(error.orig)
    return any(words in said for words in _MISSING_WORDS)


def is_contention(error: BaseException) -> bool:
    """Whether the database says that the same transaction may succeed when it runs again."""
    if isinstance(error, TryAgain):
        return True
    cause = error.__cause__
    return isinstance(cause, exc.DBAPIError) and may_run_again(cause.orig)


@contextlib.contextmanager
def translated(remedy: str) -> Iterator[None]:
    """Turn SQLAlchemy's errors into the storage port's; a HostError passes. `remedy`: what to do where tables
    are missing."""
    try:
        yield
    except (HostError, ConnectHubError):
        raise
    except exc.IntegrityError as error:
        error.hide_parameters = True
        raise StorageConflict from error
    except exc.DBAPIError as error:
        # A logged traceback would show names and addresses of people.
        error.hide_parameters = True
        if _is_missing_table(error):
            raise MissingTables(
                f"The hub's tables are missing from this database, or older than this release. {remedy}"
            ) from error
        # SQLite says "file is not a database" and "malformed" with the root of the hierarchy itself.
        unusable = type(error) in {exc.OperationalError, exc.InterfaceError, exc.DatabaseError}
        if unusable or error.connection_invalidated:
            raise StorageUnavailable from error
        state = _state(error.orig)
        if state in _CONTENTION_STATES or str(state)[:2] in _AWAY_CLASSES:
            raise StorageUnavailable from error
        raise
    except (exc.TimeoutError, OSError) as error:
        raise StorageUnavailable from error
