"""`connect-hub connectors`."""

from collections.abc import Sequence
from typing import TextIO

import click

from connect_hub.cli.asking import confirm, secret
from connect_hub.cli.group import Group, Refused
from connect_hub.cli.host import APP_INSTEAD, app_option, chosen_hub, project_option, work_on
from connect_hub.cli.table import json_option, show, show_json, show_table
from connect_hub.config import PublicUrl
from connect_hub.connectors import catalog
from connect_hub.connectors.definition import Connector
from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.hub import ConnectHub
from connect_hub.models import Account
from connect_hub.storage.protocol import MOST_COUNTED
from connect_hub.web.dashboard.states import state_of_connector

__all__ = ["command"]


@click.group("connectors", cls=Group)
def command() -> None:
    """Providers that customers can connect."""


@command.command("list")
@click.option("--enabled", is_flag=True, help="Only what the hub of the environment offers.")
@click.option("--project", help="How the connectors of the hub are set on this project, such as default.")
@json_option
@app_option
def listing(enabled: bool, project: str | None, as_json: bool, app: str | None) -> None:
    """List the connectors that come with the package, or with --enabled or --app those of a hub.

    With --project: whether each is active there, how many accounts it has, the redirect URI to register, and
    its OAuth client; never a secret.
    """
    if project is not None:
        states, counts = work_on(chosen_hub(app), lambda hub: _on_project(hub, project))
        rows = [{**_state(one), "accounts": counts[one.key]} for one in states]
        if as_json:
            show(_STATE, rows, as_json=True)
        elif states:
            for row, one in zip(rows, states, strict=True):
                row |= {"state": state_of_connector(one).text, "accounts": _counted(counts[one.key])}
            show(_STATE, rows, as_json=False)
        else:
            click.echo(f"This hub has no connectors: name some in {_place(app)}.", err=True)
        return
    if enabled or app is not None:
        definitions = [connector.definition for connector in chosen_hub(app).connectors.all()]
    else:
        definitions = [catalog.builtin(key) for key in catalog.builtin_keys()]
    rows = [
        {
            "key": d.key,
            "name": d.name,
            "categories": ", ".join(map(str, d.categories)),
            "methods": ", ".join(m.name for m in d.methods),
        }
        for d in definitions
    ]
    show(
        _SHIPPED,
        rows,
        as_json=as_json,
        what="connectors on this hub",
        first="See: connect-hub connectors list",
    )


async def _on_project(hub: ConnectHub, project: str) -> tuple[list[ConnectorState], dict[str, int]]:
    states = await hub.connector_settings.list(project=project)
    return states, await hub.accounts.count_by_provider(project=project)


def _counted(count: int) -> str:
    """Where counting ended, with a plus."""
    return f"{count}+" if count >= MOST_COUNTED else str(count)


_SHIPPED = {"key": "key", "name": "name", "categories": "categories", "methods": "signs in with"}
_STATE = {
    "key": "key",
    "state": "state",
    "accounts": "accounts",
    "client_id": "client id",
    "client_source": "set in",
    "secret_set_at": "secret set",
    "redirect_uri": "redirect URI",
}


def _state(one: ConnectorState) -> dict[str, object]:
    client = one.client
    return {
        "key": one.key,
        "name": one.connector.name,
        "active": one.is_active,
        "enabled": one.is_enabled,
        "allowed_by_code": one.is_allowed,
        "client_id": None if client is None else client.id,
        "client_source": None if client is None else client.source,
        "has_secret": client is not None and client.has_secret,
        "secret_set_at": None if client is None else client.secret_set_at,
        "secret_set_by": None if client is None else client.secret_set_by,
        "scopes": None if one.scopes is None else " ".join(one.scopes),
        "redirect_uri": one.redirect_uri or None,
    }


def _place(app: str | None) -> str:
    """Where a hub's connectors are named."""
    return "CONNECT_HUB_CONNECTORS" if app is None else "connectors=[…] of the hub"


def _hub_with(key: str, app: str | None) -> ConnectHub:
    """The chosen hub. Raises Refused, with the fix, if it has no connector of this key."""
    hub = chosen_hub(app)
    if key in hub.connectors:
        return hub
    if key in catalog.builtin_keys():
        fix = f"It comes with the package; add it to {_place(app)}."
    else:
        near = catalog.nearest(key, (*hub.connectors, *catalog.builtin_keys()))
        fix = f"Did you mean {near!r}?" if near else "See: connect-hub connectors list"
    offered = ", ".join(hub.connectors) or "none yet"
    raise Refused(f"There is no connector {key!r} on this hub, which offers {offered}. {fix}")


def _changed(one: ConnectorState, done: str, *, as_json: bool) -> None:
    if as_json:
        show_json(_state(one))
    else:
        click.echo(f"{done} {one.key}")


@command.command("enable")
@click.argument("key")
@project_option
@json_option
@app_option
def enable(key: str, project: str, as_json: bool, app: str | None) -> None:
    """Offer a connector on a project, and let its accounts be used."""
    one = work_on(_hub_with(key, app), lambda hub: hub.connector_settings.enable(key, project=project))
    _changed(one, "enabled", as_json=as_json)


@command.command("disable")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask, although it makes accounts inactive.")
@project_option
@json_option
@app_option
def disable(key: str, yes: bool, project: str, as_json: bool, app: str | None) -> None:
    """Offer a connector no more; its accounts are inactive until it is enabled again."""

    async def work(hub: ConnectHub) -> ConnectorState:
        settings = hub.connector_settings
        if not yes:
            _confirm(await settings.affected(key, oauth_only=False, project=project), "would be inactive")
        return await settings.disable(key, project=project)

    _changed(work_on(_hub_with(key, app), work), "disabled", as_json=as_json)


_NO_PROMPT = "add --client-secret-file FILE (or - for standard input), --keep-secret or --public"


@command.command("configure")
@click.argument("key")
@click.option("--client-id", required=True, help="As the provider gave it to you.")
@click.option(
    "--client-secret-file",
    type=click.File(),
    help="A file that holds the secret, or - for standard input. Default: it is asked for, unseen.",
)
@click.option("--keep-secret", is_flag=True, help="Keep the secret that is stored.")
@click.option("--public", is_flag=True, help="The client has no secret.")
@click.option("--scope", "scopes", multiple=True, help="Instead of the connector's own. May be repeated.")
@click.option("--yes", is_flag=True, help="Do not ask, although accounts may have to connect again.")
@project_option
@json_option
@app_option
def configure(
    key: str,
    client_id: str,
    client_secret_file: TextIO | None,
    keep_secret: bool,
    public: bool,
    scopes: tuple[str, ...],
    yes: bool,
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """Set the OAuth client of a connector on a project. It is used from the next request on."""
    given = None if client_secret_file is None else client_secret_file.read()

    async def work(hub: ConnectHub) -> ConnectorState:
        settings = hub.connector_settings
        before = (await settings.get(key, project=project)).client
        if not yes and before is not None and before.id != client_id.strip():
            found = await settings.affected(key, oauth_only=True, project=project)
            _confirm(found, "would have to connect again once their access runs out")
        typed = given
        if typed is None and not (keep_secret or public):
            typed = secret("Client secret", instead=_NO_PROMPT)
        return await settings.configure(
            key, client_id=client_id, client_secret=typed, public=public, scopes=scopes, project=project
        )

    _changed(work_on(_hub_with(key, app), work), "configured", as_json=as_json)


@command.command("remove-client")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask, although it makes accounts inactive.")
@project_option
@json_option
@app_option
def remove_client(key: str, yes: bool, project: str, as_json: bool, app: str | None) -> None:
    """Forget the OAuth client that was set for a connector, with its secret and scopes."""

    async def work(hub: ConnectHub) -> ConnectorState:
        settings = hub.connector_settings
        if (await settings.get(key, project=project)).stored_client_id is None:
            raise Refused(f"No client was set for {key!r} here, so there is none to remove.")
        if not yes:
            _confirm(await settings.affected(key, oauth_only=True, project=project), "would be inactive")
        return await settings.remove_client(key, project=project)

    _changed(work_on(_hub_with(key, app), work), "removed the client of", as_json=as_json)


def _confirm(accounts: Sequence[Account], then: str) -> None:
    """Ask, where accounts would not be as they were; the newest are named."""
    if not accounts:
        return
    click.echo(f"These accounts {then}, the newest first:", err=True)
    for account in accounts:
        click.echo(f"  {account.id}  {account.origin_owner_id!r}", err=True)
    confirm("Go on?", instead="add --yes")


@command.command("redirect-uri")
@click.argument("key", required=False)
@app_option
def redirect_uri(key: str | None, app: str | None) -> None:
    """Print the redirect URI to register at each OAuth provider, or at KEY alone.

    Needs no client id: it is what you register to get one.
    """
    uris = dict(chosen_hub(app).redirect_uris) if app is not None else _uris_of_environment(key)
    if key is None and not uris:
        click.echo("No enabled connector signs in with OAuth 2, so there is nothing to register.")
    elif key is None:
        show_table(["connector", "redirect URI"], [[each, uri] for each, uri in uris.items()])
    elif key in uris:
        click.echo(uris[key])
    else:
        near = catalog.nearest(key, uris)
        hint = f" Did you mean {near!r}?" if near else ""
        raise Refused(f"There is no connector {key!r} here that signs in with OAuth 2.{hint}")


def _uris_of_environment(key: str | None) -> dict[str, str]:
    """Of the enabled connectors, and of `key` although it is not enabled yet."""
    from connect_hub.cli.settings import PREFIX, Settings, naming

    settings = Settings.read()
    if settings.public_url is None:
        raise Refused(f"{PREFIX}PUBLIC_URL is not set, and redirect URIs begin with it. {APP_INSTEAD}")
    with naming(f"{PREFIX}PUBLIC_URL"):
        base = PublicUrl(settings.public_url, insecure_dev=settings.insecure_dev)
    own: dict[str, Connector] = {}
    if settings.connectors_path is not None:
        from pathlib import Path

        own = catalog.read_folder(Path(settings.connectors_path))
    enabled = settings.connectors or tuple(own)
    known = {**{each: catalog.builtin(each) for each in catalog.builtin_keys()}, **own}
    wanted = enabled if key is None else (*enabled, *known)
    return {
        each: f"{base}/oauth/callback/{each}"
        for each in wanted
        if each in known and any(method.type == "oauth2" for method in known[each].methods)
    }
