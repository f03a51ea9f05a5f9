"""`ConnectHub`: builds the parts once, and is what a host talks to."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from connect_hub.auth.engine import Engines
from connect_hub.callbacks import Callbacks, Handler, HasSurroundings, TransactionHandler
from connect_hub.config import Brand, HubConfig, PublicUrl, configured_policy, entered_policy
from connect_hub.config.checks import require
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.credentials import Credentials
from connect_hub.events import Event
from connect_hub.flows.accounts import Accounts, Owners
from connect_hub.flows.activity import Activity
from connect_hub.flows.api_keys import ApiKeys
from connect_hub.flows.attempts import Attempts
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.connector_settings import ConnectorsOfProject
from connect_hub.flows.core import Core
from connect_hub.flows.endpoints import Endpoints
from connect_hub.flows.event_history import Events
from connect_hub.flows.links import Links
from connect_hub.flows.operators import Operators
from connect_hub.flows.revocation import Revocation
from connect_hub.flows.sessions import Sessions
from connect_hub.flows.triggers import Triggers
from connect_hub.flows.upkeep import Upkeep
from connect_hub.keys import KeyProvider
from connect_hub.models import Account
from connect_hub.nonce import Nonces
from connect_hub.outbound import LazyOutbound
from connect_hub.runtime import Runtime
from connect_hub.storage.protocol import Storage
from connect_hub.sync import SyncHub
from connect_hub.tokens import LinkTokens
from connect_hub.trigger_tokens import TriggerTokens
from connect_hub.vault import Vault
from connect_hub.web.mounted import MountedApp
from connect_hub.worker.dispatcher import Dispatcher
from connect_hub.worker.embedded import EmbeddedDispatcher

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    import flask
    import httpx2
    from starlette.types import ASGIApp

    from connect_hub.connectors.definition import Connector
    from connect_hub.flows.credentials import CredentialsFlow
    from connect_hub.flows.deliveries import Deliveries
    from connect_hub.flows.live import Live
    from connect_hub.net.auth import RefreshingAuth
    from connect_hub.web.app import HubApp

__all__ = ["ConnectHub"]

log = logging.getLogger("connect_hub")

HandlerT = TypeVar("HandlerT", bound=Handler)
TransactionHandlerT = TypeVar("TransactionHandlerT", bound=TransactionHandler)


class ConnectHub:
    """An integrations hub.

    Building one checks the configuration and does nothing else: no socket, file, thread or loop before the
    first use. Raises ConfigurationError, which names what is wrong and the fix.

        hub = ConnectHub(
            public_url="https://app.example.com/connect",
            keys=KeyRing.from_env(),
            storage=SQLStorage(engine),
            connectors=["bamboohr", OAuth("hubspot", client_id=…, client_secret=…)],
            brand=Brand(name="Acme HR"),
        )
        app.mount("/connect", hub.app)      # or ConnectHubMiddleware, init_app, wsgi_middleware, wsgi
    """

    def __init__(
        self,
        *,
        public_url: str,
        keys: KeyProvider,
        storage: Storage,
        connectors: "Iterable[str | Path | OAuth | Connector]",
        brand: Brand | None = None,
        config: HubConfig | None = None,
    ) -> None:
        self.config = HubConfig() if config is None else require("config", config, HubConfig)
        self.brand = Brand() if brand is None else require("brand", brand, Brand)
        self.keys, self.storage = keys, storage
        clock, network, links = self.config.clock, self.config.network, self.config.links
        self.public_url = PublicUrl(public_url, insecure_dev=network.insecure_dev)
        self.connectors = ConnectorRegistry(
            connectors,
            static=[Path(folder) for folder in self.config.pages.static],
            clients_later=self.config.dashboard is not None,
        )
        for name, project in self.config.projects.items():
            self.connectors.check_names(f"projects[{name!r}].connectors", project.connectors or ())
        self.callbacks = Callbacks()
        if isinstance(storage, HasSurroundings):
            self.callbacks.surroundings = storage.surroundings
        self._outbound = LazyOutbound(configured_policy(network))
        # Apart from it with connections of its own: one to a host inside is not lent to an address entered.
        self._outside = LazyOutbound(entered_policy(network))
        transport = self._outbound if self.config.transport is None else self.config.transport
        vault = Vault(keys=keys)
        self._runtime = Runtime(
            storage=storage,
            vault=vault,
            outbound=[self._outbound, self._outside],
            dispatcher=self._new_dispatcher,
            dispatch=self.config.dispatch,
            finish=self._finish,
        )
        self._core = core = Core(
            config=self.config,
            public_url=self.public_url,
            storage=storage,
            clock=clock,
            tokens=LinkTokens(
                keys=keys, issuer=self.public_url.text, max_lifetime=links.max_lifetime, clock=clock
            ),
            vault=vault,
            nonces=Nonces(keys=keys, clock=clock),
            connectors=self.connectors,
            engines=Engines(sender=transport, clock=clock),
            callbacks=self.callbacks,
            ready=self._runtime.ready,
            wake=self._runtime.wake,
        )
        revocation = Revocation(core)
        self.api_keys = ApiKeys(core)
        self.sessions = Sessions(core, self.api_keys)
        self.links = Links(core, self.sessions)
        self.attempts = Attempts(core)
        self.accounts = Accounts(core, revocation)
        self.owners = Owners(core, self.accounts, revocation)
        self.audit = AuditLog(core)
        self.operators = Operators(core, self.audit)
        self.triggers = Triggers(core, TriggerTokens(keys=keys))
        self.connector_settings = ConnectorsOfProject(core)
        self.endpoints = Endpoints(core)
        self.events = Events(core, self.endpoints)
        self.upkeep = Upkeep(replace(core, ready=partial(self._runtime.ready, deliver=False)))
        self._revocation, self._transport, self._activity = revocation, transport, Activity(core)
        self.sync = SyncHub(self, self._runtime)

    @cached_property
    def deliveries(self) -> "Deliveries":
        """Events on their way; `await hub.deliveries.run_due()` carries out what is due."""
        from connect_hub.flows.deliveries import Deliveries

        outside = self._outside if self.config.transport is None else self.config.transport
        return Deliveries(self._core, self._transport, outside=outside)

    @cached_property
    def _credentials(self) -> "CredentialsFlow":
        from connect_hub.flows.credentials import CredentialsFlow

        return CredentialsFlow(self._core, self._activity)

    @cached_property
    def _live(self) -> "Live":
        from connect_hub.flows.live import Live

        return Live(self._core)

    async def _finish(self) -> None:
        """What callers left to be done behind their backs."""
        await self._revocation.settled()
        await self._activity.settled()

    def _new_dispatcher(self) -> Dispatcher:
        make = EmbeddedDispatcher if self.config.dispatcher is None else self.config.dispatcher
        return make(self.deliveries)

    # --- mounting ---

    @cached_property
    def app(self) -> "ASGIApp":
        """The hub as an ASGI application: mount it where `public_url` says, or run it alone."""
        return MountedApp(lambda: self._web, self.lifespan)

    @cached_property
    def _web(self) -> "HubApp":
        """Made at the first request: a script or a worker has none, and imports neither routes nor pages."""
        from connect_hub.web.assembly import assembled

        return assembled(self, self._core, self._revocation, self._activity)

    @cached_property
    def wsgi(self) -> "WSGIApplication":
        """The hub alone as a WSGI application. Raises ConfigurationError for an AsyncEngine."""
        from connect_hub.hosts.mounting import check_engine
        from connect_hub.hosts.wsgi import ASGIToWSGI

        check_engine(self._runtime, exclusive_engine=False)
        return ASGIToWSGI(self.app)

    def wsgi_middleware(
        self, app: "WSGIApplication", prefix: str, *, exclusive_engine: bool = False
    ) -> "WSGIApplication":
        """A WSGI application that serves the hub under `prefix`, such as "/connect", and `app` elsewhere.

        Deliveries begin with the first request of any kind. Raises ConfigurationError for a prefix in which
        `public_url` does not end, and for an AsyncEngine, unless `exclusive_engine` says that it is the hub's
        alone.
        """
        from connect_hub.hosts.mounting import check_engine, check_prefix
        from connect_hub.hosts.wsgi import hub_middleware

        check_prefix(prefix, self.public_url)
        check_engine(self._runtime, exclusive_engine=exclusive_engine)
        return hub_middleware(app, self.app, prefix, self.start_soon)

    def init_app(self, app: "flask.Flask", prefix: str, *, exclusive_engine: bool = False) -> None:
        """Put the hub under `prefix` of a Flask application, as `wsgi_middleware` does.

        The hub is `app.extensions["connect_hub"]` (a second one `"connect_hub:<its prefix>"`), and plain
        callbacks run in the application's context; called for several applications, in the last one's.
        """
        from connect_hub.hosts.flask import init_app

        init_app(self, app, prefix, exclusive_engine=exclusive_engine)

    def lifespan(self, app: object = None) -> AbstractAsyncContextManager[None]:
        """For `Starlette(lifespan=hub.lifespan)`, or to be entered by a lifespan of the host's own.

        Not needed: it only starts deliveries before the first request, and ends them in good order. Warns
        where the hub is mounted in `app` elsewhere than `public_url` says.
        """
        from connect_hub.hosts.mounting import misplaced

        fault = misplaced(app, self.app, self.public_url)
        if fault is not None:
            log.warning("%s", fault)
        return self._runtime.running()

    def working(self, *, dispatch: bool) -> AbstractAsyncContextManager[None]:
        """For a script or a worker: set up on entering, ended in good order.

        `dispatch`: whether it delivers events, whatever `config.dispatch` says. Raises what `check` raises.
        """
        return self._runtime.working(dispatch=dispatch)

    def start_soon(self) -> None:
        """Begin deliveries, without waiting, from any thread. For the adapters of hosts, at every request."""
        self._runtime.start_soon()

    async def aclose(self) -> None:
        """End deliveries in good order and close connections. A later use of the hub begins anew."""
        await self._runtime.stop()

    @property
    def redirect_uris(self) -> Mapping[str, str]:
        """The redirect URI to register at each provider that is signed in to with OAuth."""
        return {key: f"{self.public_url}/oauth/callback/{key}" for key in self.connectors.oauth_keys}

    # --- what a host calls ---

    @overload
    def on(
        self, *events: str, name: str | None = None, in_transaction: Literal[False] = False
    ) -> Callable[[HandlerT], HandlerT]: ...

    @overload
    def on(
        self, *events: str, name: str | None = None, in_transaction: Literal[True]
    ) -> Callable[[TransactionHandlerT], TransactionHandlerT]: ...

    def on(self, *events: str, name: str | None = None, in_transaction: bool = False) -> object:
        """Register the decorated function for `events`: see `Callbacks.on`."""
        if in_transaction:
            return self.callbacks.on(*events, name=name, in_transaction=True)
        return self.callbacks.on(*events, name=name)

    async def wait_for_account(
        self, session_id: int, *, project: str = "default", wait: timedelta | None = None
    ) -> Account:
        """Wait for the account that a session leads to, its first one, whichever process the customer uses.

        Raises SessionNotFound; LinkRevoked or LinkExpired when nothing can come any more; AccountNotFound if
        it was deleted meanwhile; TimeoutError after `wait` (None: no end but the session's).
        """
        return await self._live.account(session_id, project=project, wait=wait)

    def listen(self, *events: str, project: str = "default") -> AsyncIterator[Event]:
        """Events as they happen, from the first step of the loop on: `async for event in hub.listen():`.

        For what is shown live. It never ends by itself, and nothing is kept for it: what must not be lost is
        for `on`. Link events are there only where somebody subscribed to them. With names, only these; raises
        ConfigurationError for one that is no event.
        """
        return self._live.events(*events, project=project)

    async def check(self) -> None:
        """Check what the hub needs at run time: its tables, and that the keys open what is stored.

        Raises MissingTables, WrongKeys or StorageUnavailable.
        """
        await self._runtime.ready()

    async def credentials(self, account_id: str, *, project: str = "default") -> Credentials:
        """The account's live credentials, refreshed first if due. For what `client` cannot do.

        Raises AccountNotFound, AccountInactive, AccountSuspended, CredentialsExpired or RefreshFailed.
        """
        return (await self._credentials.live(account_id, project=project)).credentials

    @asynccontextmanager
    async def client(
        self, account_id: str, *, project: str = "default"
    ) -> "AsyncIterator[httpx2.AsyncClient]":
        """An HTTP client with the account's base URL and live credentials; it refreshes by itself.

        It calls the provider's host and no other, follows no redirect, and renews once after a 401. Raises
        what `credentials` raises, on entering and on any later request.
        """
        base_url, auth = await self._account_auth(account_id, project)
        told = self._activity.calling(account_id)
        async with self._outbound.outbound.client(base_url, auth=auth, told=told) as client:
            yield client

    async def _account_auth(self, account_id: str, project: str) -> "tuple[str, RefreshingAuth[Credentials]]":
        from connect_hub.net.auth import RefreshingAuth

        live = await self._credentials.live(account_id, project=project)

        async def headers_of(refused: Credentials | None) -> tuple[Mapping[str, str], Credentials]:
            now = await self._credentials.live(account_id, project=project, refused=refused)
            return now.engine.request_headers(now.credentials), now.credentials

        return live.engine.base_url(live.credentials), RefreshingAuth(headers_of)
