"""One try at one provider: its form, what was typed, the test, the hop to the provider's sign-in and back."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from connect_hub.auth.callback import callback_error, check_issuer, parse_callback
from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.auth.pkce import challenge, new_verifier
from connect_hub.connectors.methods import Method, OAuth2Method
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.connectors.values import FieldValues
from connect_hub.errors import (
    AttemptNotFound,
    ConnectHubError,
    ConnectorNotFound,
    CredentialsUnreadable,
    FieldError,
    ProviderError,
    StateInvalid,
    StorageUnavailable,
)
from connect_hub.flows.core import Core
from connect_hub.flows.linking import Linking, NewConnection
from connect_hub.flows.visits import LiveVisit, Visits, offered
from connect_hub.identity import Visitor
from connect_hub.models import Account, Attempt, AttemptStatus, OAuthState, ProviderIdentity, Session
from connect_hub.secret import Secret
from connect_hub.storage import rules
from connect_hub.storage.protocol import AccountQuery

__all__ = ["Choice", "ConnectForm", "Connecting", "Finished", "Rejected", "shown_identity"]

_MOST_ACCOUNTS = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """A connector that the visit may connect, and the account of it that the visit may see."""

    connector: EnabledConnector
    account: Account | None


@dataclass(frozen=True, slots=True)
class ConnectForm:
    """A form to be filled in."""

    connector: EnabledConnector
    method: Method
    attempt_id: str
    """Names this try: sent back with the form, so that a form sent twice is one try."""
    nonce: str = field(repr=False)
    variables: Mapping[str, str]
    """Values that are known already."""
    account: Account | None
    """The account that will be reconnected."""
    stored: Mapping[str, Secret] = field(default_factory=dict)
    """Its secrets, by field key: to show that they are there, and to keep them where nothing is typed."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The form was not accepted: to be shown again, with everything that was typed."""

    form: ConnectForm
    errors: tuple[FieldError, ...] = ()
    error: ConnectHubError | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt went on: see its status."""

    visit_name: str
    attempt_id: str


class Connecting:
    """What a visit can do with providers. Every method checks that the session allows the provider."""

    def __init__(self, core: Core, visits: Visits, linking: Linking) -> None:
        self._core = core
        self._visits = visits
        self._linking = linking

    # --- choosing ---

    async def choices(self, live: LiveVisit) -> list[Choice]:
        """What the list shows, in the order of configuration."""
        session = live.session
        accounts = await self._visible_accounts(session)
        connectors = offered(self._core, session)
        if session.account_id is not None:
            wanted = {account.provider for account in accounts if account.id == session.account_id}
            connectors = tuple(c for c in connectors if c.key in wanted)
        return [Choice(connector, _newest(accounts, connector.key)) for connector in connectors]

    async def _visible_accounts(self, session: Session, provider: str | None = None) -> list[Account]:
        """The owner's accounts that a holder of this link may see and touch.

        A link is a bearer token that may be forwarded: by itself it opens only what it was made for or has
        made.
        """
        query = AccountQuery(
            project_id=session.project_id,
            origin_owner_ids=frozenset({session.origin_owner_id}),
            providers=frozenset() if provider is None else frozenset({provider}),
            limit=_MOST_ACCOUNTS,
        )
        return [
            account
            for account in await self._core.storage.accounts(query)
            if account.type is session.type
            and (session.manage or account.id == session.account_id or account.session_id == session.id)
        ]

    def _connector(self, session: Session, provider: str) -> EnabledConnector:
        for connector in offered(self._core, session):
            if connector.key == provider:
                return connector
        raise ConnectorNotFound

    async def form(self, live: LiveVisit, provider: str, method: str | None = None) -> ConnectForm:
        """An empty form, or one filled with what is known. Writes nothing.

        Raises ConnectorNotFound for a provider that the session does not allow or a method that is not
        offered.
        """
        session = live.session
        rules.refuse_unless_connectable(session, provider=provider, connected_before=False)
        connector = self._connector(session, provider)
        try:
            chosen = connector.method(method)
        except KeyError:
            raise ConnectorNotFound from None
        attempt_id = "att_" + secrets.token_hex(16)
        account = await self._reconnected(session, provider)
        known = {f.key for f in connector.definition.fields_of(chosen) if not f.secret}
        variables = {k: v for k, v in (session.setup_information or {}).items() if k in known}
        stored: Mapping[str, Secret] = {}
        if account is not None:
            variables |= {k: v for k, v in account.setup_information.items() if k in known}
            stored = await self._stored_secrets(account, connector, chosen)
        return ConnectForm(
            connector, chosen, attempt_id, self._nonce(live, provider, attempt_id), variables, account, stored
        )

    async def _reconnected(self, session: Session, provider: str) -> Account | None:
        accounts = await self._visible_accounts(session, provider)
        if session.account_id is not None:
            return next((a for a in accounts if a.id == session.account_id), None)
        return None if session.multiple else _newest(accounts, provider)

    async def _stored_secrets(
        self, account: Account, connector: EnabledConnector, method: Method
    ) -> Mapping[str, Secret]:
        if isinstance(method, OAuth2Method) or account.method != method.name:
            return {}
        found = await self._core.storage.stored_credentials(account.id, project_id=account.project_id)
        if found is None or found.sealed is None:
            return {}
        try:
            credentials = self._core.vault.open_credentials(
                found.sealed,
                project_id=account.project_id,
                account_id=account.id,
                generation=found.account.generation,
            )
        except CredentialsUnreadable:
            return {}
        asked = {f.key for f in connector.definition.fields_of(method) if f.secret}
        return {name: secret for name, secret in credentials.secrets.items() if name in asked}

    def _nonce(self, live: LiveVisit, provider: str, attempt_id: str) -> str:
        return self._core.nonces.make("attempt", live.visit.secret_hash.hex(), provider, attempt_id)

    def check_nonce(self, live: LiveVisit, provider: str, attempt_id: str, nonce: str) -> None:
        """Raise FormExpired unless `nonce` was made for this visit, provider and attempt."""
        self._core.nonces.check(
            nonce,
            "attempt",
            live.visit.secret_hash.hex(),
            provider,
            attempt_id,
            max_age=self._core.config.links.visit_absolute,
        )

    # --- a form was sent ---

    async def submit(
        self,
        live: LiveVisit,
        provider: str,
        method: str | None,
        values: Mapping[str, str],
        *,
        attempt_id: str,
        nonce: str,
    ) -> Rejected | Finished:
        """Try what was typed. Nothing is stored before it has passed its test at the provider.

        A form sent twice, at once or later, gives the one result. Raises FormExpired, ConnectorNotFound,
        LinkUsed, LinkRevoked.
        """
        await self._core.ready()
        session = live.session
        connector = self._connector(session, provider)
        self.check_nonce(live, provider, attempt_id, nonce)
        before = await self._core.storage.attempt(attempt_id)
        if before is not None and before.status is AttemptStatus.AUTHENTICATED:
            return Finished(live.visit.name, attempt_id)
        form = await self.form(live, provider, method)
        read = connector.read(form.method, values, kept=form.stored)
        if read.errors:
            return Rejected(form, read.errors)
        typed = replace(read, secrets={**form.stored, **read.secrets})
        now = self._core.clock.now()
        attempt = Attempt(
            id=attempt_id,
            session_id=session.id,
            project_id=session.project_id,
            provider=provider,
            method=form.method.name,
            visit_name=live.visit.name,
            values=dict(read.variables),
            created_at=now,
            updated_at=now,
        )
        if before is None:
            await self._core.storage.save_attempt(attempt)
        elif before.session_id != session.id:
            raise AttemptNotFound
        engine = self._core.engines.of(connector, form.method.name)
        try:
            if isinstance(engine, OAuth2Engine):
                await self._send_away(engine, attempt, live, typed)
                return Finished(live.visit.name, attempt_id)
            credentials = await engine.obtain(typed)
            identity = await engine.probe(credentials)
        except ProviderError as error:
            await self._linking.failed(attempt, error)
            return Rejected(form, error=error)
        return await self._commit(
            live, attempt, connector, NewConnection(credentials, identity, read.variables)
        )

    async def _commit(
        self,
        live: LiveVisit,
        attempt: Attempt,
        connector: EnabledConnector,
        connection: NewConnection,
        *,
        accept_other_identity: bool = False,
    ) -> Finished:
        try:
            await self._linking.link(
                live.session, attempt, connector, connection, accept_other_identity=accept_other_identity
            )
        except StorageUnavailable:
            raise
        except Exception:  # noqa: S110  # recorded in the attempt and logged
            # The page of the attempt tells the customer what became of it, on reload as well.
            pass
        return Finished(live.visit.name, attempt.id)

    # --- the provider's own sign-in ---

    def redirect_uri(self, provider: str) -> str:
        """The redirect URI to register at the provider."""
        return f"{self._core.public_url}/oauth/callback/{provider}"

    async def _send_away(
        self, engine: OAuth2Engine, attempt: Attempt, live: LiveVisit, values: FieldValues
    ) -> None:
        state, verifier = secrets.token_urlsafe(32), new_verifier()
        redirect_uri = self.redirect_uri(attempt.provider)
        url = engine.authorization_url(
            values, redirect_uri=redirect_uri, state=state, code_challenge=challenge(verifier)
        )
        document = {
            "url": url,
            "verifier": verifier,
            "variables": dict(values.variables),
            "secrets": {name: secret.reveal() for name, secret in values.secrets.items()},
        }
        now = self._core.clock.now()
        await self._core.storage.save_state(
            OAuthState(
                state_hash=_digest(state),
                attempt_id=attempt.id,
                session_id=attempt.session_id,
                project_id=attempt.project_id,
                provider=attempt.provider,
                method=engine.method.name,
                visit_name=live.visit.name,
                redirect_uri=redirect_uri,
                sealed=self._core.vault.seal(
                    json.dumps(document).encode(),
                    project_id=attempt.project_id,
                    account_id=attempt.id,
                    field="oauth_state",
                    generation=0,
                ),
                issuer=engine.method.issuer,
                created_at=now,
                expires_at=now + self._core.config.links.oauth_state_lifetime,
            )
        )
        await self._core.storage.save_attempt(
            replace(attempt, status=AttemptStatus.REDIRECTED, updated_at=self._core.clock.now())
        )

    def _open_state(self, state: OAuthState) -> dict[str, object]:
        document: dict[str, object] = json.loads(
            self._core.vault.open(
                state.sealed,
                project_id=state.project_id,
                account_id=state.attempt_id,
                field="oauth_state",
                generation=0,
            )
        )
        return document

    async def destination(self, live: LiveVisit, attempt_id: str) -> tuple[EnabledConnector, str]:
        """Where a redirected attempt's browser is to go. Writes nothing. Raises StateInvalid."""
        attempt = await self.attempt(live, attempt_id)
        state = await self._core.storage.state_of_attempt(attempt_id)
        if state is None or state.visit_name != live.visit.name or state.expires_at <= self._core.clock.now():
            raise StateInvalid
        return self._connector(live.session, attempt.provider), str(self._open_state(state)["url"])

    async def finish(
        self,
        provider: str,
        pairs: Iterable[tuple[str, str]],
        *,
        cookies: Mapping[str, str],
        visitor: Visitor,
    ) -> Finished:
        """The browser is back from the provider with `pairs`.

        Checked in this order, and nothing is sent anywhere before all of it holds: the parameters' shape,
        the state, the cookie of the browser that began, the callback's address, the issuer, the binding;
        then the state is used up, by one caller alone. Raises StateInvalid, CookieMissing, VisitExpired,
        BindingRefused.
        """
        await self._core.ready()
        callback = parse_callback(pairs)
        state = await self._core.storage.state(_digest(callback.state))
        now = self._core.clock.now()
        if state is None or state.expires_at <= now:
            raise StateInvalid
        live = await self._visits.resume(
            state.visit_name, cookies.get(state.visit_name), visitor=None, finishing=True
        )
        if live.session.id != state.session_id or state.provider != provider:
            raise StateInvalid
        if state.redirect_uri != self.redirect_uri(provider):
            raise StateInvalid
        if state.used_at is not None:
            # Back, reload, or a second tab: the result stands.
            return Finished(state.visit_name, state.attempt_id)
        connector = self._connector(live.session, provider)
        engine = self._core.engines.of(connector, state.method)
        if not isinstance(engine, OAuth2Engine):
            raise StateInvalid
        check_issuer(engine.method, callback.iss)
        await self._visits.require_binding(live.session, visitor)
        attempt = await self.attempt(live, state.attempt_id)
        if await self._core.storage.use_state(state.state_hash, now=now) is None:
            return Finished(state.visit_name, state.attempt_id)
        try:
            if callback.code is None:
                raise callback_error(callback)
            connection = await self._exchange(engine, connector, callback.code, state)
        except ProviderError as error:
            await self._linking.failed(attempt, error)
            return Finished(state.visit_name, state.attempt_id)
        return await self._commit(live, attempt, connector, connection)

    async def _exchange(
        self, engine: OAuth2Engine, connector: EnabledConnector, code: Secret, state: OAuthState
    ) -> NewConnection:
        document = self._open_state(state)
        variables, typed = document["variables"], document["secrets"]
        assert isinstance(variables, dict)
        assert isinstance(typed, dict)
        values = FieldValues(variables, {name: Secret(text) for name, text in typed.items()})
        credentials = await engine.exchange(
            code,
            redirect_uri=state.redirect_uri,
            code_verifier=Secret(str(document["verifier"])),
            values=values,
        )
        try:
            identity = await engine.probe(credentials)
        except ProviderError:
            self._linking.abandon(connector, credentials)
            raise
        return NewConnection(credentials, identity, variables, engine.scopes)

    # --- results ---

    async def attempt(self, live: LiveVisit, attempt_id: str) -> Attempt:
        """An attempt of this visit's session. Raises AttemptNotFound."""
        attempt = await self._core.storage.attempt(attempt_id)
        if attempt is None or attempt.session_id != live.session.id:
            raise AttemptNotFound
        return attempt

    async def accept_other(self, live: LiveVisit, attempt_id: str, nonce: str) -> Finished:
        """Connect the other account at the provider that the attempt holds: the customer said so."""
        attempt = await self.attempt(live, attempt_id)
        self.check_nonce(live, attempt.provider, attempt_id, nonce)
        if attempt.status is not AttemptStatus.AUTHENTICATED:
            connector = self._connector(live.session, attempt.provider)
            connection = self._linking.held(attempt)
            await self._commit(live, attempt, connector, connection, accept_other_identity=True)
        return Finished(live.visit.name, attempt_id)

    async def other(self, live: LiveVisit, attempt: Attempt) -> tuple[str, str, str]:
        """(name of the account that is connected, name of the one that is held, nonce to accept it with)."""
        held = self._linking.held(attempt).identity
        account = await self._reconnected(live.session, attempt.provider)
        before = None if account is None else account.identity
        return (
            "" if before is None else shown_identity(before),
            "" if held is None else shown_identity(held),
            self._nonce(live, attempt.provider, attempt.id),
        )

    async def discard_other(self, live: LiveVisit, attempt_id: str) -> None:
        """Forget the other account that the attempt holds."""
        attempt = await self.attempt(live, attempt_id)
        if attempt.held is not None:
            await self._linking.discard(attempt, self._connector(live.session, attempt.provider))


def shown_identity(identity: ProviderIdentity) -> str:
    """What a person knows an account at a provider by."""
    return identity.name or identity.email or identity.id


def _newest(accounts: Iterable[Account], provider: str) -> Account | None:
    return next((account for account in accounts if account.provider == provider), None)


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
