"""`connect-hub db`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, close_storage
from connect_hub.errors import ConfigurationError

if TYPE_CHECKING:
    from connect_hub.storage.sql import SQLStorage

__all__ = ["command"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_VARIABLE = "CONNECT_HUB_DATABASE_URL"
_PREFIX = "connect_hub_"
_DIALECTS = ("postgresql", "mariadb", "mysql", "sqlite")

_prefix = click.option("--prefix", help=f"What the names of the tables begin with.  [default: {_PREFIX}]")
_schema = click.option("--schema", help="The schema that the tables are in, where it is not the default one.")


def _whose(function: F) -> F:
    """The options that say which tables: those of a hub in the host's code, or those at a URL."""
    url = click.option("--database-url", help=f"Where. Default: {_VARIABLE}, or else ./connect_hub.db.")
    return app_option(url(_prefix(_schema(function))))


def _a_version(ctx: click.Context, parameter: click.Parameter, value: int) -> int:
    from connect_hub.storage.sql.tables import SCHEMA_VERSION

    return int(click.IntRange(0, SCHEMA_VERSION).convert(value, parameter, ctx))


@click.group("db", cls=Group)
def command() -> None:
    """The hub's tables."""


@command.command("upgrade")
@_whose
def upgrade(**tables: str | None) -> None:
    """Create what is missing: tables, columns and indexes. Drops and renames nothing."""
    from connect_hub.storage.sql.schema import upgrade_schema

    done = _on(upgrade_schema, **tables)
    for one in done:
        click.echo(one)
    if not done:
        click.echo("All tables are there.")


@command.command("check")
@_whose
def check(**tables: str | None) -> None:
    """Say whether this release can work on the tables, and what they lack. Changes nothing.

    Exit code 1 if `db upgrade`, or a newer release, is needed.
    """
    from connect_hub.storage.sql.schema import explain_schema

    lacking = _on(explain_schema, **tables)
    for one in lacking:
        click.echo(one)
    if lacking:
        raise SystemExit(1)
    click.echo("All tables are there.")


@command.command("sql")
@click.option("--dialect", type=click.Choice(_DIALECTS), required=True, help="Of which database.")
@click.option(
    "--since",
    callback=_a_version,
    type=int,
    default=0,
    show_default=True,
    help="The version of the tables that are there; 0 where there are none.",
)
@_prefix
@_schema
def sql(dialect: str, since: int, prefix: str | None, schema: str | None) -> None:
    """Print the statements that make the tables, for whoever runs such by hand. Connects to nothing."""
    from connect_hub.storage.sql import Tables
    from connect_hub.storage.sql.migrations import statements

    tables = Tables(prefix=_PREFIX if prefix is None else prefix, schema=schema)
    for statement in statements(tables, dialect, since=since):
        click.echo(f"{statement};\n")


def _on(
    do: "Callable[[SQLStorage], Awaitable[T]]",
    *,
    app: str | None,
    database_url: str | None,
    prefix: str | None,
    schema: str | None,
) -> T:
    named = {"--database-url": database_url, "--prefix": prefix, "--schema": schema}
    given = [name for name, value in named.items() if value is not None]
    # A URL has its way over the hub that manage.py names by itself.
    if app is not None and (_is_typed("app") or database_url is None):
        if given:
            raise ConfigurationError(
                f"{given[0]}: the hub of --app says it itself. Leave one of the two out."
            )
        return asyncio.run(_done(_storage_of(app), do))
    # Without the settings of `serve`: whoever mounts the hub has no use for that extra.
    from connect_hub.storage.sql.schema import open_url

    url = database_url or os.environ.get(_VARIABLE) or "sqlite:///connect_hub.db"
    try:
        storage = open_url(url, prefix=_PREFIX if prefix is None else prefix, schema=schema, any_file=True)
        return asyncio.run(_done(storage, do))
    except ConfigurationError as error:
        variable = "--database-url" if database_url else _VARIABLE
        raise ConfigurationError(f"{variable}: {error.message}") from None


def _is_typed(parameter: str) -> bool:
    source = click.get_current_context().get_parameter_source(parameter)
    return source is click.core.ParameterSource.COMMANDLINE


def _storage_of(app: str) -> "SQLStorage":
    storage = chosen_hub(app).storage
    from connect_hub.storage.sql import SQLStorage

    if not isinstance(storage, SQLStorage):
        raise ConfigurationError(f"--app: the storage {type(storage).__name__} has no tables of the hub's.")
    return storage


async def _done(storage: "SQLStorage", do: "Callable[[SQLStorage], Awaitable[T]]") -> T:
    try:
        done = await do(storage)
    finally:
        await close_storage(storage)
    click.echo(f"Database: {storage.place}", err=True)
    return done
