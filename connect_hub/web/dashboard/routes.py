"""The route table of the dashboard, in one screen: each address, and the least role that may."""

from starlette.routing import BaseRoute

from connect_hub.operators import Role
from connect_hub.web.dashboard.accounts import AccountPages
from connect_hub.web.dashboard.attempts import AttemptPages
from connect_hub.web.dashboard.audit import AuditPages
from connect_hub.web.dashboard.connector_client import ConnectorClientPages
from connect_hub.web.dashboard.connectors import ConnectorPages
from connect_hub.web.dashboard.deliveries import DeliveryPages
from connect_hub.web.dashboard.endpoint import DashboardEndpoint, Open, Read, Write
from connect_hub.web.dashboard.endpoint_actions import EndpointActionPages
from connect_hub.web.dashboard.guard import Guard
from connect_hub.web.dashboard.home import HomePages
from connect_hub.web.dashboard.keys import KeyPages
from connect_hub.web.dashboard.links import LinkPages
from connect_hub.web.dashboard.new_endpoint import NewEndpointPages
from connect_hub.web.dashboard.new_link import NewLinkPages
from connect_hub.web.dashboard.settings import SettingsPages
from connect_hub.web.dashboard.signing_in import SigningIn
from connect_hub.web.dashboard.webhooks import WebhookPages
from connect_hub.web.site import Site

__all__ = ["dashboard_routes"]


def dashboard_routes(site: Site) -> list[BaseRoute]:
    """Nothing, where no dashboard is configured."""
    if site.core.config.dashboard is None:
        return []
    guard = Guard(site)
    signing_in, home, accounts = SigningIn(site, guard), HomePages(site, guard), AccountPages(site, guard)
    links, new_link = LinkPages(site, guard), NewLinkPages(site, guard)
    attempts, connectors = AttemptPages(site, guard), ConnectorPages(site, guard)
    settings, clients = SettingsPages(site, guard), ConnectorClientPages(site, guard)
    new_endpoint, endpoint_actions = NewEndpointPages(site, guard), EndpointActionPages(site, guard)
    webhooks, deliveries = WebhookPages(site, guard), DeliveryPages(site, guard)
    keys, audit = KeyPages(site, guard), AuditPages(site, guard)

    def page(
        path: str, name: str, get: Read | Open | None = None, post: Write | Open | None = None
    ) -> BaseRoute:
        full = "dashboard" if not name else f"dashboard_{name}"
        return DashboardEndpoint(site, guard, get, post).at(f"/dashboard{path}", full)

    viewer, operator, admin = Role.VIEWER, Role.OPERATOR, Role.ADMIN
    account, connector = "/in/{project}/accounts/{account_id}", "/in/{project}/connectors/{provider}"
    key = "/in/{project}/keys/{key_id}"
    link, webhook = "/in/{project}/links/{session_id}", "/in/{project}/webhooks/{endpoint_id}"
    delivery = "/in/{project}/deliveries/{delivery_id}"
    changes = endpoint_actions.least
    return [
        page("", "", Open(signing_in.front_door)),
        page("/sign-in", "sign_in", Open(signing_in.page), Open(signing_in.sign_in)),
        page("/in/{project}", "project", Read(viewer, home.page)),
        page("/in/{project}/sign-out", "sign_out", post=Write(viewer, signing_in.sign_out)),
        page("/in/{project}/accounts", "accounts", Read(viewer, accounts.listing)),
        page("/in/{project}/accounts.csv", "accounts_csv", Read(viewer, accounts.export)),
        page(account, "account", Read(viewer, accounts.detail)),
        page(
            f"{account}/{{action}}",
            "account_action",
            Read(operator, accounts.ask),
            Write(operator, accounts.act),
        ),
        page("/in/{project}/links", "links", Read(viewer, links.listing)),
        page(
            "/in/{project}/links/new",
            "new_link",
            Read(operator, new_link.page),
            Write(operator, new_link.create),
        ),
        page(link, "link", Read(viewer, links.detail)),
        page(f"{link}/state", "link_state", Read(viewer, links.state, watching=True)),
        page(f"{link}/{{action}}", "link_action", Read(operator, links.ask), Write(operator, links.act)),
        page("/in/{project}/attempts", "attempts", Read(viewer, attempts.listing)),
        page("/in/{project}/connectors", "connectors", Read(viewer, connectors.listing)),
        page(connector, "connector", Read(viewer, connectors.detail)),
        page(
            f"{connector}/client",
            "connector_client",
            Read(admin, clients.form),
            Write(admin, clients.configure),
        ),
        page(
            f"{connector}/{{action}}",
            "connector_action",
            Read(admin, connectors.ask),
            Write(admin, connectors.act),
        ),
        page("/in/{project}/settings", "settings", Read(viewer, settings.page)),
        page("/in/{project}/webhooks", "webhooks", Read(viewer, webhooks.listing)),
        page(
            "/in/{project}/webhooks/new",
            "new_webhook",
            Read(admin, new_endpoint.form),
            Write(admin, new_endpoint.create),
        ),
        page(webhook, "webhook", Read(viewer, webhooks.detail)),
        page(f"{webhook}/state", "webhook_state", Read(viewer, webhooks.state, watching=True)),
        page(
            f"{webhook}/{{action}}",
            "webhook_action",
            Read(changes, endpoint_actions.ask),
            Write(changes, endpoint_actions.act),
        ),
        page(delivery, "delivery", Read(viewer, deliveries.detail)),
        page(
            f"{delivery}/resend", "resend", Read(operator, deliveries.ask), Write(operator, deliveries.resend)
        ),
        page("/in/{project}/keys", "keys", Read(admin, keys.listing), Write(admin, keys.create)),
        page(
            f"{key}/revoke",
            "key_revoke",
            Read(admin, keys.ask),
            Write(admin, keys.revoke),
        ),
        page("/in/{project}/audit", "audit", Read(admin, audit.listing)),
        page("/in/{project}/audit.csv", "audit_csv", Read(admin, audit.export)),
    ]
