"""The hub in a frame of the host's page: `/embed/…`, the same pages with a cookie of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from connect_hub.connectors.methods import OAuth2Method
from connect_hub.errors import LinkExpired, LinkNotFound, LinkRevoked, LinkUsed, NotFound
from connect_hub.flows.visits import LiveVisit, Opened
from connect_hub.models import Attempt, AttemptStatus
from connect_hub.web import contexts
from connect_hub.web.body import read_form
from connect_hub.web.cookies import clear_visit_cookie, set_visit_cookie, visit_cookies
from connect_hub.web.endpoint import Endpoint, Handler
from connect_hub.web.guards import refuse_cross_site
from connect_hub.web.headers import FRAMED_BY
from connect_hub.web.pages.managing import ManagePages
from connect_hub.web.pages.visit import VisitPages
from connect_hub.web.site import Site
from connect_hub.web.visitor import visitor_of

__all__ = ["embed_routes"]

_UNDER_WAY = frozenset({AttemptStatus.PENDING, AttemptStatus.REDIRECTED})


@dataclass(frozen=True, slots=True)
class _EmbedSite(Site):
    """The site as it stands in frames: its pages lead on under `/embed`, and know whose it is."""

    @classmethod
    def of(cls, site: Site) -> "_EmbedSite":
        urls = site.urls.within("embed_")
        return cls(site.core, site.flows, site.templating, site.assets, site.limiters, urls, site.faults)

    @property
    def framed(self) -> bool:
        return True

    @property
    def origins(self) -> tuple[str, ...]:
        """Where the page around the frame may be from."""
        return tuple(sorted(self.core.config.network.embed_origins))

    def page(
        self,
        request: Request,
        page: contexts.Page,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        # The host's page has the way out; what leads to other sites would not be shown in a frame.
        page = replace(page, embedding=contexts.Embedding(self.origins), exit_url=None)
        return Site.page(self, request, page, status, headers)


class _EmbedEndpoint(Endpoint):
    """One address under `/embed`: its answers may stand in a frame, of the configured origins alone."""

    def __init__(self, site: _EmbedSite, methods: Mapping[str, Handler]) -> None:
        super().__init__(site, methods, page=True)
        self._framed_by = " ".join(site.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._framed_by:
            scope[FRAMED_BY] = self._framed_by
        await super().__call__(scope, receive, send)


def embed_routes(site: Site) -> list[BaseRoute]:
    """The addresses of embedded hubs. Where no origin is configured, none of them leads anywhere."""
    framed = _EmbedSite.of(site)
    pages = _EmbedPages(framed)
    manage = ManagePages(framed, pages)

    def page(path: str, name: str, **methods: Handler) -> BaseRoute:
        return Route(f"/embed{path}", _EmbedEndpoint(framed, methods), name=f"embed_{name}")

    return [
        page("", "start", GET=pages.start, POST=pages.begin),
        page("/open", "open", POST=pages.open),
        page("/visit/{visit}", "visit", GET=pages.providers),
        page("/visit/{visit}/connect/{provider}", "connect", GET=pages.connect, POST=pages.submit),
        page("/visit/{visit}/attempts/{attempt}", "attempt", GET=pages.attempt),
        page("/visit/{visit}/attempts/{attempt}/accept", "accept", POST=pages.accept),
        page("/visit/{visit}/accounts/{account}", "managed", GET=manage.account),
        page(
            "/visit/{visit}/accounts/{account}/disconnect",
            "disconnect",
            GET=manage.ask_disconnect,
            POST=manage.disconnect,
        ),
        page("/visit/{visit}/exit", "exit", POST=pages.leave),
    ]


class _EmbedPages(VisitPages):
    """Handlers of `/embed/…`. The token comes from the host's page, with the first request or by message."""

    _embedded = True

    async def start(self, request: Request) -> Response:
        """The first page of a frame: it waits for the token. Raises NotFound where no origin may embed."""
        self._site.limit(request)
        self._refuse_unless_embedded()
        return self._start(request)

    def _refuse_unless_embedded(self) -> None:
        """Raise NotFound where no origin may embed the hub."""
        if not self._site.core.config.network.embed_origins:
            raise NotFound

    def _start(self, request: Request) -> Response:
        form = contexts.Form(self._site.urls.path("open"))
        return self._site.page(request, contexts.FrameStart(form=form))

    async def begin(self, request: Request) -> Response:
        """The token with the frame's first request: makes the visit, and answers with its first page.

        The browser has to say that the answer is for a frame of a page that may embed the hub (T28). Else the
        token is not looked at, and the page asks for it.
        """
        self._site.limit(request)
        self._refuse_unless_embedded()
        if not self._is_from_around(request):
            return self._start(request)
        opened = await self._opened(request)
        self._site.force_language(request, opened.session.locale)
        first = await self.first(request, LiveVisit(opened.visit, opened.session))
        return self._entered(first, opened)

    def _is_from_around(self, request: Request) -> bool:
        origins = request.headers.getlist("origin")
        return (
            len(origins) == 1
            and origins[0] in self._site.core.config.network.embed_origins
            and request.headers.get("sec-fetch-dest") == "iframe"
        )

    async def open(self, request: Request) -> Response:
        """The token, posted by the page that asked for it: makes the visit and goes to its first page."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        self._refuse_unless_embedded()
        opened = await self._opened(request)
        path = self._site.urls.path("visit", visit=opened.visit.name)
        return self._entered(RedirectResponse(path, status_code=303), opened)

    async def _opened(self, request: Request) -> Opened:
        fields = await read_form(request)
        token = fields.get("token", "")
        try:
            return await self._site.flows.visits.embed(
                token,
                cookies=visit_cookies(request),
                visitor=visitor_of(request),
                spend=self._site.limiters.openings.spend,
            )
        except (LinkExpired, LinkUsed, LinkRevoked):
            await self._speak_as(request, token)
            raise

    def _entered(self, response: Response, opened: Opened) -> Response:
        """`response` with the cookie of the visit."""
        if opened.cookie is not None:
            set_visit_cookie(response, opened.visit.name, opened.cookie, framed=True)
        for old in opened.ended:
            clear_visit_cookie(response, old, framed=True)
        return response

    async def _speak_as(self, request: Request, token: str) -> None:
        """Answer in the language of a session that has ended."""
        try:
            session, _ = await self._site.flows.visits.renewable(token)
        except (LinkExpired, LinkNotFound):
            return
        self._site.force_language(request, session.locale)

    async def _outcome(self, request: Request, live: LiveVisit, attempt: Attempt) -> Response:
        attempt = await self._site.flows.embedding.attempt(live, attempt.id)
        if not await self._in_window(attempt):
            return await super()._outcome(request, live, attempt)
        integration_id, token = await self._site.flows.popups.opening(live, attempt)
        page = contexts.Waiting(
            provider=self._site.provider_view(self._site.core.connectors.get(attempt.provider)),
            onward=contexts.Form(
                self._site.urls.path("window", integration_id=integration_id),
                (("token", token), ("connection_attempt_id", attempt.id)),
            ),
            retry_url=self.connect_path(live, attempt.provider, attempt.account_id),
        )
        return self._site.page(request, page)

    async def _in_window(self, attempt: Attempt) -> bool:
        """Whether the attempt goes on in its window, where also a question is asked that it ends with."""
        if attempt.method is None or attempt.provider not in self._site.core.connectors:
            return False
        offer = await self._site.core.offer(attempt.project_id)
        method = offer.get(attempt.provider).method(attempt.method)
        if not isinstance(method, OAuth2Method):
            return False
        return attempt.status in _UNDER_WAY or (
            attempt.held is not None and attempt.status is not AttemptStatus.AUTHENTICATED
        )
