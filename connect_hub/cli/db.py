"""`connect-hub db`."""

import asyncio
import os
from collections.abc import Sequence

import click

from connect_hub.cli.host import close_storage
from connect_hub.errors import ConfigurationError

__all__ = ["command"]

_VARIABLE = "CONNECT_HUB_DATABASE_URL"


@click.group("db")
def command() -> None:
    """The hub's tables."""


@command.command("upgrade")
@click.option("--database-url", help=f"Where to. Default: {_VARIABLE}, or else ./connect_hub.db.")
def upgrade(database_url: str | None) -> None:
    """Create the tables that are missing. Changes nothing of what is there."""
    url = database_url or os.environ.get(_VARIABLE) or "sqlite:///connect_hub.db"
    try:
        database, made = asyncio.run(_upgrade(url))
    except ConfigurationError as error:
        named = "--database-url" if database_url else _VARIABLE
        raise ConfigurationError(f"{named}: {error.message}") from None
    click.echo(f"Database: {database}", err=True)
    for name in made:
        click.echo(f"created {name}")
    if not made:
        click.echo("All tables are there.")


async def _upgrade(url: str) -> tuple[str, Sequence[str]]:
    """(the database without its password, the tables that were made)."""
    # Without the settings of `serve`: whoever mounts the hub has no use for that extra.
    from connect_hub.storage.sql.schema import open_url, upgrade_schema

    storage = open_url(url)
    try:
        made = await upgrade_schema(storage)
        return storage.engine.url.render_as_string(hide_password=True), made
    finally:
        await close_storage(storage)
