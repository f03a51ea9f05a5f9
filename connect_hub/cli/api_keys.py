"""`connect-hub api-keys`."""

import re

import click

from connect_hub.cli.asking import confirm
from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.table import json_option, show, show_done
from connect_hub.models import ApiKey

__all__ = ["command"]

_COLUMNS = {
    "id": "id",
    "name": "name",
    "created_at": "created",
    "last_used_at": "last used",
    "revoked_at": "revoked",
}


@click.group("api-keys", cls=Group)
def command() -> None:
    """Keys for the REST API, kept in the database."""


@command.command("create")
@click.option("--name", default="command line", show_default=True, help="Says, to people, what it is for.")
@click.option("--environment", default="live", show_default=True, help="A word in the key, such as test.")
@project_option
@json_option
@app_option
def create(name: str, environment: str, project: str, as_json: bool, app: str | None) -> None:
    """Make a key and print it. It is shown this once; the database has its hash alone."""
    if re.fullmatch(r"[a-z]{1,16}", environment) is None:
        raise click.BadParameter("use 1 to 16 lower-case letters", param_hint="--environment")
    issued = work_on(
        chosen_hub(app), lambda hub: hub.api_keys.create(name=name, project=project, environment=environment)
    )
    show_done(issued.text, {**_row(issued.key), "key": issued.text}, as_json=as_json)


@command.command("list")
@project_option
@json_option
@app_option
def listing(project: str, as_json: bool, app: str | None) -> None:
    """List a project's keys, newest first; never the keys themselves."""
    keys = work_on(chosen_hub(app), lambda hub: hub.api_keys.list(project=project))
    show(
        _COLUMNS,
        [_row(key) for key in keys],
        as_json=as_json,
        what="keys in the database",
        first="Make one: connect-hub api-keys create",
    )


def _row(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


@command.command("revoke")
@click.argument("key_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
@app_option
def revoke(key_id: str, yes: bool, project: str, as_json: bool, app: str | None) -> None:
    """Refuse the key with this id from its next request on."""
    if not yes:
        confirm(f"Revoke {key_id}? This cannot be undone.", instead="add --yes")
    key = work_on(chosen_hub(app), lambda hub: hub.api_keys.revoke(key_id, project=project))
    show_done(f"revoked {key.id} ({key.name})", _row(key), as_json=as_json)
