"""The browser, back from the provider's sign-in."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.connectors.methods import OAuth2Method
from connect_hub.errors import MethodNotAllowed
from connect_hub.web import contexts
from connect_hub.web.body import read_form
from connect_hub.web.cookies import visit_cookies
from connect_hub.web.guards import refuse_cross_site
from connect_hub.web.site import Site
from connect_hub.web.visitor import visitor_of

__all__ = ["CallbackPages"]

_PARAMETERS = ("state", "code", "error", "error_description", "iss")


class CallbackPages:
    """Handlers of `/oauth/callback/…`, one address a connector (RFC 9700, 4.4)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def returned(self, request: Request) -> Response:
        """The provider's answer in the query."""
        self._site.limit(request)
        return await self._finish(request, request.query_params.multi_items())

    async def posted(self, request: Request) -> Response:
        """The provider's answer as a cross-site form, which comes without our cookie.

        A page of ours posts it once more, from here. Nothing is done with it before. Raises MethodNotAllowed
        for a connector that answers in the query.
        """
        self._site.limit(request)
        connector = self._site.core.connectors.get(request.path_params["provider"])
        methods = connector.definition.methods
        if not any(isinstance(m, OAuth2Method) and m.response_mode == "form_post" for m in methods):
            raise MethodNotAllowed
        fields = await read_form(request)
        hidden = tuple((name, fields[name]) for name in _PARAMETERS if name in fields)
        action = self._site.urls.path("callback_bounced", provider=connector.key)
        page = contexts.Bounce(
            form=contexts.Form(action, hidden), provider=self._site.provider_view(connector)
        )
        return self._site.page(request, page)

    async def bounced(self, request: Request) -> Response:
        """The same answer, posted by our own page."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        return await self._finish(request, list((await read_form(request)).items()))

    async def _finish(self, request: Request, pairs: list[tuple[str, str]]) -> Response:
        finished = await self._site.flows.connecting.finish(
            request.path_params["provider"],
            pairs,
            cookies=visit_cookies(request),
            visitor=visitor_of(request),
        )
        path = self._site.urls.path("attempt", visit=finished.visit_name, attempt=finished.attempt_id)
        return RedirectResponse(path, status_code=303)
