"""`connect-hub keys`."""

import click

from connect_hub.cli.group import Group
from connect_hub.keys import new_key_text

__all__ = ["command"]


@click.group("keys", cls=Group)
def command() -> None:
    """Keys that sign links and seal credentials."""


@command.command("new")
@click.option("--kid", help="The key's name; a random one by default.")
def new(kid: str | None) -> None:
    """Make a key and print it, ready for CONNECT_HUB_KEYS.

    Keep a copy in a safe place: without it stored credentials cannot be opened.
    """
    click.echo(new_key_text(kid))
