"""The pages of a visit: the list, the form, the hop, the result."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.errors import (
    AccountNotFound,
    AttemptNotFound,
    ConnectHubError,
    CookieMissing,
    LinkNotFound,
    LinkRevoked,
    LinkUsed,
    StateInvalid,
)
from connect_hub.flows.choosing import ConnectForm
from connect_hub.flows.connecting import Finished, Rejected, shown_identity
from connect_hub.flows.linking import INTERNAL_ERROR
from connect_hub.flows.visits import LiveVisit
from connect_hub.models import Attempt, AttemptStatus, Session
from connect_hub.web import contexts
from connect_hub.web.body import read_form
from connect_hub.web.cookies import clear_visit_cookie, visit_cookies
from connect_hub.web.guards import refuse_cross_site
from connect_hub.web.pages.connect_form import Sent, connect_page
from connect_hub.web.pages.listing import Listing
from connect_hub.web.problems import problem_response
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query
from connect_hub.web.visitor import visitor_of

__all__ = ["VisitPages"]


class VisitPages:
    """Handlers of `/visit/…`: each finds the visit by its cookie first."""

    _embedded = False
    """Whether these pages stand in a frame. A visit is used where it was made, in a frame or not (T29)."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._listing = Listing(site)

    async def live(
        self, request: Request, *, finishing: bool = False, bound: bool = True, window: bool = False
    ) -> LiveVisit:
        """The visit of `request`. With `window`, one that is for a single attempt will do as well."""
        self._site.limit(request)
        name = request.path_params["visit"]
        live = await self._site.flows.visits.resume(
            name,
            visit_cookies(request).get(name),
            visitor=visitor_of(request) if bound else None,
            finishing=finishing,
        )
        if live.visit.embedded is not self._embedded:
            raise CookieMissing
        if live.visit.attempt_id is not None and not window:
            raise AttemptNotFound
        self._site.force_language(request, live.session.locale)
        return live

    async def live_post(self, request: Request, *, window: bool = False) -> tuple[LiveVisit, Sent]:
        """The same for a form of ours, and what was sent."""
        refuse_cross_site(request, self._site.core.public_url)
        live = await self.live(request, window=window)
        # Counted after the cookie has proved itself: a visit's name is no secret, and others could use it up.
        self._site.limiters.visits.spend(live.visit.name)
        return live, Sent(await read_form(request, self._asked(request)))

    def _asked(self, request: Request) -> list[int]:
        """The lengths of what the connector in the address asks for, by whichever method."""
        key = request.path_params.get("provider")
        if key is None:
            return []
        definition = self._site.core.connectors.get(key).definition
        fields = (*definition.fields, *(field for way in definition.methods for field in way.fields))
        return [field.max_length for field in fields]

    def _path(self, route: str, live: LiveVisit, **params: str) -> str:
        return self._site.urls.path(route, visit=live.visit.name, **params)

    def connect_path(self, live: LiveVisit, provider: str, account_id: str | None = None) -> str:
        """The form of a provider; with `account_id`, to renew that account."""
        return with_query(self._path("connect", live, provider=provider), account=account_id)

    def _see(self, path: str) -> Response:
        return RedirectResponse(path, status_code=303)

    # --- signing in at the host ---

    async def sign_in(self, request: Request) -> Response:
        """Sends whoever is not signed in at the host to its own sign-in, which comes back to the visit."""
        visits = self._site.flows.visits
        live = await self.live(request, bound=False)
        url = await visits.owner.sign_in_url(live.session, visitor_of(request))
        if url is None:
            return self._see(self._path("visit", live))
        back = self._site.urls.absolute("visit", visit=live.visit.name)
        return self._site.page(
            request, contexts.Leaving(name=self._site.core.public_url.host, url=with_query(url, next=back))
        )

    # --- the list ---

    async def providers(self, request: Request) -> Response:
        return await self.first(request, await self.live(request))

    async def first(self, request: Request, live: LiveVisit) -> Response:
        """The list, or on to the form of the one tool that there is to choose."""
        self._site.flows.connecting.refuse_finished(live)
        choices = await self._site.flows.connecting.choosing.choices(live)
        if len(choices) == 1 and not live.session.manage:
            return self._see(self._path("connect", live, provider=choices[0].connector.key))
        return self._listing.answer(
            request, live.visit.name, choices, await self._site.flows.managing.accounts(live)
        )

    async def _back_url(self, live: LiveVisit) -> str | None:
        """The list, if there is more than one to choose from."""
        choices = await self._site.flows.connecting.choosing.choices(live)
        return self._path("visit", live) if len(choices) > 1 else None

    # --- the form ---

    async def connect(self, request: Request) -> Response:
        live = await self.live(request)
        method, account_id = (request.query_params.get(name) or None for name in ("method", "account"))
        try:
            form = await self._site.flows.connecting.pick(
                live, request.path_params["provider"], method, account_id
            )
        except LinkUsed:
            back = await self._back_url(live)
            if back is None:
                raise
            return self._see(back)  # which shows it as connected, or that the link is used up
        return self._site.page(request, await self._form(request, live, form, account_id))

    async def _form(
        self,
        request: Request,
        live: LiveVisit,
        form: ConnectForm,
        account_id: str | None,
        *,
        typed: Mapping[str, str] | None = None,
        rejected: Rejected | None = None,
        failed: str | None = None,
    ) -> contexts.Connect:
        return connect_page(
            self._site.provider_view(form.connector),
            form,
            self._site.language(request),
            action=self.connect_path(live, form.connector.key, account_id),
            back_url=await self._back_url(live),
            exit_url=self._path("exit", live),
            typed=typed,
            rejected=rejected,
            failed=failed,
            framed=self._site.framed,
        )

    async def submit(self, request: Request) -> Response:
        live, sent = await self.live_post(request)
        typed, account_id = sent.typed(), request.query_params.get("account") or None
        outcome = await self._site.flows.connecting.submit(
            live,
            request.path_params["provider"],
            sent.get("method") or None,
            typed,
            attempt_id=sent.get("attempt"),
            nonce=sent.get("nonce"),
            account_id=account_id,
        )
        if isinstance(outcome, Finished):
            return self._see(self._path("attempt", live, attempt=outcome.attempt_id))
        page = await self._form(
            request, live, outcome.form, account_id, typed=typed.reveal(), rejected=outcome
        )
        return self._site.page(request, page, 422)

    # --- the hop and the result ---

    async def attempt(self, request: Request) -> Response:
        """What became of an attempt: on to the provider, connected, a question, or why not."""
        live = await self.live(request, finishing=True, window=True)
        attempt = await self._site.flows.connecting.attempt(live, request.path_params["attempt"])
        return await self._outcome(request, live, attempt)

    async def _outcome(self, request: Request, live: LiveVisit, attempt: Attempt) -> Response:
        if live.visit.attempt_id is not None and attempt.held is None and attempt.status in _WINDOW_ENDS:
            # The embedded hub says what became of it, and goes on from there.
            return self._see(f"{self._site.urls.path('window_closed')}?result={_WINDOW_ENDS[attempt.status]}")
        if attempt.status is AttemptStatus.AUTHENTICATED:
            return self._site.page(request, await self._success(live, attempt))
        if attempt.held is not None:
            return self._site.page(request, await self._identity_changed(live, attempt))
        if attempt.status is AttemptStatus.REDIRECTED:
            return await self._leaving(request, live, attempt)
        return await self._failed(request, live, attempt)

    async def _leaving(self, request: Request, live: LiveVisit, attempt: Attempt) -> Response:
        connector, url = await self._site.flows.connecting.destination(live, attempt.id)
        provider = self._site.provider_view(connector)
        return self._site.page(request, contexts.Leaving(name=connector.name, url=url, provider=provider))

    async def _success(self, live: LiveVisit, attempt: Attempt) -> contexts.Success:
        session, connector = live.session, self._site.core.connectors.get(attempt.provider)
        account = None
        if attempt.account_id is not None:
            account = await self._site.core.storage.account(attempt.account_id, project_id=session.project_id)
        # Another link may have connected it again since, as somebody that this one may not see.
        identity = None if account is None or account.session_id != session.id else account.identity
        return contexts.Success(
            provider=self._site.provider_view(connector),
            account_id=attempt.account_id or "",
            attempt_id=attempt.id,
            account_name=None if identity is None else Untrusted(shown_identity(identity)),
            reconnected=account is not None and account.generation > 1,
            return_url=self._return_url(session, "success", attempt.account_id),
            another_url=self._path("visit", live) if await self._another(live) else None,
            done=contexts.Form(self._path("exit", live), self._exit_fields(live)),
        )

    async def _another(self, live: LiveVisit) -> bool:
        """Whether the link may connect anything more."""
        if live.session.used_at is not None:
            return False
        choices = await self._site.flows.connecting.choosing.choices(live)
        return any(not choice.finished for choice in choices)

    async def _identity_changed(self, live: LiveVisit, attempt: Attempt) -> contexts.IdentityChanged:
        before, after, nonce = await self._site.flows.connecting.other(live, attempt)
        connector = self._site.core.connectors.get(attempt.provider)
        return contexts.IdentityChanged(
            provider=self._site.provider_view(connector),
            before=Untrusted(before),
            after=Untrusted(after),
            accept=contexts.Form(self._path("accept", live, attempt=attempt.id), (("nonce", nonce),)),
            retry_url=None
            if live.visit.attempt_id is not None
            else self.connect_path(live, attempt.provider, attempt.account_id),
            exit_url=self._path("exit", live),
        )

    async def accept(self, request: Request) -> Response:
        """'Connect anyway', with another account at the provider than before."""
        live, sent = await self.live_post(request, window=True)
        finished = await self._site.flows.connecting.accept_other(
            live, request.path_params["attempt"], sent.get("nonce")
        )
        return self._see(self._path("attempt", live, attempt=finished.attempt_id))

    async def _failed(self, request: Request, live: LiveVisit, attempt: Attempt) -> Response:
        """Why an attempt failed: with the form again where it helps, else a dead end."""
        self._site.flows.connecting.refuse_finished(live)
        ended = _ENDS.get(attempt.error_code or "")
        if ended is not None:
            raise ended
        path = self.connect_path(live, attempt.provider, attempt.account_id)
        if attempt.error_code == INTERNAL_ERROR:
            # Logged when it happened, under the attempt's id.
            return problem_response(
                self._site, request, ConnectHubError(), reference=attempt.id, retry_url=path
            )
        form = await self._site.flows.connecting.choosing.form(
            live, attempt.provider, attempt.method, attempt.account_id
        )
        page = await self._form(
            request,
            live,
            form,
            attempt.account_id,
            typed=dict(attempt.values),
            failed=attempt.error_description or StateInvalid().message,
        )
        return self._site.page(request, page)

    # --- leaving ---

    def _exit_fields(self, live: LiveVisit) -> tuple[tuple[str, str], ...]:
        return (("nonce", self._site.core.nonces.make("exit", live.visit.secret_hash.hex())),)

    async def ask_leave(self, request: Request) -> Response:
        """Asks once before leaving in the middle of a step."""
        live = await self.live(request, window=True)
        attempts = await self._site.flows.connecting.attempts(live)
        done = {a.provider for a in attempts if a.status is AttemptStatus.AUTHENTICATED}
        return self._site.page(
            request,
            contexts.Exit(
                leave=contexts.Form(self._path("exit", live), self._exit_fields(live)),
                stay_url=self._path("visit", live)
                if live.visit.attempt_id is None
                else self._path("attempt", live, attempt=live.visit.attempt_id),
                connected=tuple(self._site.core.connectors.get(p).name for p in sorted(done)),
            ),
        )

    async def leave(self, request: Request) -> Response:
        """Ends the visit, and goes back to the host where it gave an address."""
        live, sent = await self.live_post(request, window=True)
        self._site.core.nonces.check(
            sent.get("nonce"),
            "exit",
            live.visit.secret_hash.hex(),
            max_age=self._site.core.config.links.visit_absolute,
        )
        if live.visit.attempt_id is not None:
            await self._site.flows.embedding.cancel(live, live.visit.attempt_id)
        attempts = await self._site.flows.connecting.leave(live)
        await self._site.flows.visits.end(live)
        done = next((a for a in attempts if a.status is AttemptStatus.AUTHENTICATED), None)
        if done is not None:
            url = self._return_url(live.session, "success", done.account_id)
        else:
            failed = bool(attempts) and attempts[0].status is AttemptStatus.ERROR
            url = self._return_url(live.session, "error" if failed else "cancelled", None)
        # Answered directly: a redirect after a form may not leave the origin (form-action).
        page: contexts.Page = (
            contexts.Closed(connected=done is not None, window=live.visit.attempt_id is not None)
            if url is None
            else contexts.Leaving(name=self._site.core.public_url.host, url=url)
        )
        response = self._site.page(request, page)
        clear_visit_cookie(response, live.visit.name, framed=self._embedded)
        return response

    def _return_url(self, session: Session, result: str, account_id: str | None) -> str | None:
        if session.return_url is None or self._embedded:
            return None  # around a frame is the host's page already
        return with_query(session.return_url, result=result, account_id=account_id, state=session.state)


_WINDOW_ENDS = {
    AttemptStatus.AUTHENTICATED: "success",
    AttemptStatus.ERROR: "error",
    AttemptStatus.CANCELLED: "cancelled",
}
"""What the last page of a window says, by how its attempt ended."""

_ENDS: dict[str, type[ConnectHubError]] = {
    error.code: error for error in (AccountNotFound, LinkNotFound, LinkRevoked, LinkUsed)
}
"""Errors of an attempt after which its form would be of no use."""
