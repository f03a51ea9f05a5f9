"""`connect-hub owners`."""

import click

from connect_hub.cli.asking import confirm
from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on

__all__ = ["command"]


@click.group("owners", cls=Group)
def command() -> None:
    """Your customers, by the ids that you gave them."""


@command.command("erase")
@click.argument("origin_owner_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@app_option
def erase(origin_owner_id: str, yes: bool, project: str, app: str | None) -> None:
    """Remove a customer: accounts, credentials, links, and the personal data in past events."""
    if not yes:
        confirm(f"Erase {origin_owner_id!r}? This cannot be undone.", instead="add --yes")
    erased = work_on(chosen_hub(app), lambda hub: hub.owners.erase(origin_owner_id, project=project))
    click.echo(f"accounts: {len(erased.accounts)} removed")
    click.echo(f"sessions: {erased.sessions} removed")
