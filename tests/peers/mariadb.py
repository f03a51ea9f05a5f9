"""A MariaDB server."""

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pymysql
import pytest

from tests.peers.database_server import Database, DatabaseServer, program

__all__ = ["MariadbServer"]


class MariadbServer(DatabaseServer):
    """MariaDB, with an administrator `root` who needs no password."""

    kill_signal = signal.SIGKILL

    def initialize(self) -> Sequence[str]:
        return [
            *(program("mariadb-install-db"), "--no-defaults", f"--datadir={self.folder / 'data'}"),
            *("--auth-root-authentication-method=normal", "--skip-test-db", *self._speed()),
        ]

    def serve(self) -> Sequence[str]:
        return [
            *(program("mariadbd", "/usr/sbin", "/usr/libexec"), "--no-defaults"),
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket()}",
            f"--pid-file={self.folder / 'pid'}",
            f"--tmpdir={self.folder}",
            *("--skip-networking", "--max-connections=200", "--character-set-server=utf8mb4"),
            *("--innodb-buffer-pool-size=64M", "--performance-schema=off", "--skip-log-bin"),
            "--innodb-use-native-aio=0",  # which containers limit for all together
            *self._speed(),
        ]

    def _speed(self) -> Sequence[str]:
        if self._durable:
            return []
        return ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--sync-frm=0"]

    def socket(self) -> Path:
        return self.folder / "socket"

    def execute(self, *statements: str) -> None:
        with (
            pymysql.connect(unix_socket=str(self.socket()), user="root", autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)

    def database(self, name: str) -> Database:
        return Database(
            name, f"mysql+{{driver}}://root@/{{name}}?charset=utf8mb4&unix_socket={self.socket()}"
        )


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    """A MariaDB server of this test process, started when the first test asks. Not durable."""
    server = MariadbServer()
    yield server
    server.close()


@pytest.fixture
def mariadb_database(mariadb: MariadbServer) -> Iterator[Database]:
    """An empty database of this test alone."""
    with mariadb.fresh_database() as database:
        yield database
