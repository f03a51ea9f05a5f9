"""What operators set for the connectors of a project: whether each is on, and its OAuth client."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from connect_hub.audit import AuditAction, AuditEntry, current_actor
from connect_hub.clock import iso
from connect_hub.connectors.offer import Offer
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.errors import ConnectorReadOnly, FieldError, ValidationFailed
from connect_hub.flows.audit import AuditLog, changed
from connect_hub.flows.client_secrets import sealed_secret
from connect_hub.flows.core import Core
from connect_hub.models import Account, Json
from connect_hub.secret import Secret
from connect_hub.storage.protocol import AccountQuery, ConnectorSettings

__all__ = ["Client", "ConnectorState", "ConnectorsOfProject"]

_LONGEST = {"client_id": 255, "client_secret": 4096, "scopes": 4096}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An OAuth client, as those may see it who do not get to see its secret."""

    source: str
    """`code`, or `database` for one that operators set."""
    id: str
    has_secret: bool
    is_readable: bool = True
    """False: the key that sealed its secret is gone, so that it is of no use until it is set anew."""
    secret_set_at: datetime | None = None
    """None: there is none, or it is set in code."""
    secret_set_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorState:
    """One connector on one project."""

    connector: EnabledConnector = field(repr=False)
    is_active: bool
    """Whether customers can connect it, and its accounts are not inactive."""
    is_allowed: bool
    """Whether code leaves it on the project; one that it does not cannot be enabled."""
    is_enabled: bool
    """What operators said."""
    has_oauth: bool
    needs_client: bool
    """Whether nobody can sign in to it without a client."""
    client: Client | None
    stored_client_id: str | None
    """What operators set; without effect while code has a client."""
    scopes: tuple[str, ...] | None
    """Asked for instead of the definition's; None: those."""
    scopes_source: str | None
    redirect_uri: str
    """To register at the provider; empty: it is not signed in to with OAuth."""

    @property
    def key(self) -> str:
        return self.connector.key

    @property
    def state(self) -> Literal["active", "no_client", "disabled", "left_out"]:
        """What it comes to; `left_out` by code, `disabled` by an operator."""
        if not self.is_allowed:
            return "left_out"
        if not self.is_enabled:
            return "disabled"
        return "active" if self.is_active else "no_client"


class ConnectorsOfProject:
    """Everything here takes effect with the next request, in every process: settings are read anew."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._audit = AuditLog(core)

    async def list(self, *, project: str = "default") -> list[ConnectorState]:
        """All connectors of the hub, in the order of configuration."""
        await self._core.ready()
        offer = await self._core.offer(project)
        return [self._state(offer, key) for key in self._core.connectors]

    async def get(self, key: str, *, project: str = "default") -> ConnectorState:
        """One connector. Raises ConnectorNotFound."""
        await self._core.ready()
        return self._state(await self._core.offer(project), key)

    async def enable(self, key: str, *, project: str = "default") -> ConnectorState:
        """Offer it, and let its accounts be used. Raises ConnectorReadOnly where code leaves it out."""
        state = await self.get(key, project=project)
        if not state.is_allowed:
            raise ConnectorReadOnly(
                f"Code leaves the connector {key!r} out of this project: add it to Project(connectors=…)."
            )
        return await self._change(
            key, project, AuditAction.CONNECTOR_ENABLED, lambda one: replace(one, enabled=True)
        )

    async def disable(self, key: str, *, project: str = "default") -> ConnectorState:
        """Offer it no more. Its accounts stay, and are inactive until it is enabled."""
        await self.get(key, project=project)
        return await self._change(
            key, project, AuditAction.CONNECTOR_DISABLED, lambda one: replace(one, enabled=False)
        )

    async def configure(
        self,
        key: str,
        *,
        client_id: str,
        client_secret: Secret | str | None = None,
        public: bool = False,
        scopes: Sequence[str] = (),
        project: str = "default",
    ) -> ConnectorState:
        """Set the OAuth client that the project has at the provider.

        Without `client_secret` the one that is stored stays, as long as the client id does; `public` says
        that the client has none. No scopes: the definition's. Raises ValidationFailed, naming each field
        that is wrong; ConnectorReadOnly where code has the client, or the scopes.
        """
        state = await self.get(key, project=project)
        secret = _typed(client_secret)
        client_id, wanted = client_id.strip(), tuple(dict.fromkeys(scopes))
        self._refuse(state, client_id, secret, public=public, scopes=wanted)
        now, actor = self._core.clock.now(), current_actor()

        def change(settings: ConnectorSettings) -> ConnectorSettings:
            changed = replace(settings, client_id=client_id, scopes=wanted or None)
            if secret is None and not public:
                if settings.client_id != client_id:  # another operator was faster
                    raise ValidationFailed(_secret_missing())
                return changed
            changed = sealed_secret(self._core.vault, changed, secret)
            return replace(
                changed,
                secret_set_at=None if secret is None else now,
                secret_set_by=None if secret is None or actor is None else actor.name,
            )

        return await self._change(key, project, AuditAction.CONNECTOR_CONFIGURED, change)

    async def remove_client(self, key: str, *, project: str = "default") -> ConnectorState:
        """Forget the client that operators set, its secret and scopes. What signs in with it is inactive."""
        await self.get(key, project=project)

        def change(settings: ConnectorSettings) -> ConnectorSettings:
            if settings.client_id is None and settings.sealed is None:
                return settings
            without = sealed_secret(self._core.vault, settings, None)
            return replace(without, client_id=None, scopes=None, secret_set_at=None, secret_set_by=None)

        return await self._change(key, project, AuditAction.CONNECTOR_CLIENT_REMOVED, change)

    async def affected(
        self, key: str, *, oauth_only: bool, limit: int = 10, project: str = "default"
    ) -> tuple[Account, ...]:
        """Accounts of the connector, newest first: all of them, which are inactive while it is disabled; or
        with `oauth_only` those that signed in with OAuth, whose tokens belong to the client that they were
        given to. Raises ConnectorNotFound."""
        methods = (await self.get(key, project=project)).connector.definition.methods
        query = AccountQuery(
            project_id=project,
            providers=frozenset({key}),
            methods=frozenset(m.name for m in methods if m.type == "oauth2") if oauth_only else frozenset(),
            limit=limit,
        )
        return tuple(await self._core.storage.accounts(query))

    # --- shared ---

    async def _change(
        self,
        key: str,
        project: str,
        action: AuditAction,
        change: Callable[[ConnectorSettings], ConnectorSettings],
    ) -> ConnectorState:
        def note(before: ConnectorSettings, after: ConnectorSettings) -> AuditEntry | None:
            was, becomes = changed(_told(before), _told(after))
            return self._audit.entry(project, action, key, before=was, after=becomes)

        now = self._core.clock.now()
        await self._core.storage.change_connector(project, key, change, now=now, note=note)
        return await self.get(key, project=project)

    def _state(self, offer: Offer, key: str) -> ConnectorState:
        registry, connector, settings = self._core.connectors, offer.get(key), offer.settings(key)
        given, has_oauth = registry.given(key), registry.has_oauth(key)
        scopes = given.scopes if given.scopes is not None else None if settings is None else settings.scopes
        source = "code" if given.scopes is not None else "database"
        return ConnectorState(
            connector=connector,
            is_active=key in offer,
            is_allowed=offer.is_allowed(key),
            is_enabled=settings is None or settings.enabled,
            has_oauth=has_oauth,
            needs_client=registry.needs_client(key),
            client=self._client(offer, key),
            stored_client_id=None if settings is None else settings.client_id,
            scopes=None if scopes is None else tuple(scopes),
            scopes_source=None if scopes is None else source,
            redirect_uri=f"{self._core.public_url}/oauth/callback/{key}" if has_oauth else "",
        )

    def _client(self, offer: Offer, key: str) -> Client | None:
        given, settings = self._core.connectors.given(key), offer.settings(key)
        if given.client_id:
            return Client(source="code", id=given.client_id, has_secret=given.secret is not None)
        if settings is None or settings.client_id is None:
            return None
        return Client(
            source="database",
            id=settings.client_id,
            has_secret=settings.sealed is not None,
            is_readable=offer.get(key).client is not None,
            secret_set_at=settings.secret_set_at,
            secret_set_by=settings.secret_set_by,
        )

    def _refuse(
        self,
        state: ConnectorState,
        client_id: str,
        secret: Secret | None,
        *,
        public: bool,
        scopes: Sequence[str],
    ) -> None:
        if not state.has_oauth:
            raise ValidationFailed(FieldError("client_id", "this connector does not sign in with OAuth"))
        if state.client is not None and state.client.source == "code":
            raise ConnectorReadOnly(f"The OAuth client of {state.key!r} is set in code, and changed there.")
        if scopes and state.scopes_source == "code":
            raise ConnectorReadOnly(f"The scopes of {state.key!r} are set in code, and changed there.")
        problems = [
            *_odd("client_id", client_id, spaces=False),
            *([] if secret is None else _odd("client_secret", secret.reveal(), spaces=True)),
            *(problem for scope in scopes for problem in _odd("scopes", scope, spaces=False)),
        ]
        if not client_id:
            problems.append(FieldError("client_id", "is required: the provider gave it to you"))
        if secret is not None and public:
            problems.append(FieldError("client_secret", "a public client has none: leave one of the two out"))
        stored = state.client
        keeps = stored is not None and stored.id == client_id and stored.is_readable
        if secret is None and not public and not keeps:
            problems.append(_secret_missing())
        if sum(map(len, scopes)) > _LONGEST["scopes"]:
            problems.append(FieldError("scopes", f"is longer than {_LONGEST['scopes']} characters"))
        if problems:
            raise ValidationFailed(*problems)


def _typed(secret: Secret | str | None) -> Secret | None:
    """What was typed, without the spaces that copying adds; None: nothing."""
    text = (secret.reveal() if isinstance(secret, Secret) else secret or "").strip()
    return Secret(text) if text else None


def _secret_missing() -> FieldError:
    return FieldError("client_secret", "is required for this client id, unless it is a public client")


def _odd(name: str, text: str, *, spaces: bool) -> list[FieldError]:
    """What RFC 6749 (appendix A) has no place for, and what is too long."""
    if len(text) > _LONGEST[name]:
        return [FieldError(name, f"is longer than {_LONGEST[name]} characters")]
    if not text.isascii() or not all(c.isprintable() and (spaces or c != " ") for c in text):
        return [FieldError(name, "has a space or another odd character in it")]
    if name == "scopes" and any(c in '"\\' for c in text):
        return [FieldError(name, "has a quotation mark or a backslash in it")]
    return []


def _told(settings: ConnectorSettings) -> Mapping[str, Json]:
    """What the audit log says of settings: of a secret, since when there is one."""
    set_at = settings.secret_set_at
    return {
        "enabled": settings.enabled,
        "client_id": settings.client_id,
        "client_secret": None if set_at is None else f"set {iso(set_at)}",
        "scopes": None if settings.scopes is None else " ".join(settings.scopes),
    }
