"""The route table of the dashboard, in one screen. Each handler asks the guard; none is open by its path."""

from starlette.routing import BaseRoute, Route

from connect_hub.web.dashboard.accounts import AccountPages
from connect_hub.web.dashboard.attempts import AttemptPages
from connect_hub.web.dashboard.audit import AuditPages
from connect_hub.web.dashboard.connector_client import ConnectorClientPages
from connect_hub.web.dashboard.connectors import ConnectorPages
from connect_hub.web.dashboard.deliveries import DeliveryPages
from connect_hub.web.dashboard.endpoint import DashboardEndpoint
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
from connect_hub.web.endpoint import Handler
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

    def page(path: str, name: str, **methods: Handler) -> BaseRoute:
        full = "dashboard" if not name else f"dashboard_{name}"
        return Route(f"/dashboard{path}", DashboardEndpoint(site, methods, page=True), name=full)

    return [
        page("", "", GET=signing_in.front_door),
        page("/sign-in", "sign_in", GET=signing_in.page, POST=signing_in.sign_in),
        page("/in/{project}", "project", GET=home.page),
        page("/in/{project}/sign-out", "sign_out", POST=signing_in.sign_out),
        page("/in/{project}/accounts", "accounts", GET=accounts.listing),
        page("/in/{project}/accounts.csv", "accounts_csv", GET=accounts.export),
        page("/in/{project}/accounts/{account_id}", "account", GET=accounts.detail),
        page(
            "/in/{project}/accounts/{account_id}/{action}",
            "account_action",
            GET=accounts.ask,
            POST=accounts.act,
        ),
        page("/in/{project}/links", "links", GET=links.listing),
        page("/in/{project}/links/new", "new_link", GET=new_link.page, POST=new_link.create),
        page("/in/{project}/links/{session_id}", "link", GET=links.detail),
        page("/in/{project}/links/{session_id}/state", "link_state", GET=links.state),
        page("/in/{project}/links/{session_id}/{action}", "link_action", GET=links.ask, POST=links.act),
        page("/in/{project}/attempts", "attempts", GET=attempts.listing),
        page("/in/{project}/connectors", "connectors", GET=connectors.listing),
        page("/in/{project}/connectors/{provider}", "connector", GET=connectors.detail),
        page(
            "/in/{project}/connectors/{provider}/client",
            "connector_client",
            GET=clients.form,
            POST=clients.configure,
        ),
        page(
            "/in/{project}/connectors/{provider}/{action}",
            "connector_action",
            GET=connectors.ask,
            POST=connectors.act,
        ),
        page("/in/{project}/settings", "settings", GET=settings.page),
        page("/in/{project}/webhooks", "webhooks", GET=webhooks.listing),
        page("/in/{project}/webhooks/new", "new_webhook", GET=new_endpoint.form, POST=new_endpoint.create),
        page("/in/{project}/webhooks/{endpoint_id}", "webhook", GET=webhooks.detail),
        page("/in/{project}/webhooks/{endpoint_id}/state", "webhook_state", GET=webhooks.state),
        page(
            "/in/{project}/webhooks/{endpoint_id}/{action}",
            "webhook_action",
            GET=endpoint_actions.ask,
            POST=endpoint_actions.act,
        ),
        page("/in/{project}/deliveries/{delivery_id}", "delivery", GET=deliveries.detail),
        page(
            "/in/{project}/deliveries/{delivery_id}/resend",
            "resend",
            GET=deliveries.ask,
            POST=deliveries.resend,
        ),
        page("/in/{project}/keys", "keys", GET=keys.listing, POST=keys.create),
        page("/in/{project}/keys/{key_id}/revoke", "key_revoke", GET=keys.ask, POST=keys.revoke),
        page("/in/{project}/audit", "audit", GET=audit.listing),
        page("/in/{project}/audit.csv", "audit_csv", GET=audit.export),
    ]
