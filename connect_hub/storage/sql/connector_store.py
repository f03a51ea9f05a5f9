"""What `SQLStorage` has for the settings of connectors."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_hub.storage.protocol import ConnectorSettings, NotingSettings
from connect_hub.storage.sql import connectors
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions

__all__ = ["SQLConnectors"]


class SQLConnectors:
    """`ConnectorStore` over SQLAlchemy."""

    _transactions: Transactions
    tables: Tables

    async def connector_settings(
        self, project_id: str | None, *, connection: Connection | AsyncConnection | None = None
    ) -> list[ConnectorSettings]:
        if connection is not None:
            return await self._transactions.run_on(connection, connectors.listing, self.tables, project_id)
        return await self._transactions.read(connectors.listing, self.tables, project_id)

    async def change_connector(
        self,
        project_id: str,
        provider: str,
        change: Callable[[ConnectorSettings], ConnectorSettings],
        *,
        now: datetime,
        note: NotingSettings | None = None,
    ) -> ConnectorSettings:
        return await self._transactions.write(
            connectors.change, self.tables, project_id, provider, change, now, note
        )
