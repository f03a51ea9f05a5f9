"""`connect-hub connectors`."""

import click

from connect_hub.cli.group import Refused
from connect_hub.cli.host import app_option, chosen_hub
from connect_hub.cli.table import show_table
from connect_hub.config import PublicUrl
from connect_hub.connectors import catalog
from connect_hub.connectors.definition import Connector

__all__ = ["command"]


@click.group("connectors")
def command() -> None:
    """Providers that customers can connect."""


@command.command("list")
@click.option("--enabled", is_flag=True, help="Only what the hub of the environment offers.")
@app_option
def listing(enabled: bool, app: str | None) -> None:
    """List the connectors that come with the package, or with --enabled or --app those of a hub."""
    if enabled or app is not None:
        definitions = [connector.definition for connector in chosen_hub(app).connectors.all()]
    else:
        definitions = [catalog.builtin(key) for key in catalog.builtin_keys()]
    show_table(
        ["key", "name", "categories", "signs in with"],
        [
            [d.key, d.name, ", ".join(map(str, d.categories)), ", ".join(m.type for m in d.methods)]
            for d in definitions
        ],
    )


@command.command("redirect-uri")
@click.argument("key", required=False)
@app_option
def redirect_uri(key: str | None, app: str | None) -> None:
    """Print the redirect URI to register at each OAuth provider, or at KEY alone.

    Needs no client id: it is what you register to get one.
    """
    uris = dict(chosen_hub(app).redirect_uris) if app is not None else _uris_of_environment(key)
    if key is None:
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
        raise Refused(f"{PREFIX}PUBLIC_URL is not set, and redirect URIs begin with it.")
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
