"""The hub that the environment describes: what `serve` runs, and what the other commands work on."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from connect_hub.cli.settings import DEFAULT_DATABASE, PREFIX, Client, Settings, clients_in, naming
from connect_hub.config import (
    Brand,
    HubConfig,
    LinkConfig,
    NetworkConfig,
    PageConfig,
    Project,
    PublicUrl,
    Webhook,
)
from connect_hub.connectors import catalog
from connect_hub.connectors.definition import Connector
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.errors import ConfigurationError
from connect_hub.hub import ConnectHub
from connect_hub.keys import KeyRing
from connect_hub.models import Binding
from connect_hub.net import OutboundPolicy
from connect_hub.secret import Secret
from connect_hub.storage.sql import SQLStorage

__all__ = ["connectors_of", "hub_from_environment", "storage_at"]


def hub_from_environment(
    environ: Mapping[str, str], settings: Settings | None = None, *, dispatch: bool = False, instead: str = ""
) -> ConnectHub:
    """The hub that CONNECT_HUB_… describe. `dispatch`: whether it delivers events in this process. `instead`:
    what else may be done, in a sentence, where they describe none.

    Opens nothing. Raises ConfigurationError, which names the variable.
    """
    settings = Settings.read() if settings is None else settings
    if settings.public_url is None:
        raise ConfigurationError(
            f"{PREFIX}PUBLIC_URL is not set. Write the address at which browsers reach the hub, such as "
            f"https://connect.example.com. {instead}".rstrip()
        )
    with naming(f"{PREFIX}PUBLIC_URL"):
        PublicUrl(settings.public_url, insecure_dev=settings.insecure_dev)
    with naming(f"{PREFIX}KEYS"):
        keys = KeyRing.from_env(f"{PREFIX}KEYS", environ)
    connectors = connectors_of(settings, environ)
    return ConnectHub(
        public_url=settings.public_url,
        keys=keys,
        storage=storage_at(settings.database_url),
        connectors=connectors,
        brand=_brand(settings),
        config=_config(settings, dispatch=dispatch),
    )


def storage_at(url: Secret | None) -> SQLStorage:
    """The storage at CONNECT_HUB_DATABASE_URL; a file in the working folder without one."""
    from connect_hub.storage.sql.schema import open_url

    with naming(f"{PREFIX}DATABASE_URL"):
        return open_url(DEFAULT_DATABASE if url is None else url.reveal())


def connectors_of(settings: Settings, environ: Mapping[str, str]) -> list[OAuth | Connector | str]:
    """The enabled connectors, each with the client that the environment has for it.

    Without CONNECT_HUB_CONNECTORS: all of the folder. A name is looked up in the folder first.
    """
    own: dict[str, Connector] = {}
    if settings.connectors_path is not None:
        with naming(f"{PREFIX}CONNECTORS_PATH"):
            own = catalog.read_folder(Path(settings.connectors_path))
    wanted = settings.connectors or tuple(own)
    clients = clients_in(environ, wanted)
    found: list[OAuth | Connector | str] = []
    for key in wanted:
        definition = own.get(key, key)
        with naming(f"{PREFIX}CONNECTORS"):
            found.append(_with_client(key, definition, clients[key], later=settings.dashboard))
    with naming(f"{PREFIX}CONNECTORS"):
        ConnectorRegistry(found, clients_later=settings.dashboard)
    return found


def _with_client(
    key: str, definition: Connector | str, client: Client, *, later: bool
) -> OAuth | Connector | str:
    item: OAuth | Connector | str = definition
    if client.id is not None:
        item = OAuth(definition, client_id=client.id, client_secret=client.secret)
    try:
        ConnectorRegistry([item], clients_later=later)
    except ConfigurationError as error:
        # What it says of code, said of variables.
        message = error.message.replace(
            f"write OAuth({key!r}, client_id=…, client_secret=…), or give the hub a dashboard to set it in",
            f"set {client.id_variable} and {client.secret_variable}, or {PREFIX}DASHBOARD=1 to set it there",
        ).replace(f"write {key!r} instead of OAuth({key!r}, …)", f"remove {client.id_variable}")
        raise ConfigurationError(message) from None
    return item


def _config(settings: Settings, *, dispatch: bool) -> HubConfig:
    if settings.binding is Binding.HOST_IDENTITY:
        raise ConfigurationError(
            f"{PREFIX}BINDING: host_identity needs an application that says who is signed in, and the "
            "hub runs alone here. Leave it out, or mount the hub in your application."
        )
    hosts = frozenset(settings.allow_private_hosts)
    with naming(f"{PREFIX}ALLOW_PRIVATE_HOSTS"):
        OutboundPolicy(allow_private_hosts=hosts)
    with naming(f"{PREFIX}RETURN_URLS"):
        HubConfig(
            links=LinkConfig(return_urls=frozenset(settings.return_urls)),
            network=NetworkConfig(insecure_dev=settings.insecure_dev),
        )
    webhooks = _webhooks(settings)
    projects = {
        project_id: Project(
            api_keys=tuple(key for owner, key in settings.api_keys if owner == project_id), webhooks=webhooks
        )
        for project_id in settings.projects
    }
    with naming(f"{PREFIX}EMBED_ORIGINS"):
        network = NetworkConfig(
            trusted_proxies=settings.trusted_proxies,
            allow_private_hosts=hosts,
            embed_origins=frozenset(settings.embed_origins),
            insecure_dev=settings.insecure_dev,
        )
    pages = _pages(settings)
    with naming(f"{PREFIX}WEBHOOK_URL"):
        return HubConfig(
            projects=projects,
            organization_id=settings.organization_id,
            links=LinkConfig(style=settings.link_style, return_urls=frozenset(settings.return_urls)),
            network=network,
            pages=pages,
            dispatch=dispatch,
            dashboard=DashboardConfig(auth=OperatorTokens()) if settings.dashboard else None,
        )


def _brand(settings: Settings) -> Brand:
    brand = Brand()
    for field, setting in _BRAND.items():
        with naming(f"{PREFIX}{setting.upper()}"):
            brand = replace(brand, **{field: getattr(settings, setting)})
    return brand


_BRAND = {
    "name": "product_name",
    **{
        name: name
        for name in ("accent", "logo_url", "support_url", "support_email", "privacy_url", "terms_url")
    },
}
"""Fields of `Brand`, and the settings that they come from."""


def _pages(settings: Settings) -> PageConfig:
    for setting in ("templates", "translations"):
        for folder in getattr(settings, setting):
            if not Path(folder).is_dir():
                raise ConfigurationError(
                    f"{PREFIX}{setting.upper()}: there is no folder {folder!r}. Create it, or give its whole "
                    "path."
                )
    with naming(f"{PREFIX}TRANSLATIONS"):
        return PageConfig(templates=settings.templates, translations=settings.translations)


def _webhooks(settings: Settings) -> tuple[Webhook, ...]:
    url, secrets = settings.webhook_url, settings.webhook_secret
    if url is None and not secrets:
        return ()
    if url is None or not secrets:
        missing, there = ("URL", "SECRET") if url is None else ("SECRET", "URL")
        raise ConfigurationError(
            f"{PREFIX}WEBHOOK_{missing} is not set, but {PREFIX}WEBHOOK_{there} is. Set both; a secret is "
            "made by `connect-hub webhooks secret`."
        )
    with naming(f"{PREFIX}WEBHOOK_SECRET"):
        Webhook(url="https://example.invalid/", secrets=secrets)
    with naming(f"{PREFIX}WEBHOOK_URL"):
        # Named, so that what is under way survives a change of the address.
        return (Webhook(url=url, secrets=secrets, name="environment"),)
