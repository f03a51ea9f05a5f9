"""Statements about API keys."""

from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from connect_hub.audit import AuditEntry
from connect_hub.models import ApiKey
from connect_hub.storage.api_key_rows import api_key_of, api_key_row
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql.audit import note as write_note
from connect_hub.storage.sql.paging import older
from connect_hub.storage.sql.tables import Tables

__all__ = ["create", "get", "listing", "revoke", "touch"]


def create(c: Connection, t: Tables, key: ApiKey, note: AuditEntry | None) -> None:
    c.execute(insert(t.api_keys), api_key_row(key))
    write_note(c, t, note)


def get(c: Connection, t: Tables, key_id: str) -> ApiKey | None:
    row = c.execute(t.select_api_key, {"key_id": key_id}).first()
    return None if row is None else api_key_of(row)


def listing(
    c: Connection, t: Tables, project_id: str, limit: int | None, before: tuple[datetime, str] | None
) -> list[ApiKey]:
    k = t.api_keys.c
    statement = select(t.api_keys).where(k.project_id == project_id)
    if before is not None:
        statement = statement.where(older(k.created_at, k.id, before))
    statement = statement.order_by(k.created_at.desc(), k.id.desc()).limit(limit)
    return [api_key_of(row) for row in c.execute(statement)]


def revoke(
    c: Connection, t: Tables, project_id: str, key_id: str, now: datetime, note: AuditEntry | None
) -> ApiKey | None:
    k = t.api_keys.c
    mine = and_(k.id == key_id, k.project_id == project_id)
    live = update(t.api_keys).where(mine, k.revoked_at.is_(None))
    if c.execute(live.values(revoked_at=milliseconds(now))).rowcount:
        write_note(c, t, note)
    row = c.execute(select(t.api_keys).where(mine)).first()
    return None if row is None else api_key_of(row)


def touch(c: Connection, t: Tables, key_id: str, now: datetime) -> None:
    c.execute(update(t.api_keys).where(t.api_keys.c.id == key_id).values(last_used_at=milliseconds(now)))
