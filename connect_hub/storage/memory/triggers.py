"""Triggers, in memory."""

from connect_hub.errors import StorageConflict
from connect_hub.models import Account, Trigger
from connect_hub.storage import rules
from connect_hub.storage.account_rows import account_of
from connect_hub.storage.memory.outbox import MemoryEvents
from connect_hub.storage.memory.shelves import pick
from connect_hub.storage.protocol import Announce, Change, Noting
from connect_hub.storage.trigger_rows import trigger_of, trigger_row

__all__ = ["MemoryTriggers"]


class MemoryTriggers(MemoryEvents):
    """`TriggerStore` in memory."""

    async def put_trigger(
        self, trigger: Trigger, *, replace: bool, note: Noting | None = None
    ) -> Trigger | None:
        with self._transaction():
            account = self._accounts.get(trigger.account_id)
            if account is None or account["project_id"] != trigger.project_id:
                return None
            row = self._triggers.get(trigger.account_id)
            if row is not None and not replace:
                return trigger_of(pick(row))
            if self._trigger_of(trigger.token_hash) not in {None, trigger.account_id}:
                raise StorageConflict
            of = account_of(pick(account))[0]
            entry = None if note is None else note(of, of)
            self._refuse_noted(entry)
            self._triggers[trigger.account_id] = trigger_row(trigger)
            self._note(entry)
            return trigger

    async def pull_trigger(self, token_hash: bytes, *, announce: Announce) -> Account | None:
        with self._transaction():
            account_id = self._trigger_of(token_hash)
            if account_id is None:
                return None
            row = self._accounts[account_id]
            account = account_of(pick(row))[0]
            after, events = rules.announced(account, Change.TRIGGERED, account, announce)
            self._refuse_taken(events)
            self._accounts[account_id] = {**row, "sequence": after.sequence}
            self._record(events)
            return after

    def _trigger_of(self, token_hash: bytes) -> str | None:
        wanted = token_hash.hex()
        return next((key for key, row in self._triggers.items() if row["token_hash"] == wanted), None)
