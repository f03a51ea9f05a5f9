"""The host: one page with a script of its own, and one route that makes a session's token."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

from connect_hub import ConnectHub, HubConfig, SQLStorage
from examples.settings import Settings

HERE = Path(__file__).parent


def create_app(settings: Settings) -> FastAPI:
    """The application; the hub is below /connect."""
    hub = ConnectHub(
        public_url=f"{settings.origin}/connect",
        keys=settings.keys,
        storage=SQLStorage.sqlite(settings.database_url),
        connectors=settings.connectors,
        config=HubConfig(network=settings.network),
    )
    app = FastAPI(lifespan=hub.lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(HERE / "page.html")

    @app.get("/headless.js")
    async def script() -> FileResponse:
        return FileResponse(HERE / "headless.js", media_type="text/javascript")

    @app.post("/connect-token")
    async def token() -> dict[str, str]:
        # Yours: whoever is signed in, and nothing that the browser says.
        issued = await hub.sessions.create(origin_owner_id="acme-42", origin_owner_name="Acme Corp")
        return {"token": issued.token}

    app.mount("/connect", hub.app)
    app.state.hub = hub
    return app
