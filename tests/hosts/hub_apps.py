"""Hosts with a hub for real servers, built from the environment: `HUB_TEST` is a JSON object."""

import json
import os
from typing import Any

from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, Secret, SQLStorage, Webhook
from connect_hub.testing.provider.connectors import key_connector

__all__ = [
    "fastapi_middleware",
    "fastapi_mount",
    "flask_app",
    "flask_behind_proxy",
    "flask_two",
    "inverted",
    "make",
    "quart_app",
    "wsgi_alone",
]


def make(given: dict[str, Any] | None = None, *, dispatch: bool = True) -> ConnectHub:
    """The hub that `given` (the environment's, by default) describes."""
    given = json.loads(os.environ["HUB_TEST"]) if given is None else given
    return ConnectHub(
        public_url=given["public_url"],
        keys=KeyRing.from_text(given["keys"]),
        storage=_storage(given["database"]),
        connectors=[key_connector(base_url=given["provider"])],
        config=HubConfig(
            projects={
                "default": Project(
                    api_keys=[Secret(given["api_key"])],
                    webhooks=[Webhook(url=given["receiver"], secrets=[Secret(given["secret"])], name="test")],
                )
            },
            network=NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset(given["private"])),
            dispatch=dispatch,
        ),
    )


def _storage(database: str) -> SQLStorage:
    """On the path of a SQLite file, or on an engine for a URL: an AsyncEngine where its driver wants one."""
    if "://" not in database:
        return SQLStorage.sqlite(database)
    if make_url(database).get_dialect().is_async:
        return SQLStorage(create_async_engine(database))
    return SQLStorage(create_engine(database))


def flask_app() -> object:
    from flask import Flask

    app, hub = Flask("host"), make()

    @app.get("/")
    def home() -> str:
        return str(os.getpid())

    hub.init_app(app, "/connect")
    return app


def flask_behind_proxy() -> object:
    """Flask behind a proxy that strips a part of the path and says so in X-Forwarded-Prefix."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    app: Any = flask_app()
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)
    return app


def flask_two() -> object:
    """Two hubs in one application: a second one under /partners, on a database of its own."""
    from flask import Flask

    given = json.loads(os.environ["HUB_TEST"])
    origin = given["public_url"].removesuffix("/connect")
    app = Flask("host")
    make(given).init_app(app, "/connect")
    second = {**given, "public_url": f"{origin}/partners", "database": given["database"] + "-2"}
    make(second).init_app(app, "/partners")
    app.add_url_rule("/", view_func=lambda: str(os.getpid()))
    return app


def inverted() -> object:
    """The other way round: the hub on the server's own event loop, the Flask application beside it."""
    from a2wsgi import WSGIMiddleware
    from flask import Flask

    from connect_hub.hosts.asgi import ConnectHubMiddleware

    app, hub = Flask("host"), make()

    @app.get("/")
    def home() -> str:
        return str(os.getpid())

    @app.post("/invite")
    def invite() -> str:
        return hub.sync.links.create(origin_owner_id="7", origin_owner_name="Acme").url

    return ConnectHubMiddleware(WSGIMiddleware(app), hub=hub, prefix="/connect")  # type: ignore[arg-type]


def quart_app() -> object:
    """Quart: an ASGI framework that knows nothing of Starlette."""
    from quart import Quart

    from connect_hub.hosts.asgi import ConnectHubMiddleware

    app, hub = Quart("host"), make()

    @app.get("/")
    async def home() -> str:
        return str(os.getpid())

    app.asgi_app = ConnectHubMiddleware(app.asgi_app, hub=hub, prefix="/connect")  # type: ignore[assignment,arg-type,method-assign]
    return app


def wsgi_alone() -> object:
    return make({**json.loads(os.environ["HUB_TEST"]), "public_url": "https://app.example.com"}).wsgi


def fastapi_mount() -> object:
    app, hub = _fastapi(), make()
    app.mount(os.environ.get("HUB_MOUNT", "/connect"), hub.app)
    return app


def fastapi_middleware() -> object:
    from connect_hub.hosts.asgi import ConnectHubMiddleware

    return ConnectHubMiddleware(_fastapi(), hub=make(), prefix="/connect")


def _fastapi() -> Any:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def home() -> str:
        return str(os.getpid())

    return app
