"""What is to be done about tables that are missing, or older than this release."""

import shlex

from connect_hub.storage.sql.tables import Tables

__all__ = ["remedy"]

_PREFIX = "connect_hub_"


def remedy(tables: Tables) -> str:
    """In a sentence, for the tables of an engine of the host's."""
    given = {"prefix": tables.prefix} if tables.prefix != _PREFIX else {}
    if tables.meta.schema is not None:
        given["schema"] = tables.meta.schema
    options = "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items())
    arguments = "".join(f", {name}={value!r}" for name, value in given.items())
    return (
        f"Run `connect-hub db upgrade --database-url …{options}`, or call SQLStorage.create_all(engine"
        f"{arguments}); where these tables are in an Alembic history of your own, its upgrade instead."
    )
