"""Connectors: which a project offers, what is registered for them, how many accounts they have."""

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.connectors.registry import EnabledConnector
from connect_hub.operators import Role
from connect_hub.storage.protocol import MOST_COUNTED
from connect_hub.web.dashboard.contexts import ConnectorList, ConnectorRow
from connect_hub.web.dashboard.counting import Counted
from connect_hub.web.dashboard.frame import Pages, with_query
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.labels import category_label, method_label
from connect_hub.web.site import Site

__all__ = ["ConnectorPages"]


class ConnectorPages(Pages):
    """Handlers of `/dashboard/in/{project}/connectors`."""

    def __init__(self, site: Site, guard: Guard) -> None:
        super().__init__(site, guard)
        self._counts = Counted[dict[str, int]](self.core.clock)

    async def listing(self, request: Request) -> Response:
        desk = await self.guard.enter(request, Role.VIEWER)
        counts = await self._counts.get(
            (desk.project,), lambda: self.flows.accounts.count_by_provider(project=desk.project)
        )
        connectors = sorted(
            (self.core.connectors.get(key) for key in self.core.connectors),
            key=lambda one: one.name.casefold(),
        )
        page = ConnectorList(
            frame=self.frame(request, desk, "dashboard_connectors"),
            rows=tuple(self._row(request, desk, one, counts[one.key]) for one in connectors),
        )
        return self.show(request, page)

    def _row(self, request: Request, desk: Desk, one: EnabledConnector, accounts: int) -> ConnectorRow:
        language = self.site.language(request)
        oauth = one.key in self.core.connectors.oauth_keys
        client = one.client
        return ConnectorRow(
            provider=self.site.provider_view(one),
            enabled=one.key in self.core.enabled(desk.project),
            category=", ".join(
                dict.fromkeys(category_label(category, language) for category in one.definition.categories)
            ),
            methods=tuple(method_label(method, language) for method in one.methods),
            redirect_uri=f"{self.core.public_url}/oauth/callback/{one.key}" if oauth else "",
            client_id="" if client is None else client.client_id or "",
            has_secret=client is not None and client.secret is not None,
            accounts=f"{accounts:,}+" if accounts >= MOST_COUNTED else f"{accounts:,}",
            accounts_url=with_query(self.path(desk, "dashboard_accounts"), [("provider", one.key)]),
        )
