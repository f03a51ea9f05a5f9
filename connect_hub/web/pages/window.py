"""The window in which an embedded hub has somebody sign in at a provider: a page by itself, in no frame."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.errors import FieldError, ValidationFailed
from connect_hub.web import contexts
from connect_hub.web.body import read_form
from connect_hub.web.cookies import clear_visit_cookie, set_visit_cookie, visit_cookies
from connect_hub.web.guards import refuse_cross_site
from connect_hub.web.pages.connect_form import FORM_FIELD, Sent
from connect_hub.web.pages.link import landing_response
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.visitor import visitor_of

__all__ = ["WindowPages"]

_OURS = ("token", "connection_attempt_id", "redirect_uri", "nonce")
_MOST_FIELDS = 100
_LONGEST = 32 * 1024


class WindowPages:
    """Handlers of `/connect/oauth2/…` and of the page that the window ends on."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def asked(self, request: Request) -> Response:
        """As StackOne's component opens it: token, attempt and fields in the query. Changes nothing."""
        self._site.limit(request)
        query = request.scope["query_string"]
        if query.count(b"&") > _MOST_FIELDS or len(query) > _LONGEST:
            raise ValidationFailed(FieldError("query", f"takes up to {_MOST_FIELDS} parameters"))
        sent = request.query_params
        fields = {FORM_FIELD + name: value for name, value in sent.items() if name not in _OURS}
        ours = {name: sent.get(name, "") for name in _OURS}
        return await self._landing(request, {**fields, **ours})

    async def posted(self, request: Request) -> Response:
        """As our own page in a frame opens it, or a host's that draws the hub itself: nothing of it in a URL.
        Changes nothing either, so a page that may embed the hub may send it from its own origin."""
        self._site.limit(request)
        origins = request.headers.getlist("origin")
        if len(origins) != 1 or origins[0] not in self._site.core.config.network.embed_origins:
            refuse_cross_site(request, self._site.core.public_url)
        return await self._landing(request, await read_form(request))

    async def _landing(self, request: Request, sent: dict[str, str]) -> Response:
        integration_id, token = request.path_params["integration_id"], sent.get("token", "")
        asked = await self._site.flows.popups.landing(
            token, integration_id, sent.get("connection_attempt_id", "")
        )
        fields = {FORM_FIELD + field.key for field in asked.fields}
        given = asked.checked({**asked.attempt.values, **Sent(sent).typed().reveal()})
        language = self._site.language(request)
        hidden = (
            ("token", token),
            ("nonce", asked.landing.nonce),
            ("connection_attempt_id", asked.attempt.id),
            *((name, value) for name, value in sent.items() if name in fields),
        )
        return landing_response(
            self._site,
            request,
            asked.landing,
            confirm=contexts.Form(
                self._site.urls.path("window_confirm", integration_id=integration_id), hidden
            ),
            decline=contexts.Form(self._site.urls.path("link_decline"), hidden[:2]),
            chosen=True,
            values=tuple(
                contexts.GivenValue(language.text(field.label), Untrusted(given[field.key]))
                for field in asked.fields
                if field.key in given
            ),
        )

    async def confirm(self, request: Request) -> Response:
        """Continue: makes the attempt's own visit and cookie, and goes on to the provider."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        fields = await read_form(request)
        attempt_id = fields.get("connection_attempt_id", "")
        opened = await self._site.flows.popups.confirm(
            fields.get("token", ""),
            fields.get("nonce", ""),
            request.path_params["integration_id"],
            attempt_id,
            Sent(fields).typed(),
            cookies=visit_cookies(request),
            visitor=visitor_of(request),
            spend=self._site.limiters.openings.spend,
        )
        path = self._site.urls.path("attempt", visit=opened.visit.name, attempt=attempt_id)
        response = RedirectResponse(path, status_code=303)
        if opened.cookie is not None:
            set_visit_cookie(response, opened.visit.name, opened.cookie)
        for old in opened.ended:
            clear_visit_cookie(response, old)
        return response

    async def closed(self, request: Request) -> Response:
        """The last page of the window. It says what `result` says, and decides nothing."""
        self._site.limit(request)
        connected = {"success": True, "error": False, "cancelled": False}.get(
            request.query_params.get("result", "")
        )
        return self._site.page(request, contexts.Closed(connected=connected, window=True))
