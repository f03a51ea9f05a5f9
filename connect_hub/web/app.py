"""The application: every address of the hub in one screen."""

import logging
from pathlib import Path
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from connect_hub.config import Brand
from connect_hub.errors import ConnectHubError, HeadersTooLarge, NotFound
from connect_hub.flows.core import Core
from connect_hub.secret_paths import TRIGGERS
from connect_hub.web.api import Api
from connect_hub.web.contexts import BrandView
from connect_hub.web.dashboard.routes import dashboard_routes
from connect_hub.web.endpoint import Endpoint, Handler, is_for_a_person
from connect_hub.web.event_api import EventApi
from connect_hub.web.headers import SecureHeaders
from connect_hub.web.hub_api import HubApi
from connect_hub.web.hub_endpoint import HubEndpoint
from connect_hub.web.languages import Languages
from connect_hub.web.mount import mount_fault
from connect_hub.web.openapi import OpenApi
from connect_hub.web.pages.callback import CallbackPages
from connect_hub.web.pages.embed import embed_routes
from connect_hub.web.pages.link import LinkPages
from connect_hub.web.pages.managing import ManagePages
from connect_hub.web.pages.visit import VisitPages
from connect_hub.web.pages.window import WindowPages
from connect_hub.web.site import Flows, Limiters, Site
from connect_hub.web.static import Assets
from connect_hub.web.templating import Templating
from connect_hub.web.theme import brand_files
from connect_hub.web.triggers import TOKEN, TriggerApi
from connect_hub.web.urls import Urls

__all__ = ["HubApp", "build_app", "routes"]

log = logging.getLogger("connect_hub.web")

_HEADERS_LIMIT = 64 * 1024


def routes(site: Site) -> list[BaseRoute]:
    """The route table. Handlers ask for keys, cookies and tokens themselves; none is open by its path."""
    api, link, visit, callback = Api(site), LinkPages(site), VisitPages(site), CallbackPages(site)
    trigger, event = TriggerApi(site), EventApi(site)
    manage = ManagePages(site, visit)
    openapi, surface, window = OpenApi(site), HubApi(site), WindowPages(site)

    def page(path: str, name: str, *, head: bool = True, **methods: Handler) -> BaseRoute:
        return Route(path, Endpoint(site, methods, page=True, head=head), name=name)

    def data(path: str, name: str, **methods: Handler) -> BaseRoute:
        return Route(path, Endpoint(site, methods, page=False), name=name)

    def hub(path: str, name: str, **methods: Handler) -> BaseRoute:
        return Route(path, HubEndpoint(site, methods), name=name)

    return [
        # The customer's way.
        page("/", "index", GET=link.index),
        page("/link", "link", GET=link.opener),
        page("/link/open", "link_open", POST=link.open),
        page("/link/confirm", "link_confirm", POST=link.confirm),
        page("/link/decline", "link_ask_decline", POST=link.ask_decline),
        page("/link/declined", "link_decline", POST=link.decline),
        page("/link/renew", "link_renew", POST=link.renew),
        page("/language", "language", POST=link.language),
        page("/visit/{visit}", "visit", GET=visit.providers),
        page("/visit/{visit}/sign-in", "visit_sign_in", GET=visit.sign_in),
        page("/visit/{visit}/connect/{provider}", "connect", GET=visit.connect, POST=visit.submit),
        page("/visit/{visit}/attempts/{attempt}", "attempt", GET=visit.attempt),
        page("/visit/{visit}/attempts/{attempt}/accept", "accept", POST=visit.accept),
        page("/visit/{visit}/accounts/{account}", "managed", GET=manage.account),
        page(
            "/visit/{visit}/accounts/{account}/disconnect",
            "disconnect",
            GET=manage.ask_disconnect,
            POST=manage.disconnect,
        ),
        page("/visit/{visit}/exit", "exit", GET=visit.ask_leave, POST=visit.leave),
        # Embedded in the host's page, and the window in which an embedded hub has somebody sign in.
        *embed_routes(site),
        page("/connect/oauth2/{integration_id}", "window", GET=window.asked, POST=window.posted),
        page("/connect/oauth2/{integration_id}/confirm", "window_confirm", POST=window.confirm),
        page("/embedded/accounts/callback", "window_closed", GET=window.closed),
        Route("/connect.js", Endpoint(site, {"GET": site.assets.script}, page=False), name="script"),
        page(
            "/oauth/callback/{provider}",
            "callback",
            head=False,
            GET=callback.returned,
            POST=callback.posted,
        ),
        page("/oauth/callback/{provider}/bounced", "callback_bounced", POST=callback.bounced),
        # The REST API.
        data("/connect_sessions", "sessions", GET=api.list_sessions, POST=api.create_session),
        data("/connect_sessions/authenticate", "authenticate", POST=api.authenticate),
        data("/connect_sessions/{session_id}", "session", GET=api.get_session, DELETE=api.revoke_session),
        data("/owners/{origin_owner_id:path}", "owner", DELETE=api.erase_owner),
        data("/accounts", "accounts", GET=api.list_accounts),
        data(
            "/accounts/{account_id}",
            "account",
            GET=api.get_account,
            PATCH=api.change_account,
            DELETE=api.delete_account,
        ),
        data("/accounts/{account_id}/meta", "account_meta", GET=api.account_meta),
        data("/accounts/{account_id}/convert", "account_convert", POST=api.convert_account),
        data(
            "/accounts/{account_id}/trigger",
            "account_trigger",
            GET=trigger.show,
        ),
        data("/accounts/{account_id}/trigger/rotate", "account_trigger_rotate", POST=trigger.rotate),
        data(f"{TRIGGERS}{{{TOKEN}}}", "trigger", POST=trigger.receive),
        data("/webhook_endpoints", "endpoints", GET=event.list_endpoints, POST=event.create_endpoint),
        data(
            "/webhook_endpoints/{endpoint_id}",
            "endpoint",
            GET=event.get_endpoint,
            PATCH=event.change_endpoint,
            DELETE=event.delete_endpoint,
        ),
        data("/webhook_endpoints/{endpoint_id}/rotate", "endpoint_rotate", POST=event.rotate_secret),
        data("/webhook_endpoints/{endpoint_id}/disable", "endpoint_disable", POST=event.disable_endpoint),
        data("/webhook_endpoints/{endpoint_id}/enable", "endpoint_enable", POST=event.enable_endpoint),
        data("/webhook_endpoints/{endpoint_id}/test", "endpoint_test", POST=event.test_endpoint),
        data("/webhook_endpoints/{endpoint_id}/replay", "endpoint_replay", POST=event.replay),
        data("/events", "events", GET=event.list_events),
        data("/events/{event_id}", "event", GET=event.get_event),
        data("/deliveries", "deliveries", GET=event.list_deliveries),
        data("/deliveries/{delivery_id}", "delivery", GET=event.get_delivery),
        data("/deliveries/{delivery_id}/resend", "delivery_resend", POST=event.resend),
        data("/connectors/meta", "connectors", GET=api.list_connectors),
        data("/connectors/meta/{provider}", "connector", GET=api.get_connector),
        # The hub's JSON surface, for embedded hubs.
        hub("/hub/settings", "hub_settings", GET=surface.settings),
        hub("/hub/connectors", "hub_connectors", GET=surface.connectors),
        hub("/hub/connectors/{integration_id}", "hub_connector", GET=surface.connector),
        hub("/hub/accounts", "hub_accounts", POST=surface.create_account),
        hub("/hub/accounts/{account_id}", "hub_account", GET=surface.account, PATCH=surface.change_account),
        hub("/hub/connection_attempts", "hub_attempts", POST=surface.begin_attempt),
        hub(
            "/hub/connection_attempts/{attempt_id}",
            "hub_attempt",
            GET=surface.attempt,
            DELETE=surface.cancel_attempt,
        ),
        data("/openapi.json", "openapi", GET=openapi.document),
        data("/healthz", "health", GET=api.health),
        Route(
            "/static/{name:path}", Endpoint(site, {"GET": site.assets.endpoint}, page=False), name="static"
        ),
        # The dashboard, where one is configured.
        *dashboard_routes(site),
    ]


def build_app(core: Core, flows: Flows, brand: Brand) -> "HubApp":
    """The web application of one hub."""
    view = BrandView.of(brand, core.public_url.host)

    def logo_name(key: str) -> str | None:
        return core.connectors.get(key).name if key in core.connectors else None

    pages = core.config.pages
    assets = Assets(
        prefix=f"{core.public_url.path}/static",
        folders=[Path(folder) for folder in pages.static],
        generated=brand_files(view),
        logo_name=logo_name,
        logo_file=core.connectors.logo_file,
    )
    templating = Templating(
        brand=view,
        static_url=assets.url,
        overrides=[Path(folder) for folder in pages.templates],
        languages=Languages(pages.translations),
    )
    table: list[BaseRoute] = []
    site = Site(core, flows, templating, assets, Limiters.of(core), Urls(core.public_url, table))
    table.extend(routes(site))
    return HubApp(site, table)


class HubApp:
    """Answers HTTP for one hub."""

    def __init__(self, site: Site, route_table: list[BaseRoute]) -> None:
        self._site = site
        unknown = _Refusal(site, NotFound)
        router = Router(route_table, redirect_slashes=False, default=unknown)
        self._http = SecureHeaders(router)
        self._unknown = SecureHeaders(unknown)
        self._too_large = SecureHeaders(_Refusal(site, HeadersTooLarge))
        # An address without parameters is looked up; the router would try every route before it.
        self._plain = {
            route.path: SecureHeaders(route.endpoint)
            for route in route_table
            if isinstance(route, Route) and "{" not in route.path
        }
        self._root_path_seen = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._compare_root_path(scope)
            await self._answering(scope)(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    def _answering(self, scope: Scope) -> ASGIApp:
        # Not every server limits headers, and what reads them is not all linear.
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEADERS_LIMIT:
            return self._too_large
        path: str = scope["path"]
        if "\ufffd" in path and not _is_utf_8(scope):
            return self._unknown
        return self._plain.get(path.removeprefix(scope.get("root_path", "")), self._http)

    def _compare_root_path(self, scope: Scope) -> None:
        """Say once when the hub is mounted elsewhere than `public_url` says; links go where that says."""
        if self._root_path_seen:
            return
        self._root_path_seen = True
        fault = mount_fault(scope, self._site.core.public_url)
        if fault is not None:
            log.warning("%s", fault)


def _is_utf_8(scope: Scope) -> bool:
    """Whether the path is text; servers put U+FFFD for what is not, and many names would become one."""
    try:
        unquote_to_bytes(scope.get("raw_path") or b"%ff").decode()
    except UnicodeDecodeError:
        return False
    return True


class _Refusal:
    """One refusal of any request: a page for a person, JSON for a program."""

    def __init__(self, site: Site, error: type[ConnectHubError]) -> None:
        self._page = _Refusing(site, error, page=True)
        self._data = _Refusing(site, error, page=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._page if is_for_a_person(scope) else self._data)(scope, receive, send)


class _Refusing(Endpoint):
    def __init__(self, site: Site, error: type[ConnectHubError], *, page: bool) -> None:
        super().__init__(site, {}, page=page)
        self._error = error

    async def _answer(self, request: Request) -> Response:
        raise self._error
