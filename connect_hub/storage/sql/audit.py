"""Statements about the audit log."""

from sqlalchemy import Connection, insert, select

from connect_hub.audit import AuditEntry
from connect_hub.storage.operator_rows import audit_of, audit_row
from connect_hub.storage.protocol import AuditQuery
from connect_hub.storage.sql.paging import older
from connect_hub.storage.sql.tables import Tables

__all__ = ["listing", "note"]


def note(c: Connection, t: Tables, entry: AuditEntry | None) -> None:
    """Write the entry, if there is one."""
    if entry is not None:
        c.execute(insert(t.audit), audit_row(entry))


def listing(c: Connection, t: Tables, query: AuditQuery) -> list[AuditEntry]:
    a = t.audit.c
    statement = select(t.audit).where(a.project_id == query.project_id)
    for column, wanted in (
        (a.action, query.action),
        (a.subject, query.subject),
        (a.actor_id, query.actor_id),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if query.before is not None:
        statement = statement.where(older(a.at, a.id, query.before))
    statement = statement.order_by(a.at.desc(), a.id.desc()).limit(query.limit)
    return [audit_of(row) for row in c.execute(statement)]
