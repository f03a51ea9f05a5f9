"""One address of the dashboard: pages for people, JSON for programs, and the way to the sign-in."""

import secrets
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.errors import ConnectHubError, OperatorRequired
from connect_hub.web.contexts import Leaving, Page
from connect_hub.web.dashboard.contexts import Refused
from connect_hub.web.dashboard.guard import SignInFirst
from connect_hub.web.endpoint import Endpoint, is_for_a_person
from connect_hub.web.errors import error_headers, status_of, told_code
from connect_hub.web.problems import problem_texts

__all__ = ["DashboardEndpoint"]


class DashboardEndpoint(Endpoint):
    """Whoever asks for JSON is refused in JSON; a person who is not signed in is sent to the sign-in."""

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

    def _to_sign_in(self, request: Request, url: str) -> Response:
        """A redirect; after a form, to another origin, a page on the way: `form-action` holds for what a
        form is redirected to as well (T30)."""
        target = urlsplit(url)
        origin = f"{target.scheme}://{target.netloc}" if target.netloc else ""
        if request.method in {"GET", "HEAD"} or origin in {"", self._site.core.public_url.origin}:
            return RedirectResponse(url, status_code=303)
        return self._site.page(request, Leaving(name=target.netloc.rpartition("@")[2], url=url))

    def _problem(self, request: Request, error: ConnectHubError, reference: str) -> Response:
        site = self._site
        say = site.language(request).text
        title, text, _ = problem_texts(error)
        page: Page = Refused(
            title=say(title),
            text=say(text),
            code=told_code(error),
            reference=reference or secrets.token_hex(4),
            home_url=site.urls.path("dashboard"),
        )
        return site.page(request, page, status_of(error), error_headers(error))
