"""Accounts to rows and back; see `connect_hub.storage.rows`."""

import json

from connect_hub.models import Account, AccountStatus, AccountType, ProviderIdentity, StatusReason
from connect_hub.storage.rows import (
    Row,
    Values,
    dumped,
    instant,
    instant_or_none,
    milliseconds,
    milliseconds_or_none,
)

__all__ = ["account_of", "account_row"]


def account_row(account: Account) -> Row:
    """Without the sealed credentials, the last column."""
    identity = account.identity
    reasons = [[r.code, r.description, milliseconds(r.timestamp)] for r in account.status_reasons]
    return {
        "id": account.id,
        "project_id": account.project_id,
        "provider": account.provider,
        "method": account.method,
        "origin_owner_id": account.origin_owner_id,
        "origin_owner_name": account.origin_owner_name,
        "origin_username": account.origin_username,
        "type": account.type.value,
        "slot": account.slot,
        "label": account.label,
        "metadata": dumped(dict(account.metadata)),
        "setup_information": dumped(dict(account.setup_information)),
        "status": account.status.value,
        "status_reasons": dumped(reasons),
        "identity_id": None if identity is None else identity.id,
        "identity_name": None if identity is None else identity.name,
        "identity_email": None if identity is None else identity.email,
        "session_id": account.session_id,
        "generation": account.generation,
        "key_id": account.key_id,
        "sequence": account.sequence,
        "asked_scopes": dumped(account.asked_scopes),
        "granted_scopes": dumped(account.granted_scopes),
        "refresh_epoch": account.refresh_epoch,
        "refresh_lease_until": None
        if account.refresh_lease_until is None
        else milliseconds(account.refresh_lease_until),
        "expires_at": milliseconds_or_none(account.expires_at),
        "last_refreshed_at": None
        if account.last_refreshed_at is None
        else milliseconds(account.last_refreshed_at),
        "last_used_at": milliseconds_or_none(account.last_used_at),
        "created_at": milliseconds(account.created_at),
        "updated_at": milliseconds(account.updated_at),
    }


def account_of(values: Values) -> tuple[Account, bytes | None]:
    """The account and its sealed credentials."""
    (
        account_id,
        project_id,
        provider,
        method,
        owner_id,
        owner_name,
        username,
        type_,
        slot,
        label,
        metadata,
        setup_information,
        status,
        reasons,
        identity_id,
        identity_name,
        identity_email,
        session_id,
        generation,
        key_id,
        sequence,
        asked_scopes,
        granted_scopes,
        refresh_epoch,
        refresh_lease_until,
        expires_at,
        last_refreshed_at,
        last_used_at,
        created_at,
        updated_at,
        sealed,
    ) = values
    account = Account(
        id=account_id,
        project_id=project_id,
        provider=provider,
        method=method,
        origin_owner_id=owner_id,
        origin_owner_name=owner_name,
        origin_username=username,
        type=AccountType(type_),
        slot=slot,
        label=label,
        metadata=json.loads(metadata),
        setup_information=json.loads(setup_information),
        status=AccountStatus(status),
        status_reasons=tuple(StatusReason(code, text, instant(at)) for code, text, at in json.loads(reasons)),
        identity=None
        if identity_id is None
        else ProviderIdentity(identity_id, identity_name, identity_email),
        session_id=session_id,
        generation=generation,
        key_id=key_id,
        sequence=sequence,
        asked_scopes=tuple(json.loads(asked_scopes)),
        granted_scopes=tuple(json.loads(granted_scopes)),
        refresh_epoch=refresh_epoch,
        refresh_lease_until=instant_or_none(refresh_lease_until),
        expires_at=instant_or_none(expires_at),
        last_refreshed_at=instant_or_none(last_refreshed_at),
        last_used_at=instant_or_none(last_used_at),
        created_at=instant(created_at),
        updated_at=instant(updated_at),
    )
    return account, None if sealed is None else bytes(sealed)
