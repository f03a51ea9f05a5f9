"""`connect-hub owners`."""

import click

from connect_hub.cli.asking import confirm
from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.table import json_option, show_done

__all__ = ["command"]


@click.group("owners", cls=Group)
def command() -> None:
    """Your customers, by the ids that you gave them."""


@command.command("erase")
@click.argument("origin_owner_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
@app_option
def erase(origin_owner_id: str, yes: bool, project: str, as_json: bool, app: str | None) -> None:
    """Remove a customer: accounts, credentials, links, and the personal data in past events."""
    if not yes:
        confirm(f"Erase {origin_owner_id!r}? This cannot be undone.", instead="add --yes")
    erased = work_on(chosen_hub(app), lambda hub: hub.owners.erase(origin_owner_id, project=project))
    removed = {"accounts": len(erased.accounts), "sessions": erased.sessions}
    said = "\n".join(f"{kind}: {count} removed" for kind, count in removed.items())
    show_done(said, removed, as_json=as_json)
