"""Whether this release may work on the tables that are there, and if not, what to do."""

from sqlalchemy import Connection, select, text

from connect_hub.errors import ConfigurationError, MissingTables, WrongSchema
from connect_hub.storage.sql.migrations.found import Found, collations_of, exact_columns, look
from connect_hub.storage.sql.migrations.versions import OLDEST, UPGRADING, VERSION, notes
from connect_hub.storage.sql.tables import SCHEMA_VERSION, Tables

__all__ = ["explain", "refuse_newer", "refuse_strangers", "refuse_unless_fitting"]

_SHOWN = 5


def refuse_unless_fitting(c: Connection, t: Tables, remedy: str) -> None:
    """Raise WrongSchema for tables that a newer release made so that this one cannot use them, and for an
    upgrade that did not end; or the database's own error where a table or column is missing."""
    noted = notes(c, t)
    found = Found(version=noted.get(VERSION), oldest=noted.get(OLDEST))
    if found.is_too_new:
        refuse_newer(found)
    # One that a newer release has under way only adds: what this release needs stays.
    if 0 < noted.get(UPGRADING, 0) <= SCHEMA_VERSION:
        raise WrongSchema(
            f"An upgrade of these tables to version {noted[UPGRADING]} was begun and did not end. {remedy} "
            "Run again, it goes on where it stopped."
        )
    for table in t.all():
        c.execute(select(table).limit(0)).close()
    _refuse_text(c, t, remedy)


def _refuse_text(c: Connection, t: Tables, remedy: str) -> None:
    """Raise WrongSchema where ids that differ by spaces at their end would be one (T41), and
    ConfigurationError where not every name can be written."""
    if c.dialect.name == "postgresql":
        encoding = c.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise ConfigurationError(
                f"storage: this database keeps text as {encoding}, which has no place for most names of the "
                "world. Make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
            )
    collations = collations_of(c, t)
    found = Found(collations=collations)
    for table in t.all():
        for column in exact_columns(t, table):
            if found.is_padded(column):
                raise WrongSchema(
                    f"In {table.name}.{column.name} two ids are one if they differ by spaces at their end "
                    f"alone: an older release made it so. {remedy}"
                )
    for (name, field), collation in sorted(collations.items()):
        if not collation.startswith("utf8mb4"):
            charset = collation.partition("_")[0]
            raise ConfigurationError(
                f"storage: {name}.{field} keeps text as {charset}, which has no place for most names of the "
                f"world. Run: ALTER TABLE {name} MODIFY {field} … CHARACTER SET utf8mb4, with its own type."
            )


def refuse_newer(found: Found) -> None:
    """Raise WrongSchema if a newer release made these tables."""
    if found.is_newer:
        raise WrongSchema(
            f"These tables are of version {found.version}; this release of connect-hub knows "
            f"{SCHEMA_VERSION}. Install a newer one: pip install --upgrade connect-hub"
        )


def refuse_strangers(t: Tables, found: Found) -> None:
    """Raise ConfigurationError if a table of somebody else's has a name of ours."""
    strangers = found.strangers(t)
    if strangers:
        raise ConfigurationError(
            f"storage: this database has a table {strangers[0]!r} that is not the hub's, so the prefix "
            f"{t.prefix!r} clashes. Choose another: SQLStorage(engine, prefix=…)."
        )


def explain(c: Connection, t: Tables, remedy: str) -> ConfigurationError:
    """What is wrong with tables of which a statement said that something is missing. `remedy`: what to do."""
    found = look(c, t)
    try:
        refuse_strangers(t, found)
    except ConfigurationError as error:
        return error
    if not found.columns:
        return MissingTables(f"The hub's tables are missing from this database. {remedy}")
    missing = [one for one in found.missing(t) if not one.startswith("index ")]
    named = ", ".join(missing[:_SHOWN]) + (", …" if len(missing) > _SHOWN else "")
    return MissingTables(
        f"The hub's tables in this database are older than this release: it lacks {named}. {remedy}"
    )
