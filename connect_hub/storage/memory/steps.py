"""The steps of customers, in memory."""

from dataclasses import replace

from connect_hub.errors import LinkNotFound
from connect_hub.models import Step, StepKind
from connect_hub.storage import step_rules
from connect_hub.storage.attempt_rows import step_of, step_row
from connect_hub.storage.memory.shelves import Shelves, pick
from connect_hub.storage.protocol import FunnelQuery, FunnelRow
from connect_hub.storage.rows import Row, instant, milliseconds

__all__ = ["MemorySteps"]

_MOST_DURATIONS = 10_000


class MemorySteps(Shelves):
    """`StepStore` in memory."""

    async def record_step(self, step: Step, *, once: bool = False) -> None:
        with self._transaction():
            if step.session_id not in self._sessions:
                raise LinkNotFound
            same = (step.kind.value, step.visit_name, step.provider)
            rows = self._steps_of(step.session_id)
            if once and any((row["kind"], row["visit_name"], row["provider"]) == same for row in rows):
                return
            self._add_step(step)

    async def steps(self, project_id: str, session_id: int, *, limit: int = 200) -> list[Step]:
        with self._transaction():
            rows = [row for row in self._steps_of(session_id) if row["project_id"] == project_id]
        return [step_of(pick(row)) for row in rows[max(0, len(rows) - limit) :]]

    async def funnel(self, query: FunnelQuery) -> list[FunnelRow]:
        with self._transaction():
            rows = [row for row in self._steps.values() if _is_wanted(row, query)]
        rows.sort(key=lambda row: (row["at"], row["session_id"]), reverse=True)
        rows = rows[: query.most]
        counted: dict[tuple[str | None, str], set[int]] = {}
        for row in rows:
            counted.setdefault((row["provider"], row["kind"]), set()).add(row["session_id"])
        timed = [row for row in rows if row["took"] is not None]
        return step_rules.funnel_rows(
            [(provider, kind, len(ids)) for (provider, kind), ids in counted.items()],
            [(row["provider"], row["took"]) for row in timed[:_MOST_DURATIONS]],
            cut=query.most is not None and len(rows) >= query.most,
        )

    def _steps_of(self, session_id: int) -> list[Row]:
        rows = [row for row in self._steps.values() if row["session_id"] == session_id]
        return sorted(rows, key=lambda row: int(row["number"]))

    def _add_step(self, step: Step) -> None:
        rows = self._steps_of(step.session_id)
        number = rows[-1]["number"] + 1 if rows else 1
        if not step_rules.is_kept(step, number):
            return
        took = None
        before = [row["at"] for row in rows if row["provider"] == step.provider]
        if step.kind is StepKind.CONNECTED and before:
            took = step.at - instant(min(before))
        self._steps[step.session_id, number] = step_row(replace(step, took=took), number)


def _is_wanted(row: Row, query: FunnelQuery) -> bool:
    if row["project_id"] != query.project_id:
        return False
    if query.provider is not None and row["provider"] != query.provider:
        return False
    return bool(milliseconds(query.since) <= row["at"] < milliseconds(query.until))
