"""Operators and audit entries to rows and back; see `connect_hub.storage.rows`."""

import json

from connect_hub.audit import Actor, ActorKind, AuditEntry
from connect_hub.operators import OperatorSession, OperatorToken, Role
from connect_hub.storage.rows import (
    Row,
    Values,
    dumped,
    instant,
    instant_or_none,
    milliseconds,
    milliseconds_or_none,
)

__all__ = [
    "audit_of",
    "audit_row",
    "operator_of",
    "operator_row",
    "operator_session_of",
    "operator_session_row",
]


def operator_row(operator: OperatorToken) -> Row:
    used, revoked = operator.last_used_at, operator.revoked_at
    return {
        "id": operator.id,
        "name": operator.name,
        "secret_hash": operator.secret_hash.hex(),
        "roles": dumped({project: role.value for project, role in operator.roles.items()}),
        "created_at": milliseconds(operator.created_at),
        "last_used_at": milliseconds_or_none(used),
        "revoked_at": milliseconds_or_none(revoked),
    }


def operator_of(values: Values) -> OperatorToken:
    operator_id, name, secret_hash, roles, created_at, last_used_at, revoked_at = values
    return OperatorToken(
        id=operator_id,
        name=name,
        secret_hash=bytes.fromhex(secret_hash),
        roles={project: Role(role) for project, role in json.loads(roles).items()},
        created_at=instant(created_at),
        last_used_at=instant_or_none(last_used_at),
        revoked_at=instant_or_none(revoked_at),
    )


def operator_session_row(session: OperatorSession) -> Row:
    return {
        "secret_hash": session.secret_hash.hex(),
        "operator_id": session.operator_id,
        "created_at": milliseconds(session.created_at),
        "last_seen_at": milliseconds(session.last_seen_at),
    }


def operator_session_of(values: Values) -> OperatorSession:
    secret_hash, operator_id, created_at, last_seen_at = values
    return OperatorSession(
        secret_hash=bytes.fromhex(secret_hash),
        operator_id=operator_id,
        created_at=instant(created_at),
        last_seen_at=instant(last_seen_at),
    )


def audit_row(entry: AuditEntry) -> Row:
    return {
        "id": entry.id,
        "project_id": entry.project_id,
        "at": milliseconds(entry.at),
        "actor_kind": entry.actor.kind.value,
        "actor_id": entry.actor.id,
        "actor_name": entry.actor.name,
        "source": entry.actor.source,
        "action": entry.action,
        "subject": entry.subject,
        "owner_id": entry.owner_id,
        "before": None if entry.before is None else dumped(dict(entry.before)),
        "after": None if entry.after is None else dumped(dict(entry.after)),
    }


def audit_of(values: Values) -> AuditEntry:
    (
        entry_id,
        project_id,
        at,
        actor_kind,
        actor_id,
        actor_name,
        source,
        action,
        subject,
        owner_id,
        before,
        after,
    ) = values
    return AuditEntry(
        id=entry_id,
        project_id=project_id,
        at=instant(at),
        actor=Actor(ActorKind(actor_kind), actor_id, actor_name, source),
        action=action,
        subject=subject,
        owner_id=owner_id,
        before=None if before is None else json.loads(before),
        after=None if after is None else json.loads(after),
    )
