"""Hosts with a hub for real servers, built from the environment: `HUB_TEST` is a JSON object."""

import json
import os
from typing import Any

from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, Secret, SQLStorage, Webhook
from connect_hub.testing.provider.connectors import key_connector

__all__ = ["fastapi_middleware", "fastapi_mount", "flask_app", "make", "wsgi_alone"]


def make(given: dict[str, Any] | None = None, *, dispatch: bool = True) -> ConnectHub:
    """The hub that `given` (the environment's, by default) describes."""
    given = json.loads(os.environ["HUB_TEST"]) if given is None else given
    return ConnectHub(
        public_url=given["public_url"],
        keys=KeyRing.from_text(given["keys"]),
        storage=SQLStorage.sqlite(given["database"]),
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


def flask_app() -> object:
    from flask import Flask

    app, hub = Flask("host"), make()

    @app.get("/")
    def home() -> str:
        return str(os.getpid())

    hub.init_app(app, "/connect")
    return app


def wsgi_alone() -> object:
    return make({**json.loads(os.environ["HUB_TEST"]), "public_url": "https://app.example.com"}).wsgi


def fastapi_mount() -> object:
    app, hub = _fastapi(), make()
    app.mount("/connect", hub.app)
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
