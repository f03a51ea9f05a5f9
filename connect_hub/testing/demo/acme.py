"""Acme HR: a host application as small as one can be. Read it as an example of how a host uses the hub."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from connect_hub.hub import ConnectHub
from connect_hub.models import Account

__all__ = ["acme_hr"]

CUSTOMER = "42"
"""Whoever uses the demonstration: a real application takes it from its own login."""


def acme_hr(hub: ConnectHub) -> Starlette:
    """The application; the hub is mounted at `/connect`."""

    async def home(request: Request) -> Response:
        mine = await hub.accounts.list(origin_owner_ids=[CUSTOMER])
        return _page("Your tools", _tools(mine))

    async def connect_a_tool(request: Request) -> Response:
        link = await hub.links.create(
            origin_owner_id=CUSTOMER, origin_owner_name="Example Ltd", return_url=f"{hub.public_url.origin}/"
        )
        return RedirectResponse(link.url, 303)

    async def employees(request: Request) -> Response:
        account = await hub.accounts.get(request.path_params["account_id"])
        async with hub.client(account.id) as http:
            answer = await http.get("employees")
        answer.raise_for_status()
        rows = "".join(
            f"<tr><td>{escape(person['name'])}</td><td>{escape(person['title'])}</td></tr>"
            for person in answer.json()
        )
        table = f"<table><tr><th>Name</th><th>Title</th></tr>{rows}</table>"
        return _page(
            "Employees", f"<p>Read with {escape(account.provider)}.</p>{table}<p><a href='/'>Back</a></p>"
        )

    return Starlette(
        routes=[
            Route("/", home),
            Route("/connect-a-tool", connect_a_tool, methods=["POST"]),
            Route("/accounts/{account_id}/employees", employees),
            Mount("/connect", hub.app),
        ]
    )


def _tools(accounts: Sequence[Account]) -> str:
    lines = "".join(
        f"<li>{escape(account.provider)} ({escape(str(account.status))}): "
        f"<a href='/accounts/{quote(account.id, safe='')}/employees'>employees</a></li>"
        for account in accounts
    )
    return (
        f"<ul>{lines}</ul>" if accounts else "<p>Nothing is connected yet.</p>"
    ) + "<form method='post' action='/connect-a-tool'><button>Connect a tool</button></form>"


def _page(title: str, content: str) -> Response:
    return HTMLResponse(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><link rel='icon' href='data:,'>"
        f"<title>{escape(title)} · Acme HR</title><style>"
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
        "button{font:inherit;padding:.6rem 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}"
        f"</style></head><body><main><p>Acme HR</p><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
