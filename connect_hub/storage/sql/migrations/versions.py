"""What a database notes of its schema's version, among its facts about itself."""

from sqlalchemy import Connection, delete, insert, select, update

from connect_hub.storage.sql.tables import Tables

__all__ = ["OLDEST", "UPGRADING", "VERSION", "note", "notes", "unnote"]

VERSION = "schema_version"
"""Of the tables. Not there where they are part of a host's own migrations."""
OLDEST = "schema_oldest"
"""The oldest release, by the version of the schema that it knows, that works on these tables."""
UPGRADING = "schema_upgrading"
"""There from the beginning of an upgrade to its end."""
_NAMES = (VERSION, OLDEST, UPGRADING)


def notes(c: Connection, t: Tables) -> dict[str, int]:
    """What is noted, by name."""
    m = t.meta.c
    rows = c.execute(select(m.name, m.value).where(m.name.in_(_NAMES)))
    return {name: int(bytes(value)) for name, value in rows}


def note(c: Connection, t: Tables, name: str, number: int) -> None:
    """Write one down, whether it was there or not."""
    m, value = t.meta.c, str(number).encode()
    if c.execute(select(m.name).where(m.name == name)).first() is None:
        c.execute(insert(t.meta).values(name=name, value=value))
    else:
        c.execute(update(t.meta).where(m.name == name).values(value=value))


def unnote(c: Connection, t: Tables, name: str) -> None:
    """Strike it out."""
    c.execute(delete(t.meta).where(t.meta.c.name == name))
