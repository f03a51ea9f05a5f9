"""`hub.sync`: the flows for code that does not await. Written once, as coroutines; these wait for them."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar

from connect_hub.credentials import Credentials
from connect_hub.flows.accounts import Accounts, Owners
from connect_hub.flows.api_keys import ApiKeys
from connect_hub.flows.attempts import Attempts
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.connector_settings import ConnectorsOfProject
from connect_hub.flows.endpoints import Endpoints
from connect_hub.flows.event_history import Events
from connect_hub.flows.links import Links
from connect_hub.flows.operators import Operators
from connect_hub.flows.sessions import Sessions
from connect_hub.flows.triggers import Triggers
from connect_hub.flows.upkeep import Upkeep
from connect_hub.models import Account
from connect_hub.runtime import Runtime

if TYPE_CHECKING:
    import httpx2

    from connect_hub.hub import ConnectHub

__all__ = ["SyncHub"]

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F")


class _Blocking(Generic[F]):
    """The twin of one flow, called `name` on the hub."""

    def __init__(self, flow: F, runtime: Runtime, name: str) -> None:
        self.flow = flow
        self.runtime = runtime
        self.name = name


def _blocking(
    method: Callable[Concatenate[F, P], Coroutine[object, object, T]],
) -> Callable[Concatenate[_Blocking[F], P], T]:
    def call(self: _Blocking[F], /, *args: P.args, **kwargs: P.kwargs) -> T:
        runtime, name = self.runtime, f"hub.{self.name}.{call.__name__}"
        # The host's own transaction: its connection stays in the thread that it is used in.
        run = runtime.run if kwargs.get("connection") is None else runtime.run_here
        return run(method(self.flow, *args, **kwargs), name=name)

    call.__doc__ = method.__doc__
    call.__name__ = getattr(method, "__name__", "call")
    return call


class SyncSessions(_Blocking[Sessions]):
    """`hub.sessions`."""

    create = _blocking(Sessions.create)
    authenticate = _blocking(Sessions.authenticate)
    get = _blocking(Sessions.get)
    list = _blocking(Sessions.list)
    revoke = _blocking(Sessions.revoke)


class SyncLinks(_Blocking[Links]):
    """`hub.links`."""

    create = _blocking(Links.create)
    get = _blocking(Links.get)
    list = _blocking(Links.list)
    renew = _blocking(Links.renew)
    revoke = _blocking(Links.revoke)


class SyncAttempts(_Blocking[Attempts]):
    """`hub.attempts`."""

    timeline = _blocking(Attempts.timeline)
    funnel = _blocking(Attempts.funnel)


class SyncAccounts(_Blocking[Accounts]):
    """`hub.accounts`."""

    get = _blocking(Accounts.get)
    list = _blocking(Accounts.list)
    change = _blocking(Accounts.change)
    convert = _blocking(Accounts.convert)
    suspend = _blocking(Accounts.suspend)
    resume = _blocking(Accounts.resume)
    delete = _blocking(Accounts.delete)


class SyncOwners(_Blocking[Owners]):
    """`hub.owners`."""

    doubts = _blocking(Owners.doubts)
    erase = _blocking(Owners.erase)


class SyncApiKeys(_Blocking[ApiKeys]):
    """`hub.api_keys`."""

    create = _blocking(ApiKeys.create)
    list = _blocking(ApiKeys.list)
    revoke = _blocking(ApiKeys.revoke)


class SyncAudit(_Blocking[AuditLog]):
    """`hub.audit`."""

    list = _blocking(AuditLog.list)


class SyncOperators(_Blocking[Operators]):
    """`hub.operators`."""

    add = _blocking(Operators.add)
    list = _blocking(Operators.list)
    revoke = _blocking(Operators.revoke)


class SyncTriggers(_Blocking[Triggers]):
    """`hub.triggers`."""

    get = _blocking(Triggers.get)
    rotate = _blocking(Triggers.rotate)


class SyncConnectorSettings(_Blocking[ConnectorsOfProject]):
    """`hub.connector_settings`."""

    list = _blocking(ConnectorsOfProject.list)
    get = _blocking(ConnectorsOfProject.get)
    enable = _blocking(ConnectorsOfProject.enable)
    disable = _blocking(ConnectorsOfProject.disable)
    configure = _blocking(ConnectorsOfProject.configure)
    remove_client = _blocking(ConnectorsOfProject.remove_client)


class SyncEndpoints(_Blocking[Endpoints]):
    """`hub.endpoints`."""

    create = _blocking(Endpoints.create)
    list = _blocking(Endpoints.list)
    get = _blocking(Endpoints.get)
    change = _blocking(Endpoints.change)
    delete = _blocking(Endpoints.delete)
    rotate = _blocking(Endpoints.rotate)
    disable = _blocking(Endpoints.disable)
    enable = _blocking(Endpoints.enable)
    test = _blocking(Endpoints.test)


class SyncEvents(_Blocking[Events]):
    """`hub.events`."""

    list = _blocking(Events.list)
    get = _blocking(Events.get)
    deliveries = _blocking(Events.deliveries)
    delivery = _blocking(Events.delivery)
    resend = _blocking(Events.resend)
    replay = _blocking(Events.replay)


class SyncUpkeep(_Blocking[Upkeep]):
    """`hub.upkeep`."""

    purge = _blocking(Upkeep.purge)
    backlog = _blocking(Upkeep.backlog)


class SyncHub:
    """What `ConnectHub` does, waited for. Callable from any thread without an event loop."""

    def __init__(self, hub: "ConnectHub", runtime: Runtime) -> None:
        self._hub = hub
        self._runtime = runtime
        self.sessions = SyncSessions(hub.sessions, runtime, "sessions")
        self.links = SyncLinks(hub.links, runtime, "links")
        self.attempts = SyncAttempts(hub.attempts, runtime, "attempts")
        self.accounts = SyncAccounts(hub.accounts, runtime, "accounts")
        self.owners = SyncOwners(hub.owners, runtime, "owners")
        self.api_keys = SyncApiKeys(hub.api_keys, runtime, "api_keys")
        self.audit = SyncAudit(hub.audit, runtime, "audit")
        self.operators = SyncOperators(hub.operators, runtime, "operators")
        self.triggers = SyncTriggers(hub.triggers, runtime, "triggers")
        self.connector_settings = SyncConnectorSettings(hub.connector_settings, runtime, "connector_settings")
        self.endpoints = SyncEndpoints(hub.endpoints, runtime, "endpoints")
        self.events = SyncEvents(hub.events, runtime, "events")
        self.upkeep = SyncUpkeep(hub.upkeep, runtime, "upkeep")

    def check(self) -> None:
        """See `ConnectHub.check`."""
        self._runtime.run(self._hub.check(), name="hub.check")

    def wait_for_account(
        self, session_id: int, *, project: str = "default", wait: timedelta | None = None
    ) -> Account:
        """See `ConnectHub.wait_for_account`. It holds this thread: give it a `wait`."""
        waiting = self._hub.wait_for_account(session_id, project=project, wait=wait)
        return self._runtime.run(waiting, name="hub.wait_for_account")

    def credentials(self, account_id: str, *, project: str = "default") -> Credentials:
        """See `ConnectHub.credentials`."""
        return self._runtime.run(self._hub.credentials(account_id, project=project), name="hub.credentials")

    @contextmanager
    def client(self, account_id: str, *, project: str = "default") -> "Iterator[httpx2.Client]":
        """See `ConnectHub.client`; answers are read whole."""
        base_url, auth = self._runtime.run(self._hub._account_auth(account_id, project), name="hub.client")
        told = self._hub._activity.calling(account_id)
        outbound = self._hub._outbound.outbound
        with outbound.sync_client(base_url, auth=auth, told=told, portal=self._runtime) as client:
            yield client
