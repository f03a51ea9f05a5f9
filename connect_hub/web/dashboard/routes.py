"""The route table of the dashboard, in one screen: each address, and the least role that may."""

from typing import TypeVar

from starlette.routing import BaseRoute

from connect_hub.operators import Role
from connect_hub.web.dashboard.account_actions import AccountActions
from connect_hub.web.dashboard.accounts import AccountPages
from connect_hub.web.dashboard.asking import AskingPages
from connect_hub.web.dashboard.attempts import AttemptPages
from connect_hub.web.dashboard.audit import AuditPages
from connect_hub.web.dashboard.connector_actions import ConnectorActions
from connect_hub.web.dashboard.connector_client import ConnectorClientPages
from connect_hub.web.dashboard.connectors import ConnectorPages
from connect_hub.web.dashboard.deliveries import DeliveryActions, DeliveryPages
from connect_hub.web.dashboard.endpoint import DashboardEndpoint, Open, Read, Write
from connect_hub.web.dashboard.endpoint_actions import EndpointActions
from connect_hub.web.dashboard.endpoint_form import EndpointForms
from connect_hub.web.dashboard.front_door import FrontDoor
from connect_hub.web.dashboard.funnel import Funnels
from connect_hub.web.dashboard.guard import Guard
from connect_hub.web.dashboard.home import HomePages
from connect_hub.web.dashboard.keys import KeyActions, KeyPages
from connect_hub.web.dashboard.link_actions import LinkActions
from connect_hub.web.dashboard.links import LinkPages
from connect_hub.web.dashboard.new_link import NewLinkPages
from connect_hub.web.dashboard.settings import SettingsPages
from connect_hub.web.dashboard.signing_in import SigningIn
from connect_hub.web.dashboard.webhooks import WebhookPages
from connect_hub.web.site import Site

__all__ = ["dashboard_routes"]

Row = TypeVar("Row")


def dashboard_routes(site: Site) -> list[BaseRoute]:
    """Nothing, where no dashboard is configured."""
    if site.core.config.dashboard is None:
        return []
    guard = Guard(site)
    funnels = Funnels(site.core.clock, site.flows.attempts)
    home, attempts = HomePages(site, guard, funnels), AttemptPages(site, guard, funnels)
    front_door, signing_in = FrontDoor(site, guard), SigningIn(site, guard)
    settings = SettingsPages(site, guard)
    account_actions, link_actions = AccountActions(site, guard), LinkActions(site, guard)
    endpoint_actions, connector_actions = EndpointActions(site, guard), ConnectorActions(site, guard)
    accounts, links = AccountPages(site, guard, account_actions), LinkPages(site, guard, link_actions)
    new_link, connectors = NewLinkPages(site, guard), ConnectorPages(site, guard, connector_actions)
    clients = ConnectorClientPages(site, guard, connector_actions)
    webhooks, deliveries = WebhookPages(site, guard, endpoint_actions), DeliveryPages(site, guard)
    endpoint_forms, keys, audit = EndpointForms(site, guard), KeyPages(site, guard), AuditPages(site, guard)

    def page(
        path: str, name: str, get: Read | Open | None = None, post: Write | Open | None = None
    ) -> BaseRoute:
        full = "dashboard" if not name else f"dashboard_{name}"
        return DashboardEndpoint(site, guard, get, post).at(f"/dashboard{path}", full)

    def asking(path: str, pages: AskingPages[Row]) -> BaseRoute:
        """Each question has a role of its own."""
        endpoint = DashboardEndpoint(site, guard, Read(pages.roles, pages.ask), Write(pages.roles, pages.act))
        return endpoint.at(f"/dashboard{path}/{{action}}", pages.route)

    viewer, operator, admin = Role.VIEWER, Role.OPERATOR, Role.ADMIN
    here = "/in/{project}"
    account, link = f"{here}/accounts/{{account_id}}", f"{here}/links/{{session_id}}"
    connector, webhook = f"{here}/connectors/{{provider}}", f"{here}/webhooks/{{endpoint_id}}"
    delivery, key = f"{here}/deliveries/{{delivery_id}}", f"{here}/keys/{{key_id}}"
    a_link = Read(operator, new_link.page), Write(operator, new_link.create)
    a_client = Read(admin, clients.form), Write(admin, clients.configure)
    a_webhook = Read(admin, endpoint_forms.new), Write(admin, endpoint_forms.create)
    that_webhook = Read(admin, endpoint_forms.stored), Write(admin, endpoint_forms.change)
    return [
        page("", "", Open(front_door.enter)),
        page("/sign-in", "sign_in", Open(signing_in.page), Open(signing_in.sign_in)),
        page(here, "project", Read(viewer, home.page)),
        page(f"{here}/sign-out", "sign_out", post=Write(viewer, signing_in.sign_out)),
        page(f"{here}/accounts", "accounts", Read(viewer, accounts.listing)),
        page(f"{here}/accounts.csv", "accounts_csv", Read(viewer, accounts.export)),
        page(account, "account", Read(viewer, accounts.detail)),
        asking(account, account_actions),
        page(f"{here}/links", "links", Read(viewer, links.listing)),
        page(f"{here}/links/new", "new_link", *a_link),
        page(link, "link", Read(viewer, links.detail)),
        page(f"{link}/state", "link_state", Read(viewer, links.state, watching=True)),
        asking(link, link_actions),
        page(f"{here}/attempts", "attempts", Read(viewer, attempts.listing)),
        page(f"{here}/connectors", "connectors", Read(viewer, connectors.listing)),
        page(connector, "connector", Read(viewer, connectors.detail)),
        page(f"{connector}/client", "connector_client", *a_client),
        asking(connector, connector_actions),
        page(f"{here}/settings", "settings", Read(viewer, settings.page)),
        page(f"{here}/webhooks", "webhooks", Read(viewer, webhooks.listing)),
        page(f"{here}/webhooks/new", "new_webhook", *a_webhook),
        page(webhook, "webhook", Read(viewer, webhooks.detail)),
        page(f"{webhook}/state", "webhook_state", Read(viewer, webhooks.state, watching=True)),
        page(f"{webhook}/change", "webhook_change", *that_webhook),
        asking(webhook, endpoint_actions),
        page(delivery, "delivery", Read(viewer, deliveries.detail)),
        page(f"{delivery}/state", "delivery_state", Read(viewer, deliveries.state, watching=True)),
        asking(delivery, DeliveryActions(site, guard)),
        page(f"{here}/keys", "keys", Read(admin, keys.listing), Write(admin, keys.create)),
        asking(key, KeyActions(site, guard)),
        page(f"{here}/audit", "audit", Read(admin, audit.listing)),
        page(f"{here}/audit.csv", "audit_csv", Read(admin, audit.export)),
        page("/{rest:path}", "elsewhere", Open(front_door.elsewhere), Open(front_door.elsewhere)),
    ]
