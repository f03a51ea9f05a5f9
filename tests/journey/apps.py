"""The host applications of the journey, each built from the environment, as a real one would be.

`JOURNEY` is a JSON object: public_url, database, api_key, webhook_url, webhook_secret, connectors (a list of
[TOML file, client id, client secret]) and private_hosts.
"""

import json
import os
from pathlib import Path

from connect_hub import (
    ConnectHub,
    HubConfig,
    KeyRing,
    NetworkConfig,
    OAuth,
    Project,
    Secret,
    SQLStorage,
    Webhook,
)
from connect_hub.config import LinkConfig


def _hub() -> ConnectHub:
    given = json.loads(os.environ["JOURNEY"])
    return ConnectHub(
        public_url=given["public_url"],
        keys=KeyRing.from_env(),
        storage=SQLStorage.sqlite(given["database"]),
        connectors=[
            OAuth(Path(path), client_id=client_id, client_secret=secret) if client_id else Path(path)
            for path, client_id, secret in given["connectors"]
        ],
        config=HubConfig(
            projects={
                "default": Project(
                    api_keys=[Secret(given["api_key"])],
                    webhooks=[Webhook(url=given["webhook_url"], secrets=[Secret(given["webhook_secret"])])],
                )
            },
            links=LinkConfig(return_urls=frozenset(given.get("return_urls", []))),
            network=NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset(given["private_hosts"])),
        ),
    )


def starlette_app() -> object:
    """Starlette, the hub below the path of its public URL."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Mount, Route

    hub = _hub()

    async def call(request: object) -> JSONResponse:
        account_id = request.path_params["account_id"]  # type: ignore[attr-defined]
        async with hub.client(account_id) as http:
            answer = await http.get("me")
        return JSONResponse({"status": answer.status_code, "body": answer.json()})

    routes = [Route("/call/{account_id}", call), Mount(hub.public_url.path, app=hub.app)]
    return Starlette(routes=routes)


def fastapi_app() -> object:
    """FastAPI, the hub mounted."""
    from fastapi import FastAPI

    hub, app = _hub(), FastAPI()

    @app.get("/call/{account_id}")
    async def call(account_id: str) -> dict[str, object]:
        async with hub.client(account_id) as http:
            answer = await http.get("me")
        return {"status": answer.status_code, "body": answer.json()}

    app.mount(hub.public_url.path, hub.app)
    return app


def alone() -> object:
    """The hub by itself, at `/`."""
    return _hub().app


def flask_app() -> object:
    """Flask, for gunicorn."""
    from flask import Flask, jsonify
    from flask.typing import ResponseReturnValue

    hub, app = _hub(), Flask(__name__)

    @app.get("/call/<account_id>")
    def call(account_id: str) -> ResponseReturnValue:
        with hub.sync.client(account_id) as http:
            answer = http.get("me")
        return jsonify({"status": answer.status_code, "body": answer.json()})

    hub.init_app(app, hub.public_url.path)
    return app
