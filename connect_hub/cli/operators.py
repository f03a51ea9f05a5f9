"""`connect-hub operators`."""

import click

from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, work_on
from connect_hub.cli.table import json_option, show, show_done
from connect_hub.cli.words import roles_in_words
from connect_hub.dashboard import OperatorTokens
from connect_hub.operators import EVERY_PROJECT, OperatorToken, Role

__all__ = ["command"]

_COLUMNS = {
    "id": "id",
    "name": "name",
    "roles": "roles",
    "created_at": "created",
    "last_used_at": "last used",
    "revoked_at": "revoked",
}


@click.group("operators", cls=Group)
def command() -> None:
    """Who may sign in to the dashboard with a token."""


def _roles(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Role]:
    roles = {}
    for value in values:
        project, equals, role = value.rpartition("=")
        if role not in {one.value for one in Role}:
            known = ", ".join(one.value for one in Role)
            raise click.BadParameter(f"{role!r} is not a role. Use one of {known}", ctx, parameter)
        if equals and not project:
            raise click.BadParameter(f"{value!r} names no project; * is all", ctx, parameter)
        roles[project or EVERY_PROJECT] = Role(role)
    return roles


@command.command("add")
@click.option("--name", required=True, help="Whom it is for; it stands in the audit log.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    metavar="[PROJECT=]ROLE",
    callback=_roles,
    help="viewer, operator or admin; of all projects, or of the one that is named. May be repeated.",
)
@json_option
@app_option
def add(name: str, roles: dict[str, Role], as_json: bool, app: str | None) -> None:
    """Make an operator and print the token. It is shown this once; the database has its hash alone."""
    hub = chosen_hub(app)
    issued = work_on(hub, lambda hub: hub.operators.add(name=name, roles=roles))
    dashboard = hub.config.dashboard
    if dashboard is not None and isinstance(dashboard.auth, OperatorTokens):
        said = f"Sign in with it at {hub.public_url}/dashboard"
    else:
        has = "no dashboard" if dashboard is None else "a dashboard with your application's own sign-in"
        said = f"Note: this hub has {has}. The token signs in with OperatorTokens() alone."
        if app is None:
            said += " For `connect-hub serve`: CONNECT_HUB_DASHBOARD=1."
    click.echo(f"The token is shown this once. {said}", err=True)
    show_done(issued.token, {**_row(issued.operator), "token": issued.token}, as_json=as_json)


@command.command("list")
@json_option
@app_option
def listing(as_json: bool, app: str | None) -> None:
    """List operators, newest first; never their tokens."""
    operators = work_on(chosen_hub(app), lambda hub: hub.operators.list())
    rows = [_row(operator) for operator in operators]
    here = "" if app is None else f" --app {app}"
    if not as_json:
        rows = [{**row, "roles": roles_in_words(one.roles)} for row, one in zip(rows, operators, strict=True)]
    show(
        _COLUMNS,
        rows,
        as_json=as_json,
        what="operators",
        first=f"Add one: connect-hub operators add --name NAME --role admin{here}",
    )


def _row(operator: OperatorToken) -> dict[str, object]:
    return {
        "id": operator.id,
        "name": operator.name,
        "roles": {project: role.value for project, role in operator.roles.items()},
        "created_at": operator.created_at,
        "last_used_at": operator.last_used_at,
        "revoked_at": operator.revoked_at,
    }


@command.command("revoke")
@click.argument("operator_id")
@json_option
@app_option
def revoke(operator_id: str, as_json: bool, app: str | None) -> None:
    """Sign the operator with this id out everywhere, and refuse the token from now on."""
    operator = work_on(chosen_hub(app), lambda hub: hub.operators.revoke(operator_id))
    show_done(f"revoked {operator.id} ({operator.name})", _row(operator), as_json=as_json)
