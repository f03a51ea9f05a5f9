"""Connectors: which a project offers, their OAuth clients, and how many accounts they have."""

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.web.dashboard.connector_actions import ConnectorActions, shown
from connect_hub.web.dashboard.contexts import (
    Action,
    ConnectorDetail,
    ConnectorList,
    ConnectorRow,
    Fact,
)
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.labels import CONNECTOR_LEFT_OUT
from connect_hub.web.dashboard.states import state_of_connector, state_view
from connect_hub.web.labels import category_label, method_label
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["ConnectorPages", "register_url_of"]


class ConnectorPages(Pages):
    """Handlers of `/dashboard/in/{project}/connectors…`."""

    def __init__(self, site: Site, guard: Guard, actions: ConnectorActions) -> None:
        super().__init__(site, guard)
        self.actions = actions

    async def listing(self, request: Request, desk: Desk) -> Response:
        states = await self.flows.connector_settings.list(project=desk.project)
        states.sort(key=lambda one: one.connector.name.casefold())
        page = ConnectorList(
            frame=self.frame(request, desk, "dashboard_connectors"),
            done=self.done(request),
            rows=tuple([await self._row(request, desk, one) for one in states]),
        )
        return self.show(request, page)

    async def _row(self, request: Request, desk: Desk, one: ConnectorState) -> ConnectorRow:
        client = one.client
        return ConnectorRow(
            url=self.path(desk, "dashboard_connector", provider=one.key),
            provider=self.site.provider_view(one.connector),
            state=state_view(state_of_connector(one), self.say(request)),
            category=self._categories(request, one),
            methods=self._methods(request, one),
            has_oauth=one.has_oauth,
            client_id="" if client is None else client.id,
            has_secret=client is not None and client.has_secret,
            in_code=client is not None and client.source == "code",
            accounts=shown(await self.actions.count(desk, one.key)),
            accounts_url=with_query(self.path(desk, "dashboard_accounts"), [("provider", one.key)]),
        )

    def _categories(self, request: Request, one: ConnectorState) -> str:
        language = self.site.language(request)
        labels = (category_label(category, language) for category in one.connector.definition.categories)
        return ", ".join(dict.fromkeys(labels))

    def _methods(self, request: Request, one: ConnectorState) -> tuple[str, ...]:
        """What is offered to customers, and what is not for want of a client."""
        language, labels = self.site.language(request), []
        for method in one.connector.definition.methods:
            label = method_label(method, language)
            if method.type == "oauth2" and one.client is None:
                label = language.text(Message("%(method)s (no OAuth client yet)", method=label))
            labels.append(label)
        return tuple(labels)

    async def detail(self, request: Request, desk: Desk) -> Response:
        one = await self.actions.state(request, desk)
        say, accounts = self.say(request), shown(await self.actions.count(desk, one.key))
        page = ConnectorDetail(
            frame=self.frame(request, desk, "dashboard_connectors"),
            done=self.done(request),
            provider=self.site.provider_view(one.connector),
            state=state_view(state_of_connector(one), self.say(request)),
            facts=(
                Fact(say(Message("Connector")), code=one.key),
                Fact(say(Message("Category")), self._categories(request, one)),
                Fact(say(Message("Ways to sign in")), ", ".join(self._methods(request, one))),
                Fact(
                    say(Message("Accounts")),
                    accounts,
                    url=with_query(self.path(desk, "dashboard_accounts"), [("provider", one.key)]),
                ),
            ),
            redirect_uri=one.redirect_uri,
            register_url=register_url_of(one),
            client_facts=self._client_facts(request, one),
            notes=self._notes(request, desk, one),
            actions=self._actions(request, desk, one),
            list_url=self.path(desk, "dashboard_connectors"),
        )
        return self.show(request, page)

    def _client_facts(self, request: Request, one: ConnectorState) -> tuple[Fact, ...]:
        say, client = self.say(request), one.client
        if client is None:
            return ()
        secret = say(Message("none: a public client"))
        if client.has_secret and client.source == "code":
            secret = say(Message("set in code"))
        facts = [Fact(say(Message("Client ID")), code=client.id)]
        if client.secret_set_at is None:
            facts.append(Fact(say(Message("Client secret")), secret))
        else:
            facts.append(Fact(say(Message("Client secret set")), at=client.secret_set_at))
            if client.secret_set_by:
                facts.append(Fact(say(Message("Set by")), quoted=Untrusted(client.secret_set_by)))
        scopes = say(Message("those of the connector"))
        facts.append(Fact(say(Message("Scopes")), scopes if one.scopes is None else " ".join(one.scopes)))
        return tuple(facts)

    def _notes(self, request: Request, desk: Desk, one: ConnectorState) -> tuple[str, ...]:
        say, notes = self.say(request), []
        if not one.is_allowed:
            notes.append(CONNECTOR_LEFT_OUT)
        if one.client is not None and one.client.source == "code":
            notes.append(Message("The OAuth client is set in code, and changed there."))
            if one.stored_client_id is not None:
                notes.append(
                    Message(
                        "The client %(id)s, which was set here, is without effect as long as code has one.",
                        id=one.stored_client_id,
                    )
                )
        elif one.scopes_source == "code":
            notes.append(Message("The scopes are set in code, and changed there."))
        if one.client is not None and not one.client.is_readable:
            notes.append(
                Message(
                    "The client secret cannot be opened: the key that sealed it is not in the key ring. Put "
                    "the key back, or enter the secret again."
                )
            )
        if one.needs_client and one.client is None:
            notes.append(self.client_missing(desk))
        return tuple(say(note) for note in notes)

    def _actions(self, request: Request, desk: Desk, one: ConnectorState) -> tuple[Action, ...]:
        if not desk.may(Role.ADMIN):
            return ()
        say, actions = self.say(request), []
        if one.has_oauth and (one.client is None or one.client.source == "database"):
            label = Message("Set OAuth client") if one.client is None else Message("Change OAuth client")
            url = self.path(desk, "dashboard_connector_client", provider=one.key)
            actions.append(Action(say(label), url, "primary" if one.client is None else "secondary"))
        return (*actions, *self.actions.of(request, desk, one))


def register_url_of(one: ConnectorState) -> str | None:
    """The provider's page where an OAuth client is made."""
    methods = one.connector.definition.methods
    return next((m.register_url for m in methods if m.type == "oauth2" and m.register_url), None)
