"""`connect-hub webhooks`."""

import click

from connect_hub.webhooks import generate_secret

__all__ = ["command"]


@click.group("webhooks")
def command() -> None:
    """Events that are posted to you."""


@command.command("secret")
def secret() -> None:
    """Make a signing secret and print it, ready for CONNECT_HUB_WEBHOOK_SECRET."""
    click.echo(generate_secret().reveal())
