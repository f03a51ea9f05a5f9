"""Clauses of `TriggerStore`."""

import asyncio

import pytest

from connect_hub.errors import StorageConflict
from connect_hub.storage.protocol import AuditQuery, EventQuery, Noting, Storage
from connect_hub.testing.storage.operators import entry
from connect_hub.testing.storage.values import (
    Clauses,
    digest,
    event,
    later,
    linked,
    session,
    silent,
    telling,
    trigger,
)

__all__ = ["TriggerClauses"]

TOLD = telling("webhook:one")


class TriggerClauses(Clauses):
    """What every storage does with triggers."""

    async def test_an_account_has_one_trigger_and_keeps_the_first(self, storage: Storage) -> None:
        account = await linked(storage)
        first = trigger(account, "first")
        assert await storage.put_trigger(first, replace=False) == first
        assert await storage.put_trigger(trigger(account, "second"), replace=False) == first
        assert await storage.pull_trigger(digest("second"), announce=TOLD) is None

    async def test_the_first_of_two_at_once_is_the_one_of_both(self, storage: Storage) -> None:
        account = await linked(storage)
        stored = await asyncio.gather(
            *(storage.put_trigger(trigger(account, name), replace=False) for name in ("one", "two"))
        )
        assert stored[0] == stored[1]

    async def test_a_replaced_trigger_is_pulled_by_its_new_token_alone(self, storage: Storage) -> None:
        account = await linked(storage)
        await storage.put_trigger(trigger(account, "old"), replace=False)
        new = trigger(account, "new", nonce="1" * 32, key_id="k2", created_at=later(60))
        assert await storage.put_trigger(new, replace=True) == new
        assert await storage.pull_trigger(digest("old"), announce=TOLD) is None
        assert await storage.pull_trigger(digest("new"), announce=TOLD) is not None
        assert await storage.put_trigger(trigger(account, "x"), replace=False) == new

    async def test_pulling_it_tells_of_the_account_and_changes_its_sequence_alone(
        self, storage: Storage
    ) -> None:
        account = await linked(storage)
        await storage.put_trigger(trigger(account), replace=False)
        pulled = await storage.pull_trigger(digest("token"), announce=TOLD)
        now = await storage.account(account.id)
        assert pulled == now
        assert now is not None
        assert now.sequence == account.sequence + 1
        assert {name for name in account.__slots__ if getattr(now, name) != getattr(account, name)} == {
            "sequence"
        }
        told = await storage.events(EventQuery(project_id="default", record_id=account.id))
        assert {(one.name, one.sequence) for one in told} == {
            ("account.created", account.sequence),
            ("account.triggered", account.sequence + 1),
        }

    async def test_it_is_pulled_as_often_as_it_is_called_at_once(self, storage: Storage) -> None:
        account = await linked(storage)
        await storage.put_trigger(trigger(account), replace=False)
        await asyncio.gather(*(storage.pull_trigger(digest("token"), announce=TOLD) for _ in range(8)))
        now = await storage.account(account.id)
        assert now is not None
        assert now.sequence == account.sequence + 8

    async def test_an_event_that_is_taken_leaves_everything_as_it_was(self, storage: Storage) -> None:
        account = await linked(storage)
        await storage.put_trigger(trigger(account), replace=False)
        taken = event()
        await storage.record([taken])
        with pytest.raises(StorageConflict):
            await storage.pull_trigger(digest("token"), announce=lambda *_: [taken])
        assert await storage.account(account.id) == account

    async def test_a_project_has_triggers_of_its_own_accounts_alone(self, storage: Storage) -> None:
        account = await linked(storage)
        assert await storage.put_trigger(trigger(account, project_id="other"), replace=True) is None
        assert await storage.put_trigger(trigger(account, account_id="acc-none"), replace=True) is None
        assert await storage.pull_trigger(digest("token"), announce=TOLD) is None

    async def test_making_one_is_noted_in_the_audit_log(self, storage: Storage) -> None:
        account = await linked(storage)

        def noting(name: str) -> Noting:
            return lambda before, after: entry(name, subject=after.id)

        await storage.put_trigger(trigger(account, "one"), replace=False, note=noting("made"))
        await storage.put_trigger(trigger(account, "two"), replace=False, note=noting("kept"))
        await storage.put_trigger(trigger(account, "two"), replace=True, note=noting("replaced"))
        noted = await storage.audit_entries(AuditQuery(project_id="default", subject=account.id))
        assert {one.id for one in noted} == {"made", "replaced"}

    async def test_it_goes_with_its_account(self, storage: Storage) -> None:
        account = await linked(storage)
        await storage.put_trigger(trigger(account), replace=False)
        await storage.delete_account("default", account.id, announce=silent)
        assert await storage.pull_trigger(digest("token"), announce=TOLD) is None
        erased = await linked(storage, session(origin_owner_id="gone"))
        await storage.put_trigger(trigger(erased), replace=False)
        await storage.erase_owner("default", "gone", announce=silent)
        assert await storage.pull_trigger(digest("token"), announce=TOLD) is None
