"""`connect-hub links`."""

import json
from collections.abc import Callable
from typing import Any, cast

import click

from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.clock import iso
from connect_hub.flows.requests import CreateSession, SessionFields
from connect_hub.models import AccountType, Binding, Category

__all__ = ["command"]


@click.group("links")
def command() -> None:
    """Auth links to send to customers."""


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    pairs = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals:
            raise click.BadParameter(f"{value!r} is not of the form KEY=VALUE", ctx, parameter)
        pairs[key] = text
    return pairs or None


def _field(name: str, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option for a field of a session, described as the API describes it."""
    description = (CreateSession.model_fields[name].description or "").replace("`", "")
    if options.get("multiple"):
        description += " May be repeated."
    return click.option(f"--{name.replace('_', '-')}", name, help=description, **options)


@command.command("create")
@_field("origin_owner_id", required=True)
@_field("origin_owner_name", required=True)
@_field("origin_username")
@_field("provider")
@_field("providers", multiple=True)
@_field("categories", multiple=True, type=click.Choice([str(category) for category in Category]))
@_field("account_id")
@_field("label")
@_field("metadata", multiple=True, metavar="KEY=VALUE", callback=_pairs)
@_field("setup_information", multiple=True, metavar="KEY=VALUE", callback=_pairs)
@_field("multiple", is_flag=True, default=None)
@_field("type", type=click.Choice([str(kind) for kind in AccountType]))
@click.option("--expires-in", type=int, help="Seconds until the link expires. Default: 5 days.")
@_field("max_connects", type=int)
@_field("return_url")
@_field("state")
@_field("binding", type=click.Choice([str(binding) for binding in Binding]))
@_field("manage", is_flag=True, default=None)
@_field("locale")
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of the link alone.")
@app_option
def create(project: str, as_json: bool, app: str | None, **fields: Any) -> None:
    """Make a link and print it. Whoever has it can connect accounts for this customer: send it with care."""
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    wanted = cast("SessionFields", {name: value for name, value in given.items() if value not in (None, [])})
    issued = work_on(chosen_hub(app), lambda hub: hub.links.create(project=project, **wanted))
    if not as_json:
        click.echo(issued.url)
        return
    session = issued.session
    about = {
        "id": session.id,
        "project_id": session.project_id,
        "origin_owner_id": session.origin_owner_id,
        "expires_at": iso(session.expires_at),
        "auth_link_url": issued.url,
    }
    click.echo(json.dumps(about, ensure_ascii=False))
