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
        made = asyncio.run(_upgrade(url))
    except ConfigurationError as error:
        named = "--database-url" if database_url else _VARIABLE
        raise ConfigurationError(f"{named}: {error.message}") from None
    for name in made:
        click.echo(f"created {name}")
    if not made:
        click.echo("All tables are there.")


async def _upgrade(url: str) -> Sequence[str]:
    # Without the settings of `serve`: whoever mounts the hub has no use for that extra.
    from connect_hub.storage.sql.schema import open_url, upgrade_schema

    storage = open_url(url)
    try:
        return await upgrade_schema(storage)
    finally:
        await close_storage(storage)
