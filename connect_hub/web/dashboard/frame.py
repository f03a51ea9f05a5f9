"""What stands around every page, and what the handlers of all pages need."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.connectors.registry import EnabledConnector
from connect_hub.errors import ConnectorNotFound, FieldError
from connect_hub.message import Message
from connect_hub.operators import EVERY_PROJECT, Role
from connect_hub.web.contexts import OptionView, ProviderView
from connect_hub.web.dashboard.contexts import DashboardPage, Frame, NavItem, ProjectItem
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.labels import (
    ACTIONS,
    CLIENT_MISSING,
    CLIENT_MISSING_FOR_OTHERS,
    CONNECTOR_LEFT_OUT,
    CONNECTOR_OFF,
    DONE,
    EVENTS,
    NOT_DONE,
    ROLES,
    SIGNED_OUT,
    Done,
)
from connect_hub.web.dashboard.parameters import OF_THE_MOMENT, WAS_DONE
from connect_hub.web.dashboard.refusals import refusal
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted

__all__ = ["NAV", "Pages"]

NAV: tuple[tuple[str, Message, str, Role], ...] = (
    ("dashboard_project", Message("Overview"), "chart", Role.VIEWER),
    ("dashboard_accounts", Message("Accounts"), "people", Role.VIEWER),
    ("dashboard_links", Message("Links"), "link", Role.VIEWER),
    ("dashboard_attempts", Message("Attempts"), "flag", Role.VIEWER),
    ("dashboard_webhooks", Message("Webhooks"), "send", Role.VIEWER),
    ("dashboard_connectors", Message("Connectors"), "plug", Role.VIEWER),
    ("dashboard_keys", Message("Keys"), "key", Role.ADMIN),
    ("dashboard_audit", Message("Audit log"), "list", Role.ADMIN),
    ("dashboard_settings", Message("Settings"), "cog", Role.VIEWER),
)


_WORDS: Mapping[str, Message] = {**EVENTS, **{action.value: text for action, text in ACTIONS.items()}}


class Pages:
    """What every group of pages is made of."""

    def __init__(self, site: Site, guard: Guard) -> None:
        self.site = site
        self.guard = guard
        self.core = site.core
        self.flows = site.flows

    def say(self, request: Request) -> Callable[[str], str]:
        """The reader's language."""
        return self.site.language(request).text

    def path(self, desk: Desk, route: str, **params: str) -> str:
        """The address of a page of the operator's project."""
        return self.site.urls.path(route, project=desk.project, **params)

    def frame(self, request: Request, desk: Desk, current: str) -> Frame:
        """Around a page of the section `current`, which is a route's name."""
        say, urls = self.say(request), self.site.urls
        theirs = [
            name
            for name in self.core.config.projects
            if name in desk.operator.roles or EVERY_PROJECT in desk.operator.roles
        ]
        config, sign_out = self.core.config.dashboard, None
        if self.guard.by_token:
            sign_out = self.guard.form(desk, urls.path("dashboard_sign_out", project=desk.project))
        return Frame(
            operator=Untrusted(desk.operator.name),
            role=say(ROLES[desk.role.value]),
            project=desk.project,
            projects=tuple(
                ProjectItem(name, urls.path("dashboard_project", project=name), name == desk.project)
                for name in theirs
            ),
            nav=tuple(
                NavItem(say(label), urls.path(route, project=desk.project), icon, route == current)
                for route, label, icon, role in NAV
                if desk.may(role)
            ),
            sign_out=sign_out,
            home_url=urls.path("dashboard_project", project=desk.project),
            host_url=None if config is None else config.home_url,
            host_sign_out_url=None if config is None else config.sign_out_url,
        )

    def refusals(
        self, request: Request, details: Sequence[FieldError], values: Mapping[str, str]
    ) -> dict[str, str]:
        """What is wrong, to be said at each field: by its name in the form. Of a list, the list's name."""
        say, said = self.say(request), dict[str, str]()
        for detail in details:
            name = detail.field.partition(".")[0]
            if name in values and not values[name].strip():
                text = say(Message("Fill this in."))
            else:
                text = say(refusal(detail.message))
            said.setdefault(name, text)
        return said

    def done(self, request: Request) -> str:
        """What was just done, as the address says that the browser was sent to; a script takes it out there.

        Anybody can write such an address. It puts a sentence of ours on the page, with no word of theirs
        and no row's name in it, and does nothing.
        """
        text = DONE.get(request.query_params.get(WAS_DONE, ""))
        return "" if text is None else self.say(request)(text)

    def show(self, request: Request, page: DashboardPage, status: int = 200) -> Response:
        """The answer that shows `page`, with a choice of a language where coming back loses nothing: not what
        was typed into a form, nor what is shown this once."""
        if request.query_params.get(WAS_DONE) == SIGNED_OUT and request.method != "POST":
            page = replace(page, undone=self.say(request)(NOT_DONE))
        if request.method in {"GET", "HEAD"}:
            kept = [(n, v) for n, v in request.query_params.multi_items() if n not in OF_THE_MOMENT]
            page = replace(page, switch=self.site.switch(request, query=urlencode(kept)))
        return self.site.page(request, page, status)

    def see(self, url: str, done: Done) -> Response:
        """Send the browser on after something was done."""
        return RedirectResponse(f"{url}?{WAS_DONE}={done.value}", status_code=303)

    def connector(self, key: str) -> EnabledConnector | None:
        """The hub's connector of this key; None: it has none any more."""
        return self.core.connectors.get(key) if key in self.core.connectors else None

    def provider(self, key: str) -> ProviderView:
        """A provider as pages show it, also one that the hub no longer has."""
        connector = self.connector(key)
        if connector is not None:
            return self.site.provider_view(connector)
        return ProviderView(key, key, self.site.assets.url("unknown.svg"))

    async def why_off(self, desk: Desk, provider: str) -> Message:
        """Why a connector that the project does not offer is not offered, and who can change that."""
        try:
            state = await self.flows.connector_settings.get(provider, project=desk.project)
        except ConnectorNotFound:
            return CONNECTOR_LEFT_OUT
        if state.state == "no_client":
            return self.client_missing(desk)
        return CONNECTOR_OFF if state.is_allowed else CONNECTOR_LEFT_OUT

    @staticmethod
    def mark(*values: object) -> str:
        """A hidden field of a form that changes `values`: sent back, it tells whether they are still what
        they were when the form was shown."""
        return hashlib.sha256(repr(values).encode()).hexdigest()[:16]

    def client_missing(self, desk: Desk) -> Message:
        """What is said of a connector without an OAuth client, to whom can enter one and to others."""
        return CLIENT_MISSING if desk.may(Role.ADMIN) else CLIENT_MISSING_FOR_OTHERS

    def providers(self) -> tuple[OptionView, ...]:
        """The choices of a filter by provider: all that the hub has, by name."""
        connectors = sorted(self.core.connectors.all(), key=lambda one: one.name.casefold())
        return tuple(OptionView(one.key, one.name) for one in connectors)

    def action(self, request: Request, name: str) -> str:
        """An action or event in words."""
        text = _WORDS.get(name)
        return name if text is None else self.say(request)(text)
