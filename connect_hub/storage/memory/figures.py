"""Counts, in memory."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from connect_hub.models import AccountStatus, StepKind
from connect_hub.storage.attempt_rows import step_of
from connect_hub.storage.memory.shelves import Shelves, pick
from connect_hub.storage.protocol import (
    EVENTS_COUNTED,
    MOST_COUNTED,
    AccountKind,
    DeliveryState,
    Failure,
    FailureQuery,
    Figures,
)
from connect_hub.storage.rows import Row, milliseconds

__all__ = ["MemoryFigures"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 24 * 60 * 60 * 1000


class MemoryFigures(Shelves):
    """`FigureStore` in memory."""

    async def figures(
        self, project_id: str, *, since: datetime, targets: Collection[str] = (), most: int = MOST_COUNTED
    ) -> Figures:
        cut = milliseconds(since)
        with self._transaction():
            accounts = [row for row in self._accounts.values() if row["project_id"] == project_id]
            events = [row for row in self._events.values() if row["project_id"] == project_id]
            counted_events = _newest(events, cut, min(most, EVENTS_COUNTED))
            deliveries_cut = len(counted_events) >= min(most, EVENTS_COUNTED)
            begin = counted_events[-1]["created_at"] if deliveries_cut else cut
            states = Counter(
                row["state"]
                for row in self._deliveries.values()
                if row["target"] in targets and row["created_at"] >= begin
            )
        kinds, cut_statuses = Counter[AccountKind](), set()
        for status in AccountStatus:
            of_status = [row for row in accounts if row["status"] == status.value]
            counted = _newest(of_status, 0, most)
            if len(counted) >= most:
                cut_statuses.add(status)
            kinds.update(AccountKind(status, row["provider"], row["method"]) for row in counted)
        newest = _newest(accounts, cut, most)
        days = Counter(row["created_at"] - row["created_at"] % _DAY for row in newest)
        return Figures(
            accounts=dict(kinds),
            connected={_EPOCH + timedelta(milliseconds=day): n for day, n in days.items()},
            deliveries={DeliveryState(name): n for name, n in states.items()},
            cut_statuses=frozenset(cut_statuses),
            connected_cut=len(newest) >= most,
            deliveries_cut=deliveries_cut,
        )

    async def accounts_by_provider(self, project_id: str, providers: Collection[str]) -> dict[str, int]:
        with self._transaction():
            counted = Counter(
                row["provider"] for row in self._accounts.values() if row["project_id"] == project_id
            )
        return {provider: min(counted[provider], MOST_COUNTED) for provider in providers}

    async def failures(self, query: FailureQuery) -> list[Failure]:
        before = query.before
        cut = None if before is None else (milliseconds(before[0]), before[1], before[2])
        since = 0 if query.since is None else milliseconds(query.since)
        with self._transaction():
            rows = [
                (row, self._sessions[row["session_id"]])
                for row in self._steps.values()
                if row["project_id"] == query.project_id
                and row["kind"] == StepKind.FAILED.value
                and query.provider in {None, row["provider"]}
                and row["at"] >= since
                and (cut is None or _place(row) < cut)
            ]
        rows.sort(key=lambda pair: _place(pair[0]), reverse=True)
        return [
            Failure(step_of(pick(row)), row["number"], of["origin_owner_id"], of["origin_owner_name"])
            for row, of in rows[: query.limit]
        ]


def _newest(rows: list[Row], cut: int, most: int) -> list[Row]:
    since = [row for row in rows if row["created_at"] >= cut]
    return sorted(since, key=lambda row: (int(row["created_at"]), row["id"]), reverse=True)[:most]


def _place(row: Row) -> tuple[int, int, int]:
    return (row["at"], row["session_id"], row["number"])
