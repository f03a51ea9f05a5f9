"""What accounts did, in memory."""

from collections.abc import Sequence

from connect_hub.storage.activity_rows import COUNTED, LAST, day_of, day_row
from connect_hub.storage.memory.shelves import Shelves, pick
from connect_hub.storage.protocol import AccountDay

__all__ = ["MemoryActivity"]


class MemoryActivity(Shelves):
    """`ActivityStore` in memory."""

    async def add_activity(self, days: Sequence[AccountDay]) -> None:
        with self._transaction():
            for day in days:
                account = self._accounts.get(day.account_id)
                if account is None:
                    continue
                row = day_row(day, str(account["project_id"]))
                key = (day.account_id, int(row["day"]))
                before = self._account_days.get(key)
                if before is not None:
                    added = {name: before[name] + row[name] for name in COUNTED}
                    told = {name: before[name] if row[name] is None else row[name] for name in LAST}
                    row = {**row, **added, **told}
                self._account_days[key] = row

    async def activity(self, project_id: str, account_id: str, *, limit: int = 30) -> list[AccountDay]:
        with self._transaction():
            rows = [
                row
                for row in self._account_days.values()
                if (row["account_id"], row["project_id"]) == (account_id, project_id)
            ]
        rows.sort(key=lambda row: row["day"], reverse=True)
        return [day_of(pick(row)) for row in rows[:limit]]
