"""The modules that databases are spoken to through, and what brings them."""

__all__ = ["DRIVERS", "missing_driver"]

DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""What a bare scheme means, whatever release of SQLAlchemy reads it: the drivers of our extras."""
_EXTRAS = {
    "psycopg": "postgres",
    "asyncpg": "asyncpg",
    "pymysql": "mysql",
    "aiomysql": "mysql",
    "aiosqlite": "sqlite-async",
}
_OTHERS = {"psycopg2": "postgresql", "MySQLdb": "mysql"}
"""What SQLAlchemy may take a bare scheme for."""


def missing_driver(module: str | None) -> str | None:
    """What to do about a driver that is not installed, by what an ImportError has as its `name`; None: that
    is no driver."""
    name = (module or "").partition(".")[0]
    if name in _EXTRAS:
        fix = f'Run: pip install "connect-hub[{_EXTRAS[name]}]"'
    elif name in _OTHERS:
        other = DRIVERS[_OTHERS[name]]
        extra = _EXTRAS[other.partition("+")[2]]
        fix = f'Install it, or write {other}://… and run: pip install "connect-hub[{extra}]"'
    else:
        return None
    return f"the driver {name!r} is not installed. {fix}"
