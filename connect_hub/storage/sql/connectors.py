"""Statements about what operators set for connectors."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, exc, insert, select, update

from connect_hub.storage import rules
from connect_hub.storage.connector_rows import settings_of, settings_row
from connect_hub.storage.protocol import ConnectorSettings, NotingSettings
from connect_hub.storage.sql import audit
from connect_hub.storage.sql.failures import TryAgain
from connect_hub.storage.sql.tables import Tables

__all__ = ["change", "listing"]


def listing(c: Connection, t: Tables, project_id: str | None) -> list[ConnectorSettings]:
    s = t.connector_settings.c
    found = select(t.connector_settings).order_by(s.project_id, s.provider)
    if project_id is not None:
        found = found.where(s.project_id == project_id)
    return [settings_of(row) for row in c.execute(found)]


def change(
    c: Connection,
    t: Tables,
    project_id: str,
    provider: str,
    change: Callable[[ConnectorSettings], ConnectorSettings],
    now: datetime,
    note: NotingSettings | None,
) -> ConnectorSettings:
    s = t.connector_settings.c
    its = (s.project_id == project_id, s.provider == provider)
    row = c.execute(select(t.connector_settings).where(*its).with_for_update()).first()
    unset = ConnectorSettings(project_id=project_id, provider=provider, updated_at=now)
    before = unset if row is None else settings_of(row)
    after = rules.changed_settings(before, change, now=now)
    if after is None:
        return before
    if row is not None:
        c.execute(update(t.connector_settings).where(*its).values(settings_row(after)))
    else:
        try:
            c.execute(insert(t.connector_settings), settings_row(after))
        except exc.IntegrityError as error:
            raise TryAgain from error  # somebody else set it first
    audit.note(c, t, None if note is None else note(before, after))
    return after
