"""Rows to values and back."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row

from connect_hub.models import (
    Account,
    AccountStatus,
    AccountType,
    ApiKey,
    Attempt,
    AttemptStatus,
    Binding,
    Category,
    OAuthState,
    ProviderIdentity,
    Session,
    StatusReason,
    Visit,
)

__all__ = [
    "account_of",
    "account_row",
    "api_key_of",
    "api_key_row",
    "attempt_of",
    "attempt_row",
    "instant",
    "milliseconds",
    "session_of",
    "session_row",
    "state_of",
    "state_row",
    "visit_of",
    "visit_row",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Values = dict[str, object]


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def instant(value: int) -> datetime:
    """The inverse of `milliseconds`."""
    return _EPOCH + timedelta(milliseconds=value)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def _at(value: int | None) -> datetime | None:
    return None if value is None else instant(value)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _dump_or_none(value: object | None) -> str | None:
    return None if value is None else _dump(value)


def _shallow(value: object) -> Values:
    return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}  # type: ignore[arg-type]  # dataclasses only


def session_row(session: Session) -> Values:
    return {
        **_shallow(session),
        "categories": _dump_or_none(session.categories),
        "providers": _dump_or_none(session.providers),
        "metadata": _dump_or_none(session.metadata),
        "setup_information": _dump_or_none(session.setup_information),
        "type": session.type.value,
        "binding": session.binding.value,
        "created_at": milliseconds(session.created_at),
        "expires_at": milliseconds(session.expires_at),
        "used_at": _ms(session.used_at),
        "revoked_at": _ms(session.revoked_at),
    }


def session_of(row: Row[tuple[object, ...]]) -> Session:
    r = row._mapping
    return Session(
        id=r["id"],
        project_id=r["project_id"],
        jti=r["jti"],
        origin_owner_id=r["origin_owner_id"],
        origin_owner_name=r["origin_owner_name"],
        origin_username=r["origin_username"],
        categories=None if r["categories"] is None else tuple(map(Category, json.loads(r["categories"]))),
        provider=r["provider"],
        providers=None if r["providers"] is None else tuple(json.loads(r["providers"])),
        account_id=r["account_id"],
        label=r["label"],
        metadata=None if r["metadata"] is None else json.loads(r["metadata"]),
        setup_information=None if r["setup_information"] is None else json.loads(r["setup_information"]),
        multiple=bool(r["multiple"]),
        type=AccountType(r["type"]),
        return_url=r["return_url"],
        state=r["state"],
        max_connects=r["max_connects"],
        binding=Binding(r["binding"]),
        manage=bool(r["manage"]),
        locale=r["locale"],
        opens=r["opens"],
        connects=r["connects"],
        created_at=instant(r["created_at"]),
        expires_at=instant(r["expires_at"]),
        used_at=_at(r["used_at"]),
        revoked_at=_at(r["revoked_at"]),
    )


def visit_row(visit: Visit) -> Values:
    return {
        **_shallow(visit),
        "secret_hash": visit.secret_hash.hex(),
        "created_at": milliseconds(visit.created_at),
        "last_seen_at": milliseconds(visit.last_seen_at),
    }


def visit_of(row: Row[tuple[object, ...]]) -> Visit:
    r = row._mapping
    return Visit(
        name=r["name"],
        secret_hash=bytes.fromhex(r["secret_hash"]),
        session_id=r["session_id"],
        subject=r["subject"],
        created_at=instant(r["created_at"]),
        last_seen_at=instant(r["last_seen_at"]),
    )


def attempt_row(attempt: Attempt) -> Values:
    return {
        **_shallow(attempt),
        "status": attempt.status.value,
        "values": _dump(dict(attempt.values)),
        "created_at": milliseconds(attempt.created_at),
        "updated_at": milliseconds(attempt.updated_at),
    }


def attempt_of(row: Row[tuple[object, ...]]) -> Attempt:
    r = row._mapping
    return Attempt(
        id=r["id"],
        session_id=r["session_id"],
        project_id=r["project_id"],
        provider=r["provider"],
        method=r["method"],
        status=AttemptStatus(r["status"]),
        visit_name=r["visit_name"],
        values=json.loads(r["values"]),
        error_code=r["error_code"],
        error_description=r["error_description"],
        account_id=r["account_id"],
        held=r["held"],
        created_at=instant(r["created_at"]),
        updated_at=instant(r["updated_at"]),
    )


def state_row(state: OAuthState) -> Values:
    return {
        **_shallow(state),
        "state_hash": state.state_hash.hex(),
        "created_at": milliseconds(state.created_at),
        "expires_at": milliseconds(state.expires_at),
        "used_at": _ms(state.used_at),
    }


def state_of(row: Row[tuple[object, ...]]) -> OAuthState:
    r = row._mapping
    return OAuthState(
        state_hash=bytes.fromhex(r["state_hash"]),
        attempt_id=r["attempt_id"],
        session_id=r["session_id"],
        project_id=r["project_id"],
        provider=r["provider"],
        method=r["method"],
        visit_name=r["visit_name"],
        redirect_uri=r["redirect_uri"],
        sealed=r["sealed"],
        issuer=r["issuer"],
        created_at=instant(r["created_at"]),
        expires_at=instant(r["expires_at"]),
        used_at=_at(r["used_at"]),
    )


def account_row(account: Account) -> Values:
    identity = account.identity
    values = _shallow(account)
    del values["identity"]
    return {
        **values,
        "type": account.type.value,
        "status": account.status.value,
        "metadata": _dump(dict(account.metadata)),
        "setup_information": _dump(dict(account.setup_information)),
        "status_reasons": _dump(
            [
                [reason.code, reason.description, milliseconds(reason.timestamp)]
                for reason in account.status_reasons
            ]
        ),
        "identity_id": None if identity is None else identity.id,
        "identity_name": None if identity is None else identity.name,
        "identity_email": None if identity is None else identity.email,
        "asked_scopes": _dump(account.asked_scopes),
        "granted_scopes": _dump(account.granted_scopes),
        "created_at": milliseconds(account.created_at),
        "updated_at": milliseconds(account.updated_at),
        "expires_at": _ms(account.expires_at),
        "last_refreshed_at": _ms(account.last_refreshed_at),
        "last_used_at": _ms(account.last_used_at),
        "refresh_lease_until": _ms(account.refresh_lease_until),
    }


def account_of(row: Row[tuple[object, ...]]) -> Account:
    r = row._mapping
    return Account(
        id=r["id"],
        project_id=r["project_id"],
        provider=r["provider"],
        method=r["method"],
        origin_owner_id=r["origin_owner_id"],
        origin_owner_name=r["origin_owner_name"],
        origin_username=r["origin_username"],
        type=AccountType(r["type"]),
        slot=r["slot"],
        label=r["label"],
        metadata=json.loads(r["metadata"]),
        setup_information=json.loads(r["setup_information"]),
        status=AccountStatus(r["status"]),
        status_reasons=tuple(
            StatusReason(code, text, instant(at)) for code, text, at in json.loads(r["status_reasons"])
        ),
        identity=None
        if r["identity_id"] is None
        else ProviderIdentity(r["identity_id"], r["identity_name"], r["identity_email"]),
        session_id=r["session_id"],
        generation=r["generation"],
        key_id=r["key_id"],
        sequence=r["sequence"],
        asked_scopes=tuple(json.loads(r["asked_scopes"])),
        granted_scopes=tuple(json.loads(r["granted_scopes"])),
        refresh_epoch=r["refresh_epoch"],
        refresh_lease_until=_at(r["refresh_lease_until"]),
        expires_at=_at(r["expires_at"]),
        last_refreshed_at=_at(r["last_refreshed_at"]),
        last_used_at=_at(r["last_used_at"]),
        created_at=instant(r["created_at"]),
        updated_at=instant(r["updated_at"]),
    )


def api_key_row(key: ApiKey) -> Values:
    return {
        **_shallow(key),
        "secret_hash": key.secret_hash.hex(),
        "created_at": milliseconds(key.created_at),
        "last_used_at": _ms(key.last_used_at),
        "revoked_at": _ms(key.revoked_at),
    }


def api_key_of(row: Row[tuple[object, ...]]) -> ApiKey:
    r = row._mapping
    return ApiKey(
        id=r["id"],
        project_id=r["project_id"],
        secret_hash=bytes.fromhex(r["secret_hash"]),
        name=r["name"],
        created_at=instant(r["created_at"]),
        last_used_at=_at(r["last_used_at"]),
        revoked_at=_at(r["revoked_at"]),
    )
