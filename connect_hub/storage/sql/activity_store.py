"""What `SQLStorage` has for what accounts did."""

from collections.abc import Sequence

from connect_hub.storage.protocol import AccountDay
from connect_hub.storage.sql import activity
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions

__all__ = ["SQLActivity"]


class SQLActivity:
    """`ActivityStore` over SQLAlchemy."""

    _transactions: Transactions
    tables: Tables

    async def add_activity(self, days: Sequence[AccountDay]) -> None:
        if days:
            await self._transactions.write(activity.add, self.tables, days)

    async def activity(self, project_id: str, account_id: str, *, limit: int = 30) -> list[AccountDay]:
        return await self._transactions.read(activity.listing, self.tables, project_id, account_id, limit)
