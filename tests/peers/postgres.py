"""A PostgreSQL server."""

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from tests.peers.database_server import Database, DatabaseServer, program

__all__ = ["PostgresServer"]


class PostgresServer(DatabaseServer):
    """PostgreSQL, with a superuser `hub` who needs no password."""

    kill_signal = signal.SIGQUIT  # `pg_ctl stop -m immediate`: SIGKILL would leave shared memory behind

    def initialize(self) -> Sequence[str]:
        return [
            *(_program("initdb"), "--pgdata", str(self.folder / "data"), "--username=hub", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ]

    def serve(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "",
            "port": "5432",  # names the socket
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "shared_buffers": "32MB",
            "dynamic_shared_memory_type": "mmap",  # in the folder, not in /dev/shm
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [_program("postgres"), "-D", str(self.folder / "data"), *given]

    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.5432"

    def execute(self, *statements: str) -> None:
        with psycopg.connect(host=str(self.folder), user="hub", dbname="postgres", autocommit=True) as c:
            for statement in statements:
                c.execute(statement.encode())

    def database(self, name: str) -> Database:
        return Database(name, f"postgresql+{{driver}}://hub@/{{name}}?host={self.folder}")

    def drop(self, name: str) -> str:
        return f"DROP DATABASE {name} WITH (FORCE)"


def _program(name: str) -> str:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return program(name, *sorted(map(str, versions), reverse=True))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process, started when the first test asks. Not durable."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[Database]:
    """An empty database of this test alone."""
    with postgres.fresh_database() as database:
        yield database
