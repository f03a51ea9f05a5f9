"""What a visit may connect: the list, the form of one provider, and the accounts that both may show."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connect_hub.connectors.methods import ClientCredentialsMethod, Method, OAuth2Method
from connect_hub.connectors.offer import Offer
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.errors import AccountNotFound, ConnectorNotFound, CredentialsUnreadable, FieldError
from connect_hub.flows.core import Core
from connect_hub.flows.visits import LiveVisit, offered
from connect_hub.message import Message
from connect_hub.models import Account, AttemptStatus, Session
from connect_hub.secret import Secret
from connect_hub.storage import rules
from connect_hub.storage.protocol import AccountQuery

__all__ = ["Choice", "Choosing", "ConnectForm", "Integration", "integrations"]

_MOST = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """A connector that the visit may connect, and the account of it that the visit may see."""

    connector: EnabledConnector
    account: Account | None
    finished: bool
    """The link has connected it, and may not connect it again."""


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
    stored_for: Mapping[str, str] = field(default_factory=dict)
    """The plain values that are sealed with the secrets: where these may be sent."""

    def read(self, values: Mapping[str, str]) -> FieldValues:
        """What was typed, checked, with the stored secrets where nothing was typed.

        A stored secret is not sent to another host than it was made for, as sealed with it: whoever holds the
        link, or writes to the database, could name a host of their own.
        """
        read = self.connector.read(self.method, values, kept=self.stored)
        kept = {name: secret for name, secret in self.stored.items() if name not in read.secrets}
        moved = self._moved(read.variables)
        if kept and moved:
            fields = self.connector.definition.fields_of(self.method)
            labels = {f.key: Message(f.label) for f in fields}
            again = [
                FieldError(
                    name,
                    Message(
                        "Enter %(label)s again, since %(other)s has changed.",
                        label=labels[name],
                        other=labels[moved],
                    ),
                )
                for name in kept
            ]
            return FieldValues(read.variables, read.secrets, (*read.errors, *again))
        return FieldValues(read.variables, {**kept, **read.secrets}, read.errors)

    def _moved(self, variables: Mapping[str, str]) -> str | None:
        """The field that decides a host and says another one than the secrets were made for, if one does."""
        method, definition = self.method, self.connector.definition
        templates = [definition.base_url if method.base_url is None else method.base_url]
        if method.probe is not None:
            templates.append(method.probe.url)
        if isinstance(method, ClientCredentialsMethod):
            templates.append(method.token_url)
        for template in templates:
            name = definition.host_field(method, template)
            if name is not None and variables.get(name) != self.stored_for.get(name):
                return name
        return None


@dataclass(frozen=True, slots=True)
class Integration:
    """One way to sign in to one connector, as the wire contract names it: `zendesk`, `zendesk.api_token`."""

    id: str
    connector: EnabledConnector
    method: Method

    @property
    def redirects(self) -> bool:
        """Whether it is a sign-in at the provider, in a window of its own."""
        return isinstance(self.method, OAuth2Method)


def integrations(connector: EnabledConnector) -> tuple[Integration, ...]:
    """The ways that a caller with a token has, the one to offer first under the connector's own name.

    A sign-in that asks for a secret beforehand is not among them: such a caller would put it in a URL.
    """
    usable = [
        method
        for method in connector.methods
        if not isinstance(method, OAuth2Method)
        or not any(field.secret for field in connector.definition.fields_of(method))
    ]
    return tuple(
        Integration(connector.key if index == 0 else f"{connector.key}.{method.name}", connector, method)
        for index, method in enumerate(usable)
    )


class Choosing:
    """Every method checks that the session allows the provider, and shows only accounts that it may see."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def choices(self, live: LiveVisit) -> list[Choice]:
        """What the list shows, in the order of configuration. Raises AccountNotFound if the account that the
        link was made for is gone."""
        session = live.session
        connected = await self._connected(session)
        accounts = await self._visible(session, connected)
        connectors = offered(await self._core.offer(session.project_id), session)
        if session.account_id is not None:
            wanted = _named(accounts, session.account_id).provider
            connectors = tuple(c for c in connectors if c.key == wanted)
        return [
            Choice(c, _newest(accounts, c.key), finished=c.key in connected and not session.multiple)
            for c in connectors
        ]

    async def form(
        self, live: LiveVisit, provider: str, method: str | None = None, account_id: str | None = None
    ) -> ConnectForm:
        """An empty form, or one filled with what is known; with `account_id`, to renew that account. Writes
        nothing.

        Raises ConnectorNotFound for a provider that the session does not allow or a method that is not
        offered; AccountNotFound if the account that the link was made for is gone, or the one that is asked
        for is not to be renewed; LinkUsed, LinkRevoked.
        """
        session = live.session
        connector = await self.connector(session, provider)
        connected = await self._connected(session)
        rules.refuse_unless_connectable(
            session, provider=connector.name, connected_before=provider in connected
        )
        try:
            chosen = connector.method(method)
        except KeyError:
            raise ConnectorNotFound from None
        account = await self.reconnected(session, provider, connected, account_id=account_id)
        known = {f.key for f in connector.definition.fields_of(chosen) if not f.secret}
        variables = {k: v for k, v in (session.setup_information or {}).items() if k in known}
        sealed = None
        if account is not None:
            variables |= {k: v for k, v in account.setup_information.items() if k in known}
            sealed = await self._stored(account, chosen)
        attempt_id = "att_" + secrets.token_hex(16)
        empty = ConnectForm(
            connector, chosen, attempt_id, self.nonce(live, provider, attempt_id), variables, account
        )
        if sealed is None:
            return empty
        asked = {f.key for f in connector.definition.fields_of(chosen) if f.secret}
        kept = {name: secret for name, secret in sealed.secrets.items() if name in asked}
        return replace(empty, stored=kept, stored_for=sealed.variables)

    async def connector(self, session: Session, provider: str) -> EnabledConnector:
        """A connector that the session allows. Raises ConnectorNotFound."""
        for connector in offered(await self._core.offer(session.project_id), session):
            if connector.key == provider:
                return connector
        raise ConnectorNotFound

    async def integration(self, session: Session, integration_id: str) -> Integration:
        """What the name of the wire contract stands for. Raises ConnectorNotFound if the session does not
        allow it."""
        key, _, method = integration_id.partition(".")
        connector = await self.connector(session, key)
        for integration in integrations(connector):
            if integration.id == integration_id or (method and integration.method.name == method):
                return integration
        raise ConnectorNotFound

    async def account(self, session: Session, account_id: str) -> Account:
        """An account that the session may see. Raises AccountNotFound, for any other as well (T51)."""
        for account in await self._visible(session, await self._connected(session)):
            if account.id == account_id:
                return account
        raise AccountNotFound

    async def visible(self, live: LiveVisit) -> list[Account]:
        """The owner's accounts that the visit may see and touch, newest first."""
        return await self._visible(live.session, await self._connected(live.session))

    async def renews(self, live: LiveVisit, offer: Offer, account: Account) -> bool:
        """Whether this account, which the visit may manage, can be renewed in it."""
        session = live.session
        if not any(c.key == account.provider for c in offered(offer, session)):
            return False
        connected = await self._connected(session)
        return session.used_at is None and (session.multiple or account.provider not in connected)

    async def stored(self, account: Account, method: Method) -> Mapping[str, Secret]:
        """The account's secrets that `method` asks for, by field key; to show their last four characters."""
        sealed = await self._stored(account, method)
        return {} if sealed is None else sealed.secrets

    async def reconnected(
        self,
        session: Session,
        provider: str,
        connected: Mapping[str, frozenset[str]] | None = None,
        *,
        account_id: str | None = None,
    ) -> Account | None:
        """The account that a connection to `provider` will renew, if the session may see it.

        With `account_id` that one: any that the session may manage, else the one that it would be anyway.
        Raises AccountNotFound.
        """
        if connected is None:
            connected = await self._connected(session)
        accounts = await self._visible(session, connected)
        if session.account_id is not None:
            account: Account | None = _named(accounts, session.account_id)
        elif account_id is not None and session.manage:
            account = next((found for found in accounts if found.id == account_id), None)
        else:
            account = None if session.multiple else _newest(accounts, provider)
        if account_id is not None and (account is None or account.id != account_id):
            raise AccountNotFound
        if account is not None and account.provider != provider:
            raise ConnectorNotFound
        return account

    def nonce(self, live: LiveVisit, provider: str, attempt_id: str) -> str:
        """Proof that the form of this attempt was made for this visit and provider."""
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

    # --- what the session has made, and what it may see ---

    async def _connected(self, session: Session) -> Mapping[str, frozenset[str]]:
        """The providers that the session has connected, each with the ids of its accounts."""
        if session.connects == 0:
            return {}
        made: dict[str, frozenset[str]] = {}
        successes = await self._core.storage.attempts(
            session.id, status=AttemptStatus.AUTHENTICATED, limit=_MOST
        )
        for attempt in successes:
            ids = frozenset() if attempt.account_id is None else frozenset({attempt.account_id})
            made[attempt.provider] = made.get(attempt.provider, frozenset()) | ids
        return made

    async def _visible(self, session: Session, connected: Mapping[str, frozenset[str]]) -> list[Account]:
        """The owner's accounts that a holder of this link may see and touch, newest first.

        A link is a bearer token that may be forwarded: by itself it opens only what it was made for or has
        made. A session with `manage` opens all of its owner's.
        """
        named = session.account_id
        everything = session.manage and named is None
        ids = frozenset().union(*connected.values()) if named is None else frozenset({named})
        if not ids and not everything:
            return []
        query = AccountQuery(
            project_id=session.project_id,
            origin_owner_ids=frozenset({session.origin_owner_id}),
            account_ids=frozenset() if everything else ids,
            limit=_MOST,
        )
        return [
            account
            for account in await self._core.storage.accounts(query)
            # The one that is named may be of another type; the others would not be renewed by this link.
            if account.id == named
            or (account.type is session.type and (session.manage or account.session_id == session.id))
        ]

    async def _stored(self, account: Account, method: Method) -> Credentials | None:
        """What was typed into the account's form before; None where nothing of it can be kept."""
        if isinstance(method, OAuth2Method):
            return None
        found = await self._core.storage.stored_credentials(account.id, project_id=account.project_id)
        if found is None or found.sealed is None:
            return None
        try:
            credentials = self._core.vault.open_credentials(
                found.sealed,
                project_id=account.project_id,
                account_id=account.id,
                generation=found.account.generation,
            )
        except CredentialsUnreadable:
            return None
        # The sealed method, since the account's column could be edited.
        return credentials if credentials.method == method.name else None


def _named(accounts: list[Account], account_id: str) -> Account:
    for account in accounts:
        if account.id == account_id:
            return account
    raise AccountNotFound(Message("The account that this link was made for is not there any more."))


def _newest(accounts: list[Account], provider: str) -> Account | None:
    return next((account for account in accounts if account.provider == provider), None)
