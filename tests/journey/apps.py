"""The host applications of the journey, each built from the environment, as a real one would be.

`JOURNEY` is a JSON object: public_url, database (a file, or the URL of a database with tables), api_key,
webhook_url, webhook_secret, connectors (a list of [TOML file, client id, client secret]) and private_hosts.
"""

import json
import os
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

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


def _hub(storage: SQLStorage | None = None) -> ConnectHub:
    given = json.loads(os.environ["JOURNEY"])
    return ConnectHub(
        public_url=given["public_url"],
        keys=KeyRing.from_env(),
        storage=_storage(given["database"]) if storage is None else storage,
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


def _storage(database: str) -> SQLStorage:
    if "://" not in database:
        return SQLStorage.sqlite(database)
    if make_url(database).get_dialect().is_async:
        return SQLStorage(create_async_engine(database))
    return SQLStorage(create_engine(database))


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


def quart_app() -> object:
    """Quart, which is ASGI without Starlette, the hub before it."""
    from quart import Quart

    from connect_hub.hosts.asgi import ConnectHubMiddleware

    hub, app = _hub(), Quart("host")

    @app.get("/call/<account_id>")
    async def call(account_id: str) -> dict[str, object]:
        async with hub.client(account_id) as http:
            answer = await http.get("me")
        return {"status": answer.status_code, "body": answer.json()}

    middleware = ConnectHubMiddleware(app.asgi_app, hub=hub, prefix=hub.public_url.path)  # type: ignore[arg-type]  # Quart types its own ASGI
    app.asgi_app = middleware  # type: ignore[assignment,method-assign]  # as Quart says to add one
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


def django_wsgi() -> object:
    """Django as its wsgi.py has it, the hub around it."""
    storage = _django_storage()
    from django.core.wsgi import get_wsgi_application

    from tests.journey import django_views

    hub = _hub(storage)
    django_views.hubs[:] = [hub]
    return hub.wsgi_middleware(get_wsgi_application(), hub.public_url.path)


def django_asgi() -> object:
    """Django as its asgi.py has it, the hub before it."""
    storage = _django_storage()
    from django.core.asgi import get_asgi_application

    from connect_hub.hosts.asgi import ConnectHubMiddleware
    from tests.journey import django_views

    hub = _hub(storage)
    django_views.hubs[:] = [hub]
    return ConnectHubMiddleware(get_asgi_application(), hub=hub, prefix=hub.public_url.path)


def _django_storage() -> SQLStorage | None:
    """Django is set up, and keeps the hub's rows in its own database; None where that would need an
    AsyncEngine, which Django has not."""
    import django
    from django.conf import settings

    database = json.loads(os.environ["JOURNEY"])["database"]
    url = make_url(database if "://" in database else f"sqlite:///{database}")
    kind, options = url.get_backend_name(), dict(url.query)
    if kind == "mysql":
        import pymysql

        pymysql.version_info = (2, 2, 1, "final", 0)  # Django asks for mysqlclient, of this release at least
        pymysql.install_as_MySQLdb()
    settings.configure(
        SECRET_KEY="made up",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.journey.django_views",
        INSTALLED_APPS=["connect_hub.hosts.django"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        USE_TZ=True,
        DATABASES={
            "default": {
                "ENGINE": f"django.db.backends.{'sqlite3' if kind == 'sqlite' else kind}",
                "NAME": url.database,
                "USER": url.username or "",
                "HOST": options.pop("host", ""),
                "OPTIONS": {"timeout": 20} if kind == "sqlite" else options,
            }
        },
    )
    django.setup()
    if url.get_dialect().is_async:
        return None
    from connect_hub.hosts.django.storage import DjangoStorage

    return DjangoStorage()
