"""`connect-hub triggers`."""

import click

from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on

__all__ = ["command"]


@click.group("triggers", cls=Group)
def command() -> None:
    """Addresses to point the providers' own webhooks at, one for each account."""


@command.command("show")
@click.argument("account_id")
@project_option
@app_option
def show(account_id: str, project: str, app: str | None) -> None:
    """Print the address of an account's trigger. Whoever has it can make events of the account."""
    found = work_on(chosen_hub(app), lambda hub: hub.triggers.get(account_id, project=project))
    click.echo(found.url)


@command.command("rotate")
@click.argument("account_id")
@project_option
@app_option
def rotate(account_id: str, project: str, app: str | None) -> None:
    """Print a new address for an account's trigger; the one before stops at once."""
    made = work_on(chosen_hub(app), lambda hub: hub.triggers.rotate(account_id, project=project))
    click.echo(made.url)
