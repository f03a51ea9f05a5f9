"""The last step of a connection: credentials that passed their test become an account, or nothing."""

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from connect_hub.clock import truncate
from connect_hub.connectors.methods import OAuth2Method
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.credentials import Credentials
from connect_hub.errors import (
    AccountNotFound,
    AttemptNotFound,
    IdentityChanged,
    LinkNotFound,
    LinkRefused,
    LinkRevoked,
    LinkUsed,
    ProviderError,
    StorageUnavailable,
)
from connect_hub.events import account_event, change_name, link_event
from connect_hub.flows.core import Core
from connect_hub.flows.revocation import Revocation
from connect_hub.models import Account, Attempt, AttemptStatus, ProviderIdentity, Session, StepKind
from connect_hub.storage.protocol import Change, LinkRequest, NewEvent, Sealed

__all__ = ["INTERNAL_ERROR", "Linking", "NewConnection"]

log = logging.getLogger("connect_hub.linking")

INTERNAL_ERROR = "internal_error"
"""The code of an attempt that failed by a fault of the hub, or of a host's callback."""
_ANSWERS = (ProviderError, LinkUsed, LinkRevoked, LinkNotFound, LinkRefused, AccountNotFound)
"""Errors whose text is for the customer: our own sentences, or a host's refusal."""
_UNFINISHED = frozenset(s.value for s in AttemptStatus if s is not AttemptStatus.AUTHENTICATED)


@dataclass(frozen=True, slots=True)
class NewConnection:
    """A connection that passed its test."""

    credentials: Credentials
    identity: ProviderIdentity | None
    setup_information: Mapping[str, str]
    asked_scopes: tuple[str, ...] = ()


class Linking:
    """Commits connections."""

    def __init__(self, core: Core, revocation: Revocation) -> None:
        self._core = core
        self._revocation = revocation

    async def link(
        self,
        session: Session,
        attempt: Attempt,
        connector: EnabledConnector,
        connection: NewConnection,
        *,
        accept_other_identity: bool = False,
    ) -> None:
        """Store the connection, or leave no trace of it but the attempt's error, which says why not.

        A connection of somebody else at the provider than before is sealed in the attempt, to wait for the
        customer's word. One that was refused, or could not be stored, is revoked, best effort. Raises only
        StorageUnavailable.
        """
        now = self._core.clock.now()
        method = connector.method(connection.credentials.method)
        request = LinkRequest(
            session_id=session.id,
            project_id=session.project_id,
            attempt_id=attempt.id,
            provider=connector.key,
            method=method.name,
            new_account_id="acc_" + secrets.token_hex(16),
            setup_information=dict(connection.setup_information),
            identity=connection.identity,
            expires_at=_milliseconds(connection.credentials.expires_at),
            asked_scopes=connection.asked_scopes,
            granted_scopes=connection.credentials.granted_scopes,
            accept_other_identity=accept_other_identity,
            seal=lambda account_id, generation: self._seal(
                session.project_id, account_id, generation, connection.credentials
            ),
            announce=partial(self._announce, session),
            in_transaction=self._core.callbacks.run_in_transaction,
            now=now,
        )
        try:
            try:
                await self._core.storage.link(request)
            except IdentityChanged as error:
                await self._hold(attempt, connection, error)
        except StorageUnavailable:
            if not await self._succeeded(attempt):
                self.abandon(connector, connection.credentials)
                raise
        except Exception as error:
            self.abandon(connector, connection.credentials)
            await self.failed(attempt, error)
            return
        self._core.wake()

    async def _succeeded(self, attempt: Attempt) -> bool:
        """Whether the attempt was committed although its answer was lost.

        Raises StorageUnavailable where nobody can tell; then a grant is better left than ended.
        """
        stored = await self._core.storage.attempt(attempt.id)
        return stored is not None and stored.status is AttemptStatus.AUTHENTICATED

    def abandon(self, connector: EnabledConnector, credentials: Credentials) -> None:
        """Revoke a grant that was just obtained and will not be stored. A typed key is the customer's to
        keep."""
        if isinstance(connector.method(credentials.method), OAuth2Method):
            self._revocation.begin_for(connector, credentials)

    def _seal(self, project_id: str, account_id: str, generation: int, credentials: Credentials) -> Sealed:
        data = self._core.vault.seal_credentials(
            credentials, project_id=project_id, account_id=account_id, generation=generation
        )
        return Sealed(data, self._core.vault.key_id(data))

    def _announce(
        self, session: Session, account: Account, change: Change, before: Account | None
    ) -> Sequence[NewEvent]:
        changed = (
            before is not None
            and before.identity is not None
            and account.identity is not None
            and before.identity.id != account.identity.id
        )
        now, targets = self._core.clock.now(), self._core.targets
        return [
            account_event(
                change_name(change),
                account,
                targets=targets,
                now=now,
                extra={"identity_changed": True} if changed else None,
            ),
            link_event(
                "link.completed",
                session,
                targets=targets,
                now=now,
                extra={"provider": account.provider, "connected_account_id": account.id},
            ),
        ]

    async def failed(self, attempt: Attempt, error: Exception) -> None:
        """Record why the attempt failed, in words of our own.

        An error that is no answer to the customer, of ours or of a host's callback, is logged and named
        `internal_error`; its text is for the operator.
        """
        if isinstance(error, _ANSWERS):
            code, description = error.code, error.message
        else:
            code, description = INTERNAL_ERROR, "The product could not finish the connection."
            log.error("attempt %s: it could not be finished", attempt.id, exc_info=error)
        session = await self._core.storage.session(attempt.project_id, attempt.session_id)
        await self._core.storage.save_attempt(
            replace(
                attempt,
                status=AttemptStatus.ERROR,
                error_code=code,
                error_description=description[:500],
                held=None,
                updated_at=self._core.clock.now(),
            ),
            expected=_UNFINISHED,
            step=StepKind.FAILED,
            events=() if session is None else [self._failure(session, attempt, code)],
        )
        self._core.wake()

    def _failure(self, session: Session, attempt: Attempt, code: str) -> NewEvent:
        """`link.failed`: which provider and why, as a code; no name of anybody, nothing that was typed."""
        return link_event(
            "link.failed",
            session,
            targets=self._core.targets,
            now=self._core.clock.now(),
            extra={
                "provider": attempt.provider,
                "error_code": code,
                "origin_owner_name": None,
                "origin_username": None,
            },
        )

    # --- connections that wait for the customer's word ---

    async def _hold(self, attempt: Attempt, connection: NewConnection, error: IdentityChanged) -> None:
        held = self._core.vault.seal(
            _plain(connection),
            project_id=attempt.project_id,
            account_id=attempt.id,
            field="held",
            generation=0,
        )
        now = self._core.clock.now()
        await self._core.storage.save_attempt(
            replace(attempt, held=held, error_code=error.code, error_description=None, updated_at=now),
            expected=_UNFINISHED,
        )

    def held(self, attempt: Attempt) -> NewConnection:
        """What `attempt` holds. Raises AttemptNotFound if it holds nothing."""
        if attempt.held is None:
            raise AttemptNotFound
        plaintext = self._core.vault.open(
            attempt.held, project_id=attempt.project_id, account_id=attempt.id, field="held", generation=0
        )
        document = json.loads(plaintext)
        identity = document["identity"]
        return NewConnection(
            Credentials.from_json(document["credentials"].encode()),
            None if identity is None else ProviderIdentity(*identity),
            document["setup_information"],
            tuple(document["asked_scopes"]),
        )

    async def discard(self, attempt: Attempt, connector: EnabledConnector) -> None:
        """Forget what `attempt` holds, and revoke it."""
        connection = self.held(attempt)
        dropped = await self._core.storage.save_attempt(
            replace(attempt, held=None, status=AttemptStatus.CANCELLED, updated_at=self._core.clock.now()),
            expected={attempt.status.value},
        )
        if dropped:
            self.abandon(connector, connection.credentials)


def _plain(connection: NewConnection) -> bytes:
    """What `held` reads, secrets in plain text: a function of its own, so that no other frame has it."""
    identity = connection.identity
    document = {
        "credentials": connection.credentials.to_json().decode(),
        "identity": None if identity is None else [identity.id, identity.name, identity.email],
        "setup_information": dict(connection.setup_information),
        "asked_scopes": list(connection.asked_scopes),
    }
    return json.dumps(document).encode()


def _milliseconds(at: datetime | None) -> datetime | None:
    return None if at is None else truncate(at)
