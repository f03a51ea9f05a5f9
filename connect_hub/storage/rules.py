"""What every storage must decide alike, as pure functions of the rows it has read."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connect_hub.errors import (
    AccountNotFound,
    ConnectHubError,
    IdentityChanged,
    LinkExpired,
    LinkRevoked,
    LinkUsed,
)
from connect_hub.message import Message
from connect_hub.models import (
    Account,
    AccountStatus,
    Attempt,
    AttemptStatus,
    ProviderIdentity,
    Session,
    SessionStatus,
)
from connect_hub.storage.protocol import (
    Announce,
    Change,
    ConnectorSettings,
    DeliveryState,
    LinkRequest,
    NewEvent,
    Sealed,
)
from connect_hub.storage.rows import Row, milliseconds
from connect_hub.webhooks.targets import webhook_target

__all__ = [
    "Connected",
    "announced",
    "authenticated",
    "changed",
    "changed_settings",
    "connect_limit",
    "connected",
    "counted",
    "named_account",
    "new_delivery_row",
    "new_delivery_rows",
    "new_event_row",
    "refreshed",
    "refuse_finished",
    "refuse_unless_connectable",
    "refuse_unless_open",
]

_REFUSALS: dict[SessionStatus, type[ConnectHubError]] = {
    SessionStatus.REVOKED: LinkRevoked,
    SessionStatus.USED: LinkUsed,
    SessionStatus.EXPIRED: LinkExpired,
}


def refuse_unless_open(session: Session, now: datetime) -> None:
    """Raise LinkRevoked, LinkUsed or LinkExpired unless the session may be opened at `now`."""
    refusal = _REFUSALS.get(session.status(now))
    if refusal is not None:
        raise refusal


def connect_limit(session: Session) -> int | None:
    """How many connections may succeed; None: any number."""
    if session.max_connects is not None:
        return session.max_connects
    return 1 if session.provider is not None or session.account_id is not None else None


def refuse_finished(session: Session) -> None:
    """Raise LinkRevoked or LinkUsed unless the session may make one more connection, to whatever it is."""
    if session.revoked_at is not None:
        raise LinkRevoked
    limit = connect_limit(session)
    if session.used_at is not None or (limit is not None and session.connects >= limit):
        raise LinkUsed


def refuse_unless_connectable(session: Session, *, provider: str, connected_before: bool) -> None:
    """Raise LinkRevoked or LinkUsed unless the session may make one more connection to `provider`."""
    refuse_finished(session)
    if connected_before and not session.multiple:
        raise LinkUsed(
            Message(
                "%(provider)s was connected through this link already. "
                "Ask for a new link to connect it again.",
                provider=provider,
            )
        )


def named_account(account: Account | None, session: Session, request: LinkRequest) -> Account:
    """`account`, which the session or the attempt names; raises AccountNotFound unless it may be renewed."""
    if (
        account is None
        or account.project_id != session.project_id
        or account.origin_owner_id != session.origin_owner_id
        or account.provider != request.provider
        or (session.account_id is None and account.type is not session.type)
    ):
        raise AccountNotFound
    return account


@dataclass(frozen=True, slots=True)
class Connected:
    """What a successful `link` writes, beside the attempt."""

    account: Account
    sealed: bytes
    session: Session
    events: Sequence[NewEvent]
    created: bool


def connected(session: Session, request: LinkRequest, before: Account | None) -> Connected:
    """What to write when `request` makes an account, or renews `before`. Raises IdentityChanged."""
    if before is None:
        after = _new_account(request, session)
    else:
        _refuse_other_identity(before, request)
        after = _renewed_account(before, request, session)
    sealed = request.seal(after.id, after.generation)
    after = replace(after, key_id=sealed.key_id)
    change = Change.CREATED if before is None else Change.UPDATED
    after, events = announced(after, change, before, request.announce)
    return Connected(after, sealed.data, counted(session, request.now), events, created=before is None)


def announced(
    after: Account, change: Change, before: Account | None, announce: Announce
) -> tuple[Account, Sequence[NewEvent]]:
    """The events of a change, and `after` with its sequence raised if there are any."""
    raised = replace(after, sequence=after.sequence + 1)
    events = announce(raised, change, before)
    return (raised, events) if events else (after, events)


def changed(before: Account, change: Callable[[Account], Account]) -> Account:
    """`change(before)`, but for what is the storage's own."""
    return replace(
        change(before),
        id=before.id,
        project_id=before.project_id,
        generation=before.generation,
        key_id=before.key_id,
        sequence=before.sequence,
        refresh_epoch=before.refresh_epoch,
        refresh_lease_until=before.refresh_lease_until,
    )


def refreshed(
    before: Account,
    change: Callable[[Account], Account],
    seal: Callable[[str, int], Sealed] | None,
    announce: Announce,
) -> tuple[Account, Sealed | None, Sequence[NewEvent]]:
    """What the outcome of a refresh writes: the account, its new credentials if any, and the events."""
    after = replace(changed(before, change), refresh_lease_until=None)
    sealed = None
    if seal is not None:
        sealed = seal(before.id, before.generation + 1)
        after = replace(after, generation=before.generation + 1, key_id=sealed.key_id)
    if after.status == before.status:
        return after, sealed, ()
    after, events = announced(after, Change.UPDATED, before, announce)
    return after, sealed, events


def _refuse_other_identity(account: Account, request: LinkRequest) -> None:
    """Raise IdentityChanged if the request is of somebody else at the provider, and that was not accepted."""
    before, after = account.identity, request.identity
    if before is None or after is None or before.id == after.id or request.accept_other_identity:
        return
    raise IdentityChanged(_shown(before), _shown(after))


def _shown(identity: ProviderIdentity) -> str:
    return identity.name or identity.email or identity.id


def _new_account(request: LinkRequest, session: Session) -> Account:
    return Account(
        id=request.new_account_id,
        project_id=request.project_id,
        provider=request.provider,
        method=request.method,
        origin_owner_id=session.origin_owner_id,
        origin_owner_name=session.origin_owner_name,
        origin_username=session.origin_username,
        type=session.type,
        slot=None if session.multiple else "",
        label=session.label,
        metadata=dict(session.metadata or {}),
        setup_information=dict(request.setup_information),
        identity=request.identity,
        session_id=session.id,
        expires_at=request.expires_at,
        asked_scopes=request.asked_scopes,
        granted_scopes=request.granted_scopes,
        created_at=request.now,
        updated_at=request.now,
    )


def _renewed_account(account: Account, request: LinkRequest, session: Session) -> Account:
    """`account` with the request's connection in place of the one before."""
    return replace(
        account,
        method=request.method,
        origin_owner_name=session.origin_owner_name,
        origin_username=account.origin_username
        if session.origin_username is None
        else session.origin_username,
        label=account.label if session.label is None else session.label,
        metadata=account.metadata if session.metadata is None else dict(session.metadata),
        setup_information=dict(request.setup_information),
        status=AccountStatus.ACTIVE,
        status_reasons=(),
        identity=account.identity if request.identity is None else request.identity,
        session_id=session.id,
        generation=account.generation + 1,
        expires_at=request.expires_at,
        asked_scopes=request.asked_scopes,
        granted_scopes=request.granted_scopes,
        refresh_lease_until=None,
        refresh_epoch=account.refresh_epoch + 1,
        updated_at=request.now,
    )


def counted(session: Session, now: datetime) -> Session:
    """`session` after one more connection."""
    connects = session.connects + 1
    limit = connect_limit(session)
    return replace(
        session, connects=connects, used_at=now if limit is not None and connects >= limit else None
    )


def authenticated(attempt: Attempt, account_id: str, now: datetime) -> Attempt:
    """`attempt` after it succeeded."""
    return replace(
        attempt,
        status=AttemptStatus.AUTHENTICATED,
        account_id=account_id,
        held=None,
        error_code=None,
        error_description=None,
        updated_at=now,
    )


def new_delivery_row(
    *, event_id: str, record_id: str, sequence: int, target: str, endpoint_id: str | None, at: int
) -> Row:
    """A delivery to be made: one event on its way to one target, due at `at`."""
    return {
        "id": "dlv_" + secrets.token_hex(16),
        "event_id": event_id,
        "record_id": record_id,
        "sequence": sequence,
        "target": target,
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "epoch": 0,
        "last_error": None,
        "next_at": at,
        "lease_until": None,
        "created_at": at,
        "settled_at": None,
        "endpoint_id": endpoint_id,
    }


def new_delivery_rows(event: NewEvent, endpoint_ids: Sequence[str]) -> list[Row]:
    """The deliveries of a new event: to its targets, and to these stored endpoints."""
    targets = [(target, None) for target in event.targets]
    stored = [(webhook_target(event.project_id, one), one) for one in endpoint_ids]
    return [
        new_delivery_row(
            event_id=event.id,
            record_id=event.record_id,
            sequence=event.sequence,
            target=target,
            endpoint_id=endpoint_id,
            at=milliseconds(event.created_at),
        )
        for target, endpoint_id in [*targets, *stored]
    ]


def new_event_row(event: NewEvent) -> Row:
    """An event to be written."""
    return {
        "id": event.id,
        "project_id": event.project_id,
        "name": event.name,
        "record_id": event.record_id,
        "owner_id": event.owner_id,
        "sequence": event.sequence,
        "body": bytes(event.body),
        "created_at": milliseconds(event.created_at),
        "provider": event.provider,
        "directed": event.endpoints is not None,
    }


def changed_settings(
    before: ConnectorSettings, change: Callable[[ConnectorSettings], ConnectorSettings], *, now: datetime
) -> ConnectorSettings | None:
    """What `change` makes of a connector's settings; None: nothing changed."""
    after = replace(
        change(before),
        project_id=before.project_id,
        provider=before.provider,
        updated_at=before.updated_at,
    )
    return None if after == before else replace(after, updated_at=now)
