"""`Gallery`: the sample pages as an application, with a frame around them to choose what to look at."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connect_hub.connectors.registry import ConnectorRegistry
from connect_hub.errors import NotFound
from connect_hub.hub import ConnectHub
from connect_hub.testing.gallery.desk import dashboard_samples
from connect_hub.testing.gallery.files import Files
from connect_hub.testing.gallery.forms import forms
from connect_hub.testing.gallery.overrides import HostTemplates, TemplateFinding
from connect_hub.testing.gallery.product import BRAND, TOOLS
from connect_hub.testing.gallery.samples import samples
from connect_hub.web.contexts import Bounce, BrandView, Leaving, Page
from connect_hub.web.headers import PAGE_POLICY, SecureHeaders
from connect_hub.web.languages import Language, Languages
from connect_hub.web.templating import Templating

__all__ = ["SCHEMES", "WIDTHS", "Gallery"]

SCHEMES = ("auto", "light", "dark")
WIDTHS = (320, 390, 768, 1280)
_HERE = Path(__file__).parent
_FRAMED = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
_LOADED = {"font", "image", "script", "style"}
"""What a page loads; what it leads to is only told (Fetch, `Sec-Fetch-Dest`)."""
_INDEX_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"


class Gallery:
    """An ASGI application.

    `/` shows one sample in a frame, by the query's `page`, `lang`, `scheme` and `width`;
    `/pages/<scheme>/<language>/<name>` is the sample itself, under the pages' own content security policy.
    Whatever the samples' links and forms lead to only says where that is. All that can
    be given is a host's; by default it is a made-up product's.
    """

    def __init__(
        self,
        *,
        brand: BrandView = BRAND,
        overrides: Sequence[str | Path | BaseLoader] = (),
        static: Sequence[str | Path] = (),
        languages: Languages | None = None,
        connectors: ConnectorRegistry | None = None,
        own_path: str = "/static",
        host_url: str | None = None,
    ) -> None:
        self.languages = Languages() if languages is None else languages
        self._connectors = ConnectorRegistry([]) if connectors is None else connectors
        brands = {
            scheme: replace(brand, scheme=brand.scheme if scheme == "auto" else scheme)  # type: ignore[arg-type]  # one of three
            for scheme in SCHEMES
        }
        self.files = Files(
            brands,
            folders=static,
            own_path=own_path,
            host_url=host_url,
            logo_name=self._logo_name,
            logo_file=self._connectors.logo_file,
        )
        self._folders = [Path(one) for one in overrides if not isinstance(one, BaseLoader)]
        self._templating = {
            scheme: Templating(
                brand=brands[scheme],
                static_url=self.files.assets[scheme].url,
                overrides=overrides,
                languages=self.languages,
            )
            for scheme in SCHEMES
        }
        self._samples: dict[str, dict[str, Page]] = {}
        self._index = Environment(
            loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        ).get_template("index.html")
        self._app = SecureHeaders(
            Starlette(
                routes=[
                    Route("/", self._frame),
                    Route("/gallery.css", self._style),
                    Route("/pages/{scheme}/{language}/{name}", self._page),
                    Route("/{path:path}", self._elsewhere, methods=["GET", "POST"]),
                ]
            )
        )
        own = forms(self._connectors, Language("en"), self.files.assets["auto"])
        self.names = (*samples(), *own, *dashboard_samples())

    @classmethod
    def of(cls, hub: ConnectHub, *, host_url: str | None = None) -> Self:
        """The gallery of a hub's own brand, templates, translations, files and connectors.

        `host_url`: where the host runs, which is asked for a logo or a stylesheet of its own.
        """
        pages = hub.config.pages
        return cls(
            brand=BrandView.of(hub.brand, hub.public_url.host),
            overrides=[Path(folder) for folder in pages.templates],
            static=[Path(folder) for folder in pages.static],
            languages=Languages(pages.translations),
            connectors=hub.connectors,
            own_path=f"{hub.public_url.path}/static",
            host_url=host_url,
        )

    def _logo_name(self, key: str) -> str | None:
        if key in TOOLS:
            return TOOLS[key][0]
        return self._connectors.get(key).name if key in self._connectors else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def render(self, name: str, *, language: str = "en", scheme: str = "auto") -> str:
        """The HTML of one sample. Raises KeyError where there is none of that name."""
        tongue = self.languages.get(language)
        html = self._templating[scheme].render(page := self._in(tongue)[name], tongue)
        if isinstance(page, (Leaving, Bounce)):
            # They would be gone before anybody has looked at them.
            html = html.replace('http-equiv="refresh"', 'name="was-refresh"').replace(" data-send", "")
        return html.replace(" data-close-window", "")

    def findings(self) -> list[TemplateFinding]:
        """What is wrong with the host's templates and what in them has no effect; each thing once.

        Every sample is rendered, in English and in a language that is written from right to left.
        """
        if not self._folders:
            return []
        theirs = self._theirs
        found = dict.fromkeys(theirs.findings())
        read = {finding.file for finding in found if finding.breaks}
        in_ours: dict[TemplateFinding, None] = {}
        by_direction = {self.languages.get(tag).dir: tag for tag in reversed(self.languages.tags)}
        for tag in sorted(by_direction.values(), key="en".__ne__):
            for name in self.names:
                try:
                    self.render(name, language=tag)
                except Exception as error:  # a template may raise anything
                    finding = theirs.of(error)
                    if theirs.is_theirs(finding) and finding.file not in read:
                        found[finding] = None
                    elif not theirs.is_theirs(finding):
                        in_ours[finding] = None
        # Where ours fails, it is for what was given to it: the cause is said already, if anything was.
        return sorted(found, key=lambda one: (str(one.file), one.line or 0)) or list(in_ours)

    def fault(self, error: Exception) -> TemplateFinding:
        """Where rendering went wrong."""
        return self._theirs.of(error)

    @property
    def _theirs(self) -> HostTemplates:
        return HostTemplates(self._folders, self._templating["auto"].environment)

    def _in(self, language: Language) -> dict[str, Page]:
        known = self._samples.get(language.tag)
        if known is None:
            own = forms(self._connectors, language, self.files.assets["auto"])
            known = samples(language=language) | own | dashboard_samples(language)
            self._samples[language.tag] = known
        return known

    async def _page(self, request: Request) -> Response:
        name, scheme = request.path_params["name"], request.path_params["scheme"]
        if name not in self.names or scheme not in SCHEMES:
            return self._nothing()
        try:
            html = self.render(name, language=request.path_params["language"], scheme=scheme)
        except Exception as error:  # a host's template may raise anything
            return PlainTextResponse(str(self.fault(error)), 500)
        return HTMLResponse(
            html, headers={"content-security-policy": _FRAMED, "x-frame-options": "SAMEORIGIN"}
        )

    async def _style(self, request: Request) -> Response:
        return Response((_HERE / "gallery.css").read_bytes(), media_type="text/css")

    async def _frame(self, request: Request) -> Response:
        wanted = request.query_params
        tags = self.languages.tags
        chosen = {
            "page": _among(wanted.get("page"), self.names),
            "lang": _among(wanted.get("lang"), tags, "en"),
            "scheme": _among(wanted.get("scheme"), SCHEMES),
            "width": int(_among(wanted.get("width"), [str(w) for w in WIDTHS], "1280")),
        }
        at = self.names.index(str(chosen["page"]))
        html = self._index.render(
            names=self.names,
            tags=tags,
            schemes=SCHEMES,
            widths=WIDTHS,
            chosen=chosen,
            before=self.names[at - 1],
            after=self.names[(at + 1) % len(self.names)],
        )
        return HTMLResponse(html, headers={"content-security-policy": _INDEX_POLICY})

    async def _elsewhere(self, request: Request) -> Response:
        place = self.files.place(request.url.path)
        if place is not None and request.method == "GET":
            request.scope["path_params"] = {"name": place[1]}
            try:
                return await place[0].endpoint(request)
            except NotFound:
                return self._nothing()
        if request.method == "GET" and request.headers.get("sec-fetch-dest") in _LOADED:
            found = await run_in_threadpool(self.files.of_host, request.url.path)
            if found is not None:
                return Response(found[0], media_type=found[1])
        return PlainTextResponse(f"In the hub this is {request.method} {request.url.path}", 200)

    def _nothing(self) -> Response:
        return PlainTextResponse("There is no such sample", 404)


def _among(value: str | None, choices: Sequence[str], default: str | None = None) -> str:
    if value is not None and value in choices:
        return value
    return choices[0] if default is None else default
