"""`connect-hub db`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from connect_hub.cli.host import close_storage
from connect_hub.errors import ConfigurationError

if TYPE_CHECKING:
    from connect_hub.storage.sql import SQLStorage

__all__ = ["command"]

T = TypeVar("T")
_VARIABLE = "CONNECT_HUB_DATABASE_URL"
_DIALECTS = ("postgresql", "mariadb", "mysql", "sqlite")

_url = click.option("--database-url", help=f"Where. Default: {_VARIABLE}, or else ./connect_hub.db.")
_prefix = click.option(
    "--prefix", default="connect_hub_", show_default=True, help="What the names of the tables begin with."
)
_schema = click.option("--schema", help="The schema that the tables are in, where it is not the default one.")


@click.group("db")
def command() -> None:
    """The hub's tables."""


@command.command("upgrade")
@_url
@_prefix
@_schema
def upgrade(database_url: str | None, prefix: str, schema: str | None) -> None:
    """Create what is missing: tables, columns and indexes. Drops and renames nothing."""
    from connect_hub.storage.sql.schema import upgrade_schema

    done = _at(database_url, prefix, schema, upgrade_schema)
    for one in done:
        click.echo(one)
    if not done:
        click.echo("All tables are there.")


@command.command("check")
@_url
@_prefix
@_schema
def check(database_url: str | None, prefix: str, schema: str | None) -> None:
    """Say whether this release can work on the tables, and what they lack. Changes nothing.

    Exit code 1 if `db upgrade`, or a newer release, is needed.
    """
    from connect_hub.storage.sql.schema import explain_schema

    lacking = _at(database_url, prefix, schema, explain_schema)
    for one in lacking:
        click.echo(one)
    if lacking:
        raise SystemExit(1)
    click.echo("All tables are there.")


@command.command("sql")
@click.option("--dialect", type=click.Choice(_DIALECTS), required=True, help="Of which database.")
@click.option(
    "--since",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The version of the tables that are there; 0 where there are none.",
)
@_prefix
@_schema
def sql(dialect: str, since: int, prefix: str, schema: str | None) -> None:
    """Print the statements that make the tables, for whoever runs such by hand. Connects to nothing."""
    from connect_hub.storage.sql import Tables
    from connect_hub.storage.sql.migrations import statements

    for statement in statements(Tables(prefix=prefix, schema=schema), dialect, since=since):
        click.echo(f"{statement};\n")


def _at(
    database_url: str | None, prefix: str, schema: str | None, do: "Callable[[SQLStorage], Awaitable[T]]"
) -> T:
    url = database_url or os.environ.get(_VARIABLE) or "sqlite:///connect_hub.db"
    try:
        return asyncio.run(_opened(url, prefix, schema, do))
    except ConfigurationError as error:
        named = "--database-url" if database_url else _VARIABLE
        raise ConfigurationError(f"{named}: {error.message}") from None


async def _opened(url: str, prefix: str, schema: str | None, do: "Callable[[SQLStorage], Awaitable[T]]") -> T:
    # Without the settings of `serve`: whoever mounts the hub has no use for that extra.
    from connect_hub.storage.sql.schema import open_url

    storage = open_url(url, prefix=prefix, schema=schema, any_file=True)
    try:
        done = await do(storage)
    finally:
        await close_storage(storage)
    click.echo(f"Database: {storage.engine.url.render_as_string(hide_password=True)}", err=True)
    return done
