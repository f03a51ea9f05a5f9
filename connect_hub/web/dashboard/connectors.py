"""Connectors: which a project offers, their OAuth clients, and how many accounts they have."""

from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import ConnectorReadOnly, NotFound
from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.storage.protocol import MOST_COUNTED
from connect_hub.web.dashboard.contexts import (
    Action,
    Affected,
    AffectedAccount,
    Confirm,
    ConnectorDetail,
    ConnectorList,
    ConnectorRow,
    Fact,
)
from connect_hub.web.dashboard.counting import Counted
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields, Guard
from connect_hub.web.labels import category_label, method_label
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["Change", "ConnectorPages", "register_url_of"]


class Change(StrEnum):
    """What is done to a connector that its accounts depend on."""

    DISABLE = "disable"
    REMOVE_CLIENT = "remove-client"
    OTHER_CLIENT = "other-client"


_QUESTIONS = {
    "enable": (
        Message("Enable"),
        Message("Enable this connector?"),
        Message("Customers can connect it at once, and its accounts can be used again."),
    ),
    "disable": (
        Message("Disable"),
        Message("Disable this connector?"),
        Message(
            "From the next request on, customers cannot connect it, and its accounts are inactive until it "
            "is enabled again. Their credentials are kept."
        ),
    ),
    "remove-client": (
        Message("Remove client"),
        Message("Remove this OAuth client?"),
        Message(
            "Client ID, secret and scopes are forgotten here, and nobody can sign in with them. Accounts "
            "that did are inactive until there is a client again."
        ),
    ),
}


class ConnectorPages(Pages):
    """Handlers of `/dashboard/in/{project}/connectors…`."""

    def __init__(self, site: Site, guard: Guard) -> None:
        super().__init__(site, guard)
        self._counts = Counted[dict[str, int]](self.core.clock)

    async def _count(self, desk: Desk, key: str) -> int:
        """How many accounts are of it; MOST_COUNTED stands for more."""
        counts = await self._counts.get(
            (desk.project,), lambda: self.flows.accounts.count_by_provider(project=desk.project)
        )
        return counts[key]

    async def connector_state(self, request: Request, desk: Desk) -> ConnectorState:
        """The connector of the address. Raises NotFound."""
        key: str = request.path_params["provider"]
        if key not in self.core.connectors:
            raise NotFound
        return await self.flows.connector_settings.get(key, project=desk.project)

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
            state=_state(one),
            category=self._categories(request, one),
            methods=self._methods(request, one),
            has_oauth=one.has_oauth,
            client_id="" if client is None else client.id,
            has_secret=client is not None and client.has_secret,
            in_code=client is not None and client.source == "code",
            accounts=_shown(await self._count(desk, one.key)),
            accounts_url=with_query(self.path(desk, "dashboard_accounts"), [("provider", one.key)]),
        )

    def _categories(self, request: Request, one: ConnectorState) -> str:
        language = self.site.language(request)
        labels = (category_label(category, language) for category in one.connector.definition.categories)
        return ", ".join(dict.fromkeys(labels))

    def _methods(self, request: Request, one: ConnectorState) -> tuple[str, ...]:
        language = self.site.language(request)
        return tuple(method_label(method, language) for method in one.connector.definition.methods)

    async def detail(self, request: Request, desk: Desk) -> Response:
        one = await self.connector_state(request, desk)
        say, accounts = self.say(request), _shown(await self._count(desk, one.key))
        page = ConnectorDetail(
            frame=self.frame(request, desk, "dashboard_connectors"),
            done=self.done(request),
            provider=self.site.provider_view(one.connector),
            state=_state(one),
            facts=(
                Fact(say(Message("Connector")), code=one.key),
                Fact(say(Message("Category")), self._categories(request, one)),
                Fact(say(Message("Ways to sign in")), ", ".join(self._methods(request, one))),
                Fact(
                    say(Message("Accounts")),
                    code=accounts,
                    url=with_query(self.path(desk, "dashboard_accounts"), [("provider", one.key)]),
                ),
            ),
            redirect_uri=one.redirect_uri,
            register_url=register_url_of(one),
            client_facts=self._client_facts(request, one),
            notes=self._notes(request, one),
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

    def _notes(self, request: Request, one: ConnectorState) -> tuple[str, ...]:
        say, notes = self.say(request), []
        if not one.is_allowed:
            notes.append(
                Message("Your code leaves this connector out of the project. It can be added there alone.")
            )
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
            notes.append(
                Message(
                    "Customers cannot connect it before it has an OAuth client: register one, and enter it."
                )
            )
        return tuple(say(note) for note in notes)

    def _actions(self, request: Request, desk: Desk, one: ConnectorState) -> tuple[Action, ...]:
        if not desk.may(Role.ADMIN):
            return ()
        say, actions = self.say(request), []
        if one.has_oauth and (one.client is None or one.client.source == "database"):
            label = Message("Set OAuth client") if one.client is None else Message("Change OAuth client")
            url = self.path(desk, "dashboard_connector_client", provider=one.key)
            actions.append(Action(say(label), url, "primary" if one.client is None else "secondary"))
        for name in _offered(one):
            url = self.path(desk, "dashboard_connector_action", provider=one.key, action=name)
            actions.append(
                Action(say(_QUESTIONS[name][0]), url, "danger" if name != "enable" else "secondary")
            )
        return tuple(actions)

    # --- what is done with it ---

    async def affected(
        self, request: Request, desk: Desk, one: ConnectorState, change: Change
    ) -> Affected | None:
        """The accounts that would not be as they were; None: there is none."""
        oauth_only = change is not Change.DISABLE
        accounts = await self.flows.connector_settings.affected(
            one.key, oauth_only=oauth_only, project=desk.project
        )
        if not accounts:
            return None
        language, counted = self.site.language(request), await self._count(desk, one.key)
        if oauth_only and not one.needs_client:  # others of its accounts have another method
            text = language.text(
                Message("Accounts that signed in with OAuth would be inactive. The newest:")
                if change is Change.REMOVE_CLIENT
                else Message(
                    "Accounts that signed in with OAuth would have to connect again once their access runs "
                    "out. The newest:"
                )
            )
        elif change is Change.OTHER_CLIENT:
            text = language.ngettext(
                "%(count)s account would have to connect again once its access runs out. The newest:",
                "%(count)s accounts would have to connect again once their access runs out. The newest:",
                counted,
            ) % {"count": _shown(counted)}
        else:
            text = language.ngettext(
                "%(count)s account would be inactive. The newest:",
                "%(count)s accounts would be inactive. The newest:",
                counted,
            ) % {"count": _shown(counted)}
        return Affected(
            text=text,
            accounts=tuple(
                AffectedAccount(
                    Untrusted(account.origin_owner_name),
                    Untrusted(account.origin_owner_id),
                    self.path(desk, "dashboard_account", account_id=account.id),
                )
                for account in accounts
            ),
            url=with_query(self.path(desk, "dashboard_accounts"), [("provider", one.key)]),
        )

    async def ask(self, request: Request, desk: Desk) -> Response:
        """Asks before something is done, and says which accounts it would make inactive."""
        action, say = request.path_params["action"], self.say(request)
        one = await self.connector_state(request, desk)
        if action not in _QUESTIONS:
            raise NotFound
        if action == "enable" and not one.is_allowed:
            raise ConnectorReadOnly
        label, title, text = _QUESTIONS[action]
        affected = None
        if action != "enable" and one.is_active:
            affected = await self.affected(request, desk, one, Change(action))
        page = Confirm(
            frame=self.frame(request, desk, "dashboard_connectors"),
            title=say(title),
            text=say(text),
            about=Untrusted(one.connector.name),
            form=self.guard.form(
                desk, self.path(desk, "dashboard_connector_action", provider=one.key, action=action)
            ),
            button=say(label),
            danger=action != "enable",
            back_url=self.path(desk, "dashboard_connector", provider=one.key),
            affected=affected,
        )
        return self.show(request, page)

    async def act(self, request: Request, desk: Desk, _: Fields) -> Response:
        """Does it."""
        key = (await self.connector_state(request, desk)).key
        settings, project = self.flows.connector_settings, desk.project
        action = request.path_params["action"]
        if action == "enable":
            await settings.enable(key, project=project)
        elif action == "disable":
            await settings.disable(key, project=project)
        elif action == "remove-client":
            await settings.remove_client(key, project=project)
        else:
            raise NotFound
        return self.see(self.path(desk, "dashboard_connector", provider=key), f"connector-{action}")


def _shown(count: int) -> str:
    return f"{count:,}+" if count >= MOST_COUNTED else f"{count:,}"


def _state(one: ConnectorState) -> str:
    if not one.is_allowed:
        return "left_out"
    if not one.is_enabled:
        return "disabled"
    return "active" if one.is_active else "no_client"


def _offered(one: ConnectorState) -> tuple[str, ...]:
    """What can be done with it now."""
    switch = () if not one.is_allowed else ("disable",) if one.is_enabled else ("enable",)
    return (*switch, "remove-client") if one.stored_client_id is not None else switch


def register_url_of(one: ConnectorState) -> str | None:
    """The provider's page where an OAuth client is made."""
    methods = one.connector.definition.methods
    return next((m.register_url for m in methods if m.type == "oauth2" and m.register_url), None)
