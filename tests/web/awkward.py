"""Connectors and logos that nobody should make, and that a host may have all the same."""

from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from connect_hub import Connector
from connect_hub.connectors.catalog import parse
from connect_hub.testing.provider.connectors import key_toml
from connect_hub.web.headers import SecureHeaders
from connect_hub.web.static import Assets

__all__ = ["MANY", "Logos", "many_fields", "odd_logos"]

MANY = 400
_EVIL = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="40" height="40" onload="fetch('/asked/onload')">
<script>document.title = 'EVIL'; document.cookie = 'evil=1'; fetch('/asked/script');
open('/asked/open')</script>
<script href="/asked/src" xlink:href="/asked/xlink"/>
<style>@import url("/asked/style.css"); rect { fill: url("/asked/fill.svg#x") }</style>
<image href="/asked/image.png" width="4" height="4"/>
<foreignObject width="40" height="40"><body xmlns="http://www.w3.org/1999/xhtml">
<iframe src="/asked/frame"/><img src="/asked/img" onerror="fetch('/asked/onerror')"/>
<meta http-equiv="refresh" content="0;url=/asked/refresh"/></body></foreignObject>
<rect width="40" height="40" fill="#080"/></svg>"""


def many_fields(base_url: str = "https://provider.test", *, required: bool = True) -> Connector:
    """A connector that asks for an API key and 400 answers; the last two have a pattern."""
    text = key_toml(base_url=base_url).replace('key = "simulated-key"', 'key = "form-without-end"', 1)
    text = text.replace('name = "Acme Key"', 'name = "Long Form"', 1)
    fields = [
        f'\n[[methods.fields]]\nkey = "answer_{n}"\nlabel = "Answer {n}"\n'
        + ("" if required else "required = false\n")
        + ('pattern = "[a-z]+"\npattern_message = "Small letters alone."\n' if n >= MANY - 2 else "")
        for n in range(MANY)
    ]
    head, mark, tail = text.partition("\n[methods.probe]")
    return parse(head + "".join(fields) + mark + tail, "form-without-end.toml")


@dataclass
class Logos:
    """A page of logos, under the headers that every answer of a hub has."""

    assets: Assets
    app: ASGIApp = field(init=False)
    asked: list[str] = field(default_factory=list)
    """What a logo loaded, called or went to."""

    def __post_init__(self) -> None:
        keys = ("evil", "absent", "broken")
        images = "".join(f'<p>{key}<img src="{self.assets.logo_url(key)}" alt="{key}"></p>' for key in keys)

        async def page(request: Request) -> Response:
            return HTMLResponse(f"<!doctype html><title>logos</title>{images}")

        async def note(request: Request) -> Response:
            self.asked.append(request.url.path)
            return Response()

        routes = [
            Route("/page", page),
            Route("/asked/{path:path}", note),
            Mount("/hub", routes=[self.assets.route()]),
        ]
        self.app = SecureHeaders(Starlette(routes=routes))


def odd_logos(folder: Path) -> Logos:
    """`evil` tries all that an SVG may do, `broken` is none, `absent` is no file."""
    (folder / "logos").mkdir()
    (folder / "logos" / "evil.svg").write_text(_EVIL)
    (folder / "logos" / "broken.svg").write_text("<svg <<<")
    return Logos(Assets(prefix="/hub/static", folders=[folder], logo_name={"absent": "Absent"}.get))
