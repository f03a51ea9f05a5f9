"""What can be done with a connector, and which accounts it would change."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from starlette.requests import Request

from connect_hub.errors import ConnectorNotFound, ConnectorReadOnly
from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.storage.protocol import MOST_COUNTED
from connect_hub.web.dashboard.asking import Asked, AskingPages, Question
from connect_hub.web.dashboard.contexts import Action, Affected, AffectedAccount
from connect_hub.web.dashboard.counting import Counted
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.labels import Done
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["Change", "ConnectorActions", "shown"]


class Change(StrEnum):
    """What is done to a connector that its accounts depend on."""

    DISABLE = "disable"
    REMOVE_CLIENT = "remove-client"
    OTHER_CLIENT = "other-client"


class ConnectorActions(AskingPages[ConnectorState]):
    """Handlers of `/dashboard/in/{project}/connectors/{provider}/{action}`."""

    route, param = "dashboard_connector_action", "provider"
    page, section = "dashboard_connector", "dashboard_connectors"

    def __init__(self, site: Site, guard: Guard) -> None:
        super().__init__(site, guard)
        self._counts = Counted[dict[str, int]](self.core.clock)

    def _questions(self) -> Mapping[str, Question[ConnectorState]]:
        flow = self.flows.connector_settings
        return {
            "enable": Question(
                Role.ADMIN,
                Message("Enable"),
                Message("Enable this connector?"),
                Message("Customers can connect it at once, and its accounts can be used again."),
                self._doing(flow.enable, Done.CONNECTOR_ENABLED),
            ),
            "disable": Question(
                Role.ADMIN,
                Message("Disable"),
                Message("Disable this connector?"),
                Message(
                    "From the next request on, customers cannot connect it, and its accounts are inactive "
                    "until it is enabled again. Their credentials are kept."
                ),
                self._doing(flow.disable, Done.CONNECTOR_DISABLED),
                danger=True,
                affected=self._affected_by(Change.DISABLE),
            ),
            "remove-client": Question(
                Role.ADMIN,
                Message("Remove client"),
                Message("Remove this OAuth client?"),
                Message(
                    "Client ID, secret and scopes are forgotten here, and nobody can sign in with them. "
                    "Accounts that did are inactive until there is a client again."
                ),
                self._doing(flow.remove_client, Done.CLIENT_REMOVED),
                danger=True,
                affected=self._affected_by(Change.REMOVE_CLIENT),
            ),
        }

    async def state(self, request: Request, desk: Desk) -> ConnectorState:
        """The connector of the address. Raises ConnectorNotFound."""
        key: str = request.path_params["provider"]
        if key not in self.core.connectors:
            raise ConnectorNotFound
        return await self.flows.connector_settings.get(key, project=desk.project)

    async def _row(self, request: Request, desk: Desk) -> ConnectorState:
        one = await self.state(request, desk)
        if request.path_params["action"] == "enable" and not one.is_allowed:
            raise ConnectorReadOnly
        return one

    def _about(self, row: ConnectorState) -> Untrusted:
        return Untrusted(row.connector.name)

    def of(self, request: Request, desk: Desk, one: ConnectorState) -> tuple[Action, ...]:
        """What the operator may do with it now."""
        names = ["disable" if one.is_enabled else "enable"] if one.is_allowed else []
        if one.stored_client_id is not None:
            names.append("remove-client")
        return self._buttons(request, desk, names, one.key)

    # --- its accounts ---

    async def count(self, desk: Desk, key: str) -> int:
        """How many accounts are of it; MOST_COUNTED stands for more."""
        counts = await self._counts.get(
            (desk.project,), lambda: self.flows.accounts.count_by_provider(project=desk.project)
        )
        return counts[key]

    def _affected_by(self, change: Change) -> Callable[[Asked[ConnectorState]], Awaitable[Affected | None]]:
        async def affected(asked: Asked[ConnectorState]) -> Affected | None:
            one = asked.row
            return await self.affected(asked.request, asked.desk, one, change) if one.is_active else None

        return affected

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
        # Counted now: a question does not say what was so a moment ago.
        counts = await self.flows.accounts.count_by_provider(project=desk.project)
        language, counted = self.site.language(request), counts[one.key]
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
            ) % {"count": shown(counted)}
        else:
            text = language.ngettext(
                "%(count)s account would be inactive. The newest:",
                "%(count)s accounts would be inactive. The newest:",
                counted,
            ) % {"count": shown(counted)}
        return Affected(
            text=text,
            accounts=tuple(
                AffectedAccount(
                    Untrusted(account.origin_owner_name),
                    Untrusted(account.origin_owner_id, exact=True),
                    self.path(desk, "dashboard_account", account_id=account.id),
                )
                for account in accounts
            ),
            url=with_query(self.path(desk, "dashboard_accounts"), [("provider", one.key)]),
        )


def shown(count: int) -> str:
    """A count in words: how far it went, with a plus."""
    return f"{count:,}+" if count >= MOST_COUNTED else f"{count:,}"
