"""Payday: a FastAPI application whose customers connect their HR tool."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

from connect_hub import Account
from connect_hub.errors import AccountNotFound, ConnectHubError
from examples.fastapi_app.tools import PREFIX, make_hub
from examples.settings import Settings


@dataclass(frozen=True)
class User:
    """Somebody who can sign in, and their company."""

    email: str
    tenant: str
    tenant_name: str


USERS = {
    user.email: user
    for user in (
        User("ada@acme.example", "acme", "Acme Corp"),
        User("bob@globex.example", "globex", "Globex"),
        User("sam@payday.example", "payday", "Payday"),  # one of ours
    )
}
PASSWORD = "demo"


class NotSignedIn(Exception):
    """Answered with the way to the sign-in."""


def signed_in(request: Request) -> User:
    """The user whose session this is."""
    user = USERS.get(request.session.get("email", ""))
    if user is None:
        raise NotSignedIn
    return user


Known = Annotated[User, Depends(signed_in)]


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; its settings come from the environment unless given."""
    settings = Settings.from_env() if settings is None else settings
    hub = make_hub(settings)
    pages = Jinja2Templates(Path(__file__).parent / "templates")
    app = FastAPI(lifespan=hub.lifespan)
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.secret_key,
        https_only=settings.origin.startswith("https://"),
    )
    app.mount(PREFIX, hub.app)
    app.state.hub = hub

    @app.exception_handler(NotSignedIn)
    async def to_login(request: Request, error: Exception) -> Response:
        return RedirectResponse("/login", 303)

    @app.get("/")
    async def home() -> Response:
        return RedirectResponse("/settings", 303)

    @app.get("/login")
    async def login_page(request: Request, next: str = "/settings") -> HTMLResponse:  # noqa: A002
        return pages.TemplateResponse(request, "login.html", {"next": next})

    @app.post("/login")
    async def login(
        request: Request,
        email: Annotated[str, Form()],
        password: Annotated[str, Form()],
        next: Annotated[str, Form()] = "/settings",  # noqa: A002  # the name that the hub gives it
    ) -> Response:
        user = USERS.get(email)
        if user is None or password != PASSWORD:
            context = {"next": next, "error": "Wrong email or password."}
            return pages.TemplateResponse(request, "login.html", context, status_code=401)
        request.session.clear()
        request.session.update(email=user.email, tenant=user.tenant)
        return RedirectResponse(_own_path(next, settings.origin), 303)

    @app.post("/logout")
    async def logout(request: Request) -> Response:
        request.session.clear()
        return RedirectResponse("/login", 303)

    @app.get("/settings")
    async def show_settings(request: Request, user: Known) -> HTMLResponse:
        accounts = await hub.accounts.list(origin_owner_ids=[user.tenant])
        return pages.TemplateResponse(request, "settings.html", {"user": user, "accounts": accounts})

    @app.post("/settings/connect")
    async def connect(user: Known) -> Response:
        issued = await hub.sessions.create(
            origin_owner_id=user.tenant,
            origin_owner_name=user.tenant_name,
            origin_username=user.email,
            return_url=f"{settings.origin}/settings",
        )
        return RedirectResponse(issued.url, 303)

    async def own_account(account_id: str, user: User) -> Account:
        try:
            account = await hub.accounts.get(account_id)
        except AccountNotFound:
            raise HTTPException(404) from None
        if account.origin_owner_id != user.tenant:
            raise HTTPException(404)
        return account

    @app.get("/accounts/{account_id}/employees")
    async def employees(request: Request, account_id: str, user: Known) -> Response:
        """What the connected tool knows, fetched with the customer's own credentials."""
        account = await own_account(account_id, user)
        try:
            async with hub.client(account.id) as http:
                answer = await http.get("employees")
                answer.raise_for_status()
        except ConnectHubError as error:
            raise HTTPException(502, error.message) from error
        context = {"user": user, "account": account, "employees": answer.json()}
        return pages.TemplateResponse(request, "employees.html", context)

    @app.post("/accounts/{account_id}/disconnect")
    async def disconnect(account_id: str, user: Known) -> Response:
        await hub.accounts.delete((await own_account(account_id, user)).id)
        return RedirectResponse("/settings", 303)

    return app


def _own_path(address: str, origin: str) -> str:
    """Where to go after the sign-in: a page of this application and of no other."""
    parts = urlsplit(address)
    if parts.netloc and f"{parts.scheme}://{parts.netloc}" != origin:
        return "/settings"
    if not parts.path.startswith("/") or parts.path.startswith("//") or "\\" in address:
        return "/settings"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
