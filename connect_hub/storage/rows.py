"""Values to rows and back, alike for every storage of ours.

A row is a dict from column to a plain value: instants are whole milliseconds since 1970, hashes hexadecimal
text, structured values JSON text. Its order is that of the table's columns, and the way back reads by
position: it is on the path of every request. What went through a row shares nothing with what was stored.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connect_hub.models import (
    AccountType,
    ApiKey,
    Attempt,
    AttemptStatus,
    Binding,
    Category,
    OAuthState,
    Session,
    Step,
    StepKind,
    Visit,
)

__all__ = [
    "Row",
    "Values",
    "api_key_of",
    "api_key_row",
    "attempt_of",
    "attempt_row",
    "dumped",
    "instant",
    "milliseconds",
    "session_of",
    "session_row",
    "state_of",
    "state_row",
    "step_of",
    "step_row",
    "visit_of",
    "visit_row",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Row = dict[str, Any]
Values = Sequence[Any]
"""A row's values in the order of its columns; their types are the columns'."""


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


def dumped(value: object) -> str:
    """JSON text, as short as it can be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _dump_or_none(value: object | None) -> str | None:
    return None if value is None else dumped(value)


def session_row(session: Session) -> Row:
    metadata, known = session.metadata, session.setup_information
    return {
        "id": session.id,
        "project_id": session.project_id,
        "jti": session.jti,
        "origin_owner_id": session.origin_owner_id,
        "origin_owner_name": session.origin_owner_name,
        "origin_username": session.origin_username,
        "categories": _dump_or_none(session.categories),
        "provider": session.provider,
        "providers": _dump_or_none(session.providers),
        "account_id": session.account_id,
        "label": session.label,
        "metadata": None if metadata is None else dumped(dict(metadata)),
        "setup_information": None if known is None else dumped(dict(known)),
        "multiple": session.multiple,
        "type": session.type.value,
        "return_url": session.return_url,
        "state": session.state,
        "max_connects": session.max_connects,
        "binding": session.binding.value,
        "manage": session.manage,
        "locale": session.locale,
        "opens": session.opens,
        "connects": session.connects,
        "created_at": milliseconds(session.created_at),
        "expires_at": milliseconds(session.expires_at),
        "used_at": _ms(session.used_at),
        "revoked_at": _ms(session.revoked_at),
    }


def session_of(values: Values) -> Session:
    (
        session_id,
        project_id,
        jti,
        owner_id,
        owner_name,
        username,
        categories,
        provider,
        providers,
        account_id,
        label,
        metadata,
        known,
        multiple,
        type_,
        return_url,
        state,
        max_connects,
        binding,
        manage,
        locale,
        opens,
        connects,
        created_at,
        expires_at,
        used_at,
        revoked_at,
    ) = values
    return Session(
        id=session_id,
        project_id=project_id,
        jti=jti,
        origin_owner_id=owner_id,
        origin_owner_name=owner_name,
        origin_username=username,
        categories=None if categories is None else tuple(map(Category, json.loads(categories))),
        provider=provider,
        providers=None if providers is None else tuple(json.loads(providers)),
        account_id=account_id,
        label=label,
        metadata=None if metadata is None else json.loads(metadata),
        setup_information=None if known is None else json.loads(known),
        multiple=bool(multiple),
        type=AccountType(type_),
        return_url=return_url,
        state=state,
        max_connects=max_connects,
        binding=Binding(binding),
        manage=bool(manage),
        locale=locale,
        opens=opens,
        connects=connects,
        created_at=instant(created_at),
        expires_at=instant(expires_at),
        used_at=None if used_at is None else instant(used_at),
        revoked_at=None if revoked_at is None else instant(revoked_at),
    )


def visit_row(visit: Visit) -> Row:
    return {
        "secret_hash": visit.secret_hash.hex(),
        "name": visit.name,
        "session_id": visit.session_id,
        "subject": visit.subject,
        "created_at": milliseconds(visit.created_at),
        "last_seen_at": milliseconds(visit.last_seen_at),
        "embedded": visit.embedded,
        "attempt_id": visit.attempt_id,
    }


def visit_of(values: Values) -> Visit:
    secret_hash, name, session_id, subject, created_at, last_seen_at, embedded, attempt_id = values
    return Visit(
        name=name,
        secret_hash=bytes.fromhex(secret_hash),
        session_id=session_id,
        subject=subject,
        created_at=instant(created_at),
        last_seen_at=instant(last_seen_at),
        embedded=bool(embedded),
        attempt_id=attempt_id,
    )


def attempt_row(attempt: Attempt) -> Row:
    return {
        "id": attempt.id,
        "session_id": attempt.session_id,
        "project_id": attempt.project_id,
        "provider": attempt.provider,
        "method": attempt.method,
        "status": attempt.status.value,
        "visit_name": attempt.visit_name,
        "values": dumped(dict(attempt.values)),
        "error_code": attempt.error_code,
        "error_description": attempt.error_description,
        "account_id": attempt.account_id,
        "held": attempt.held,
        "created_at": milliseconds(attempt.created_at),
        "updated_at": milliseconds(attempt.updated_at),
    }


def attempt_of(values: Values) -> Attempt:
    (
        attempt_id,
        session_id,
        project_id,
        provider,
        method,
        status,
        visit_name,
        typed,
        error_code,
        error_description,
        account_id,
        held,
        created_at,
        updated_at,
    ) = values
    return Attempt(
        id=attempt_id,
        session_id=session_id,
        project_id=project_id,
        provider=provider,
        method=method,
        status=AttemptStatus(status),
        visit_name=visit_name,
        values=json.loads(typed),
        error_code=error_code,
        error_description=error_description,
        account_id=account_id,
        held=None if held is None else bytes(held),
        created_at=instant(created_at),
        updated_at=instant(updated_at),
    )


def state_row(state: OAuthState) -> Row:
    return {
        "state_hash": state.state_hash.hex(),
        "attempt_id": state.attempt_id,
        "session_id": state.session_id,
        "project_id": state.project_id,
        "provider": state.provider,
        "method": state.method,
        "visit_name": state.visit_name,
        "redirect_uri": state.redirect_uri,
        "sealed": state.sealed,
        "issuer": state.issuer,
        "created_at": milliseconds(state.created_at),
        "expires_at": milliseconds(state.expires_at),
        "used_at": _ms(state.used_at),
    }


def state_of(values: Values) -> OAuthState:
    (
        state_hash,
        attempt_id,
        session_id,
        project_id,
        provider,
        method,
        visit_name,
        redirect_uri,
        sealed,
        issuer,
        created_at,
        expires_at,
        used_at,
    ) = values
    return OAuthState(
        state_hash=bytes.fromhex(state_hash),
        attempt_id=attempt_id,
        session_id=session_id,
        project_id=project_id,
        provider=provider,
        method=method,
        visit_name=visit_name,
        redirect_uri=redirect_uri,
        sealed=bytes(sealed),
        issuer=issuer,
        created_at=instant(created_at),
        expires_at=instant(expires_at),
        used_at=_at(used_at),
    )


def step_row(step: Step, number: int) -> Row:
    """`number` is the step's place in its session."""
    return {
        "session_id": step.session_id,
        "number": number,
        "project_id": step.project_id,
        "kind": step.kind.value,
        "visit_name": step.visit_name,
        "provider": step.provider,
        "method": step.method,
        "attempt_id": step.attempt_id,
        "error_code": step.error_code,
        "took": None if step.took is None else step.took // _MILLISECOND,
        "at": milliseconds(step.at),
    }


def step_of(values: Values) -> Step:
    (
        session_id,
        _,
        project_id,
        kind,
        visit_name,
        provider,
        method,
        attempt_id,
        error_code,
        took,
        at,
    ) = values
    return Step(
        session_id=session_id,
        project_id=project_id,
        kind=StepKind(kind),
        visit_name=visit_name,
        provider=provider,
        method=method,
        attempt_id=attempt_id,
        error_code=error_code,
        took=None if took is None else took * _MILLISECOND,
        at=instant(at),
    )


def api_key_row(key: ApiKey) -> Row:
    return {
        "id": key.id,
        "project_id": key.project_id,
        "secret_hash": key.secret_hash.hex(),
        "name": key.name,
        "created_at": milliseconds(key.created_at),
        "last_used_at": _ms(key.last_used_at),
        "revoked_at": _ms(key.revoked_at),
    }


def api_key_of(values: Values) -> ApiKey:
    key_id, project_id, secret_hash, name, created_at, last_used_at, revoked_at = values
    return ApiKey(
        id=key_id,
        project_id=project_id,
        secret_hash=bytes.fromhex(secret_hash),
        name=name,
        created_at=instant(created_at),
        last_used_at=_at(last_used_at),
        revoked_at=_at(revoked_at),
    )
