"""Which host, server and database walk the journey together: each promised pair at least once.

A new host is one line of HOSTS; the rows, and what docs/hosting.md must show of them, follow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

__all__ = ["DATABASES", "HOSTS", "SERVERS", "Row", "promised", "rows", "table"]


@dataclass(frozen=True)
class Server:
    """A server as it is started."""

    kind: str
    interface: str
    """`asgi` or `wsgi`."""
    options: tuple[str, ...] = ()
    in_full: bool = True
    """Promised with every database; others are shown to work, once."""


HOSTS: dict[str, tuple[str, str]] = {
    "Starlette": ("starlette_app", "asgi"),
    "FastAPI": ("fastapi_app", "asgi"),
    "Quart": ("quart_app", "asgi"),
    "Flask": ("flask_app", "wsgi"),
    "Django, WSGI": ("django_wsgi", "wsgi"),
    "Django, ASGI": ("django_asgi", "asgi"),
}
"""The function in `apps`, and what the host speaks."""

SERVERS = {
    "uvicorn": Server("uvicorn", "asgi", ("--factory",)),
    "gunicorn sync": Server("gunicorn", "wsgi", ("--worker-class", "sync")),
    "gunicorn gthread": Server("gunicorn", "wsgi", ("--worker-class", "gthread", "--threads", "4")),
    "gunicorn --preload": Server("gunicorn", "wsgi", ("--preload", "--workers", "2", "--threads", "4")),
    "waitress": Server("waitress", "wsgi"),
    "hypercorn": Server("hypercorn", "asgi", in_full=False),
    "granian": Server("granian", "asgi", ("--factory", "--interface", "asgi"), in_full=False),
    "gunicorn asgi": Server("gunicorn", "asgi", ("--worker-class", "asgi"), in_full=False),
    "gunicorn gevent": Server("gunicorn", "wsgi", ("--worker-class", "gevent"), in_full=False),
}

DATABASES: dict[str, tuple[str, str, bool]] = {
    "SQLite": ("sqlite", "pysqlite", False),
    "SQLite, aiosqlite": ("sqlite", "aiosqlite", True),
    "PostgreSQL, psycopg": ("postgresql", "psycopg", False),
    "PostgreSQL, asyncpg": ("postgresql", "asyncpg", True),
    "MariaDB, PyMySQL": ("mariadb", "pymysql", False),
    "MariaDB, aiomysql": ("mariadb", "aiomysql", True),
}
"""Database, driver, and whether its engine is an AsyncEngine."""


@dataclass(frozen=True)
class Row:
    """One walk."""

    host: str
    server: str
    database: str

    def claims(self) -> set[tuple[str, str]]:
        """What it shows: its values, two by two, and each by itself."""
        kind, _, _ = DATABASES[self.database]
        values = [("host", self.host), ("server", self.server), ("driver", self.database)]
        names = [f"{what} {value}" for what, value in values]
        return {*combinations([*names, f"database {kind}"], 2), *((name, "") for name in names)}


def promised() -> set[tuple[str, str]]:
    """The pairs that the documentation promises, and every value once.

    Every host on every server of its interface, and with every database; every server named in full with
    every database. A WSGI host has an Engine.
    """
    wanted: set[tuple[str, str]] = set()
    for row in _possible():
        for claim in row.claims():
            first, second = claim
            if second.startswith("driver"):
                continue  # with what host or server a driver is used, does not matter to it
            if first.startswith("server") and second and not SERVERS[row.server].in_full:
                continue
            if first.startswith("host") and second.startswith("server") and not SERVERS[row.server].in_full:
                continue
            if not first.startswith("driver") or not second:
                wanted.add(claim)
    return wanted


def rows() -> list[Row]:
    """Few rows that make every promise true: always the one that shows most of what is left."""
    left, chosen, possible = promised(), list[Row](), list(_possible())
    while left:
        best = max(possible, key=lambda row: len(row.claims() & left))
        left -= best.claims()
        chosen.append(best)
    return chosen


def table() -> str:
    """The rows as docs/hosting.md has them."""
    lines = ["| host | server | database |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.host} | {row.server} | {row.database} |" for row in rows())])


def _possible() -> Iterator[Row]:
    for host, server, database in product(HOSTS, SERVERS, DATABASES):
        interface = HOSTS[host][1]
        if SERVERS[server].interface == interface and not (interface == "wsgi" and DATABASES[database][2]):
            yield Row(host, server, database)
