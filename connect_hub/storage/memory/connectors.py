"""What operators set for connectors, in memory."""

from collections.abc import Callable
from datetime import datetime

from connect_hub.storage import rules
from connect_hub.storage.connector_rows import settings_of, settings_row
from connect_hub.storage.memory.operators import MemoryAudit
from connect_hub.storage.memory.shelves import pick
from connect_hub.storage.protocol import ConnectorSettings, NotingSettings

__all__ = ["MemoryConnectors"]


class MemoryConnectors(MemoryAudit):
    """`ConnectorStore` in memory."""

    async def connector_settings(
        self, project_id: str | None, *, connection: object = None
    ) -> list[ConnectorSettings]:
        self._refuse_connection(connection)
        with self._transaction():
            rows = [self._connector_settings[key] for key in sorted(self._connector_settings)]
        return [settings_of(pick(row)) for row in rows if project_id in {None, row["project_id"]}]

    async def change_connector(
        self,
        project_id: str,
        provider: str,
        change: Callable[[ConnectorSettings], ConnectorSettings],
        *,
        now: datetime,
        note: NotingSettings | None = None,
    ) -> ConnectorSettings:
        with self._transaction():
            row = self._connector_settings.get((project_id, provider))
            unset = ConnectorSettings(project_id=project_id, provider=provider, updated_at=now)
            before = unset if row is None else settings_of(pick(row))
            after = rules.changed_settings(before, change, now=now)
            if after is None:
                return before
            entry = None if note is None else note(before, after)
            self._refuse_noted(entry)
            self._connector_settings[project_id, provider] = settings_row(after)
            self._note(entry)
            return settings_of(pick(self._connector_settings[project_id, provider]))
