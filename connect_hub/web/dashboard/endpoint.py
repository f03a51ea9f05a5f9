"""One address of the dashboard: whom it lets in, and pages for people, JSON for programs."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connect_hub.errors import ConnectHubError, FormExpired, OperatorRequired
from connect_hub.message import Message
from connect_hub.web.contexts import Leaving, Page
from connect_hub.web.dashboard.contexts import Action, Refused
from connect_hub.web.dashboard.dead_ends import DeadEnd, dead_end
from connect_hub.web.dashboard.guard import Desk, Fields, Guard, Least, SignInFirst
from connect_hub.web.dashboard.labels import SIGNED_OUT
from connect_hub.web.dashboard.parameters import WAS_DONE, WATCHING
from connect_hub.web.endpoint import Endpoint, Handler, is_for_a_person
from connect_hub.web.errors import error_headers, status_of, told_code
from connect_hub.web.site import Site

__all__ = ["DashboardEndpoint", "Open", "Read", "Write"]


@dataclass(frozen=True, slots=True)
class Read:
    """A GET in a project. `watching`: a page's script asks, and nobody may be there, as for a page that its
    script loads anew."""

    least: Least
    handler: Callable[[Request, Desk], Awaitable[Response]]
    watching: bool = False

    def guarded(self, guard: Guard) -> Handler:
        """The handler, behind the guard."""

        async def answer(request: Request) -> Response:
            watching = self.watching or WATCHING in request.query_params
            desk = await guard.enter(request, self.least, watching=watching)
            return await self.handler(request, desk)

        return answer


@dataclass(frozen=True, slots=True)
class Write:
    """A POST in a project: of a form of ours alone."""

    least: Least
    handler: Callable[[Request, Desk, Fields], Awaitable[Response]]

    def guarded(self, guard: Guard) -> Handler:
        """The handler, behind the guard."""

        async def answer(request: Request) -> Response:
            return await self.handler(request, *await guard.posted(request, self.least))

        return answer


@dataclass(frozen=True, slots=True)
class Open:
    """In no project: the handler itself says for whom it is."""

    handler: Handler


class DashboardEndpoint(Endpoint):
    """Lets in whom its row of the route table says, before the handler runs.

    Whoever asks for JSON is refused in JSON; a person who is not signed in is sent to the sign-in.
    """

    def __init__(
        self, site: Site, guard: Guard, get: Read | Open | None = None, post: Write | Open | None = None
    ) -> None:
        self._rows: dict[str, Read | Write | Open] = {}
        if get is not None:
            self._rows["GET"] = get
        if post is not None:
            self._rows["POST"] = post
        handlers = {
            method: row.handler if isinstance(row, Open) else row.guarded(guard)
            for method, row in self._rows.items()
        }
        super().__init__(site, handlers, page=True)

    def at(self, path: str, name: str) -> Route:
        """The row of the route table. Raises TypeError for a handler without a role in a project, and for one
        with a role in none."""
        if ("{project}" in path) is any(isinstance(row, Open) for row in self._rows.values()):
            raise TypeError(f"{path}: what is in a project has a least role, and nothing else has one")
        return Route(path, self, name=name)

    def least(self, method: str) -> Least | None:
        """Who may; None: it is in no project. Raises KeyError for a method that it has not."""
        row = self._rows[method]
        return None if isinstance(row, Open) else row.least

    def _shows_page(self, request: Request) -> bool:
        accept = request.headers.get("accept", "")
        return "json" not in accept or is_for_a_person(request.scope)

    async def _answer(self, request: Request) -> Response:
        try:
            return await super()._answer(request)
        except SignInFirst as first:
            if not self._shows_page(request):
                raise OperatorRequired from None
            return self._to_sign_in(request, first.url)

    def _came_for(self, request: Request) -> str:
        """Where to be once signed in: the page that was asked for, or that of the form that was sent, which
        then says that nothing was done. What was typed is in no address."""
        if "GET" not in self._rows:
            return self._site.urls.path("dashboard")
        return self._here(request, f"{WAS_DONE}={SIGNED_OUT}" if request.method == "POST" else "")

    def _here(self, request: Request, told: str = "") -> str:
        """The address of `request` itself, with `told` in its query."""
        query = "&".join(part for part in (request.url.query, told) if part)
        return self._site.urls.of(request, query)

    def _with_next(self, url: str, came_for: str) -> str:
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'next': came_for})}"

    def _to_sign_in(self, request: Request, url: str) -> Response:
        """A redirect; after a form, to another origin, a page on the way: `form-action` holds for what a
        form is redirected to as well (T30)."""
        url = self._with_next(url, self._came_for(request))
        target = urlsplit(url)
        origin = f"{target.scheme}://{target.netloc}" if target.netloc else ""
        if request.method in {"GET", "HEAD"} or origin in {"", self._site.core.public_url.origin}:
            return RedirectResponse(url, status_code=303)
        return self._site.page(request, Leaving(name=target.netloc.rpartition("@")[2], url=url))

    def _problem(self, request: Request, error: ConnectHubError, reference: str) -> Response:
        site = self._site
        say = site.language(request).text
        end = dead_end(error, request, site.templating.brand.name)
        way = self._way(request, error, end)
        page: Page = Refused(
            title=say(end.title),
            text=say(end.text),
            code=told_code(error),
            reference=reference or secrets.token_hex(4),
            way=None if way is None else Action(say(way[0]), way[1]),
        )
        return site.page(request, page, status_of(error), error_headers(error))

    def _way(self, request: Request, error: ConnectHubError, end: DeadEnd) -> tuple[str, str] | None:
        """The way on: its words, and its address."""
        urls = self._site.urls
        if isinstance(error, OperatorRequired):
            if error.sign_in is None:
                config = self._site.core.config.dashboard
                home = None if config is None else config.home_url
                return None if home is None else (Message("Back to the application"), home)
            url = self._with_next(error.sign_in, self._came_for(request))
            return Message("Sign in as somebody else"), url
        if isinstance(error, FormExpired) and "GET" in self._rows:
            return Message("Open the form again"), self._here(request)
        if end.route == "dashboard":
            return end.back, urls.path(end.route)
        params = {name: request.path_params[name] for name in ("project", end.param) if name}
        return end.back, urls.path(end.route, **params)
