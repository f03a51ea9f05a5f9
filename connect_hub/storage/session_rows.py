"""Connect sessions and visits as rows, and back."""

import json

from connect_hub.models import AccountType, Binding, Category, Session, Visit
from connect_hub.storage.rows import (
    Row,
    Values,
    dumped,
    dumped_or_none,
    instant,
    instant_or_none,
    milliseconds,
    milliseconds_or_none,
)

__all__ = ["session_of", "session_row", "visit_of", "visit_row"]


def session_row(session: Session) -> Row:
    metadata, known = session.metadata, session.setup_information
    return {
        "id": session.id,
        "project_id": session.project_id,
        "jti": session.jti,
        "origin_owner_id": session.origin_owner_id,
        "origin_owner_name": session.origin_owner_name,
        "origin_username": session.origin_username,
        "categories": dumped_or_none(session.categories),
        "provider": session.provider,
        "providers": dumped_or_none(session.providers),
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
        "used_at": milliseconds_or_none(session.used_at),
        "revoked_at": milliseconds_or_none(session.revoked_at),
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
        used_at=instant_or_none(used_at),
        revoked_at=instant_or_none(revoked_at),
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
