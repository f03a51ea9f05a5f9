"""More entries in DATABASES, for as long as a test process lives."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connections

from tests.peers.database_server import DatabaseServer
from tests.peers.mariadb import MariadbServer

__all__ = ["added", "database_on", "sqlite_copy", "with_tables"]

_numbers = itertools.count(1)


def with_tables(**settings: object) -> str:
    """A new alias, with the tables that `migrate` makes; its connection in this thread is closed."""
    alias = added(**settings)
    call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
    connections[alias].close()
    return alias


def sqlite_copy(alias: str, path: Path) -> str:
    """A new alias for a copy of a SQLite database."""
    shutil.copy(connections[alias].settings_dict["NAME"], path)
    return added(ENGINE="django.db.backends.sqlite3", NAME=str(path), OPTIONS={"timeout": 20})


@contextmanager
def database_on(server: DatabaseServer, **settings: object) -> Iterator[str]:
    """A new alias for a database of its own on the server, with tables."""
    with server.fresh_database() as database:
        options: dict[str, object] = {"NAME": database.name}
        if isinstance(server, MariadbServer):
            _masquerade()
            socket = {"unix_socket": os.fspath(server.socket())}
            options |= {"ENGINE": "django.db.backends.mysql", "USER": "root", "OPTIONS": socket}
        else:
            options |= {
                "ENGINE": "django.db.backends.postgresql",
                "USER": "hub",
                "HOST": os.fspath(server.folder),
            }
        yield with_tables(**options, **settings)


def added(**settings: object) -> str:
    alias = f"added_{next(_numbers)}"
    connections.settings[alias] = {"OPTIONS": {}, **settings}
    connections.configure_settings(connections.settings)  # fills in what is not said
    return alias


def _masquerade() -> None:
    """PyMySQL in the place of mysqlclient, as those do who cannot compile that."""
    import pymysql

    pymysql.version_info = (2, 2, 1, "final", 0)
    pymysql.install_as_MySQLdb()
