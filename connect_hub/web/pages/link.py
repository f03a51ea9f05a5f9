"""From the link to the visit: open, confirm, decline, ask for a new one."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.errors import ConnectHubError, LinkExpired, LinkNotFound, LinkRevoked, LinkUsed
from connect_hub.flows.visits import Landing
from connect_hub.message import Message
from connect_hub.web import contexts
from connect_hub.web.body import read_form
from connect_hub.web.cookies import (
    clear_visit_cookie,
    set_language_cookie,
    set_visit_cookie,
    visit_cookies,
)
from connect_hub.web.guards import refuse_cross_site
from connect_hub.web.labels import category_label
from connect_hub.web.problems import problem_response
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.visitor import visitor_of

__all__ = ["LinkPages", "landing_response"]

_PATH = re.compile(r"(?:/(?!\.{1,2}(?:[/?]|$))[A-Za-z0-9_.~-]+)*/?(?:\?[!\"$-\[\]-~]{0,2000})?")
"""A path of plain names, and a query without a fragment, a backslash, a space or a line break."""
_IN_LINK = re.compile(r"[#?&]t=([^&#\s]+)")


def landing_response(
    site: Site,
    request: Request,
    landing: Landing,
    *,
    confirm: contexts.Form,
    decline: contexts.Form,
    chosen: bool = False,
    values: tuple[contexts.GivenValue, ...] = (),
    switch_form: contexts.Form | None = None,
) -> Response:
    """The page that says who asks for what, and has it confirmed. `chosen`: the connector of `landing` was
    picked before, and `values` typed; `switch_form` shows the page again, in another language."""
    session, only = landing.session, landing.connectors
    site.force_language(request, session.locale)
    language = site.language(request)
    one = only[0] if len(only) == 1 and (chosen or session.provider or session.account_id) else None
    page = contexts.Landing(
        confirm=confirm,
        decline=decline,
        expires_at=session.expires_at,
        owner_name=Untrusted(session.origin_owner_name),
        username=None if session.origin_username is None else Untrusted(session.origin_username),
        provider=None if one is None else site.provider_view(one),
        categories=tuple(dict.fromkeys(category_label(c, language) for c in session.categories or ())),
        values=values,
        reconnect=session.account_id is not None,
        switch=None if switch_form is None else site.switch(request, switch_form),
    )
    return site.page(request, page)


class LinkPages:
    """Handlers of `/link…`. Only the POSTs of a person change anything."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def _form(self, route: str, *hidden: tuple[str, str]) -> contexts.Form:
        return contexts.Form(self._site.urls.path(route), hidden)

    async def index(self, request: Request) -> Response:
        """The hub's root: somebody came without a link."""
        self._site.limit(request)
        return self._site.page(request, contexts.Index(form=self._form("link_open")))

    async def opener(self, request: Request) -> Response:
        """GET of a link. A token in the fragment is not sent here: the page's script posts it."""
        self._site.limit(request)
        token = request.query_params.get("t")
        if token is None:
            return self._site.page(request, contexts.Opener(form=self._form("link_open")))
        return await self._landing(request, token)

    async def open(self, request: Request) -> Response:
        """The token, posted by the script, or a link, pasted by a person. Writes nothing."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        fields = await read_form(request)
        pasted = fields.get("link", "").strip()
        token = fields.get("token", "")
        if not token and pasted:
            match = _IN_LINK.search(pasted)
            token = pasted if match is None else match[1]
        if not token:
            error = None
            if "link" in fields:
                language = self._site.language(request)
                error = language.text(Message("Paste the whole link from the message you received."))
            return self._site.page(request, contexts.Opener(form=self._form("link_open"), error=error), 422)
        chosen = fields.get("lang", "")
        known = self._site.choose_language(request, chosen)
        response = await self._landing(request, token)
        if known:
            set_language_cookie(response, chosen)
        return response

    async def language(self, request: Request) -> Response:
        """The reader's choice of a language; back to the page where it was made."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        fields = await read_form(request)
        back, own = fields.get("back", ""), f"{self._site.core.public_url.path}/"
        # Only to a page of ours: anything else could be an address of somebody else's.
        if not back.startswith(own) or not _PATH.fullmatch(back):
            back = own
        response = RedirectResponse(back, status_code=303)
        if self._site.choose_language(request, fields.get("lang", "")):
            set_language_cookie(response, fields["lang"])
        return response

    async def _landing(self, request: Request, token: str) -> Response:
        try:
            landing = await self._site.flows.visits.landing(token)
        except (LinkExpired, LinkUsed, LinkRevoked) as error:
            return await self._dead_end(request, token, error)
        hidden = (("token", token), ("nonce", landing.nonce))
        return landing_response(
            self._site,
            request,
            landing,
            confirm=self._form("link_confirm", *hidden),
            decline=self._form("link_ask_decline", *hidden),
            switch_form=self._form("link_open", ("token", token)),
        )

    async def _dead_end(self, request: Request, token: str, error: ConnectHubError) -> Response:
        try:
            session, nonce = await self._site.flows.visits.renewable(token)
        except (LinkExpired, LinkNotFound):
            return problem_response(self._site, request, error)
        self._site.force_language(request, session.locale)
        renew = self._form("link_renew", ("token", token), ("nonce", nonce))
        return problem_response(self._site, request, error, renew=renew)

    async def confirm(self, request: Request) -> Response:
        """Continue: makes the visit and goes to its first page."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        fields = await read_form(request)
        token = fields.get("token", "")
        try:
            opened = await self._site.flows.visits.confirm(
                token,
                fields.get("nonce", ""),
                cookies=visit_cookies(request),
                visitor=visitor_of(request),
                spend=self._site.limiters.openings.spend,
            )
        except (LinkExpired, LinkUsed, LinkRevoked) as error:
            return await self._dead_end(request, token, error)
        name = opened.visit.name
        route = "visit" if opened.sign_in is None else "visit_sign_in"
        response = RedirectResponse(self._site.urls.path(route, visit=name), status_code=303)
        if opened.cookie is not None:
            set_visit_cookie(response, name, opened.cookie)
        for old in opened.ended:
            clear_visit_cookie(response, old)
        return response

    async def ask_decline(self, request: Request) -> Response:
        """'This was not meant for me': asks again."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        fields = await read_form(request)
        hidden = (("token", fields.get("token", "")), ("nonce", fields.get("nonce", "")))
        return self._site.page(
            request,
            contexts.Decline(
                confirm=self._form("link_decline", *hidden), back=self._form("link_open", hidden[0])
            ),
        )

    async def decline(self, request: Request) -> Response:
        """Withdraws the link."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        fields = await read_form(request)
        session = await self._site.flows.visits.decline(fields.get("token", ""), fields.get("nonce", ""))
        self._site.force_language(request, session.locale)
        return self._site.page(request, contexts.Declined())

    async def renew(self, request: Request) -> Response:
        """'Ask for a new link': tells the host."""
        self._site.limit(request)
        refuse_cross_site(request, self._site.core.public_url)
        fields = await read_form(request)
        session = await self._site.flows.visits.ask_for_renewal(
            fields.get("token", ""), fields.get("nonce", ""), spend=self._site.limiters.renewals.spend
        )
        self._site.force_language(request, session.locale)
        return self._site.page(request, contexts.RenewalRequested())
