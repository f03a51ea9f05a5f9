"""In and out: the sign-in by token."""

from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.errors import NotFound, OperatorTokenRefused
from connect_hub.web.body import read_form
from connect_hub.web.contexts import Form
from connect_hub.web.dashboard.contexts import SignInPage
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields, SignInFirst
from connect_hub.web.dashboard.labels import NOT_DONE, SIGNED_OUT
from connect_hub.web.dashboard.parameters import WAS_DONE
from connect_hub.web.guards import refuse_cross_site
from connect_hub.web.urls import with_query

__all__ = ["SigningIn"]


class SigningIn(Pages):
    """Handlers of the sign-in by token."""

    async def page(self, request: Request) -> Response:
        """Asks for the token. Whoever is signed in already goes on to where they would be after it."""
        self._refuse_unless_by_token()
        came_for = request.query_params.get("next", "")
        try:
            operator, _ = await self.guard.operator(request)
        except SignInFirst:
            return self._page(request, came_for)
        # Whoever has no role here would be led back to signing in as somebody else.
        if not any(operator.role(project) for project in self.core.config.projects):
            return self._page(request, came_for)
        return self._onward(came_for)

    def _onward(self, came_for: str) -> Response:
        to = came_for if self._is_ours(came_for) else self.site.urls.path("dashboard")
        return RedirectResponse(to, status_code=303)

    def _refuse_unless_by_token(self) -> None:
        if not self.guard.by_token:
            raise NotFound

    def _page(self, request: Request, came_for: str, error: str | None = None) -> Response:
        ours = self._is_ours(came_for)
        form = Form(self.site.urls.path("dashboard_sign_in"), (("next", came_for[:2000]),) if ours else ())
        sent = ours and parse_qs(came_for.partition("?")[2]).get(WAS_DONE) == [SIGNED_OUT]
        back = with_query(form.action, [("next", came_for)] if ours and len(came_for) <= 600 else ())
        page = SignInPage(
            form=form,
            error=error,
            undone=self.say(request)(NOT_DONE) if sent else "",
            switch=self.site.switch(request, self.site.language_form(back)),
        )
        return self.site.page(request, page, 200 if error is None else 422)

    async def sign_in(self, request: Request) -> Response:
        """A token: a new session with a new cookie, whatever cookie came."""
        self._refuse_unless_by_token()
        refuse_cross_site(request, self.core.public_url)
        address = self.guard.address(request)
        self.site.limiters.sign_ins.spend(address)
        fields = await read_form(request)
        came_for = fields.get("next", "")
        try:
            value = await self.flows.operators.sign_in(
                fields.get("token", ""), source=address, replaces=self.guard.cookie.read(request)
            )
        except OperatorTokenRefused as error:
            return self._page(request, came_for, self.say(request)(error.message))
        response = self._onward(came_for)
        self.guard.cookie.set(response, value)
        return response

    def _is_ours(self, address: str) -> bool:
        """Whether it leads to a page of the dashboard, and nowhere else however a browser reads it."""
        home = self.site.urls.path("dashboard")
        path = unquote(address.partition("?")[0])
        return (
            (path == home or path.startswith(f"{home}/"))
            and "\\" not in address
            and "//" not in path
            and ".." not in path
            and all(32 < ord(c) < 127 for c in address)
        )

    async def sign_out(self, request: Request, desk: Desk, _: Fields) -> Response:
        """Ends the browser's session."""
        self._refuse_unless_by_token()
        cookie = self.guard.cookie.read(request)
        if cookie is not None:
            await self.flows.operators.sign_out(cookie)
        response = RedirectResponse(self.site.urls.path("dashboard_sign_in"), status_code=303)
        self.guard.cookie.clear(response)
        return response
