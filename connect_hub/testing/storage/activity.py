"""Clauses of `ActivityStore`."""

import asyncio
from datetime import timedelta

from connect_hub.storage.protocol import AccountDay, Retention, Storage
from connect_hub.testing.storage.values import NOW, Clauses, later, linked, session, silent

__all__ = ["ActivityClauses"]

DAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


class ActivityClauses(Clauses):
    """What every storage does with counts of calls and refreshes."""

    async def test_what_is_counted_adds_up_by_the_day(self, storage: Storage) -> None:
        """Counts are added, the last call and refresh replaced by what is told; each day is by itself, the
        newest first, and so is each account."""
        one, two = await linked(storage), await linked(storage, session(origin_owner_id="b"))
        called = AccountDay(
            account_id=one.id, day=DAY, calls=3, calls_failed=1, last_call_at=later(1), last_status=503
        )
        yesterday = AccountDay(account_id=one.id, day=DAY - timedelta(days=1), calls=1, last_call_at=NOW)
        await storage.add_activity([called, yesterday, AccountDay(account_id=two.id, day=DAY, calls=9)])
        refreshed = AccountDay(
            account_id=one.id,
            day=DAY,
            calls=2,
            refreshes=1,
            refreshes_failed=2,
            last_refresh_at=later(2),
            last_error="refresh_failed",
        )
        await storage.add_activity([refreshed])
        await storage.add_activity([AccountDay(account_id=one.id, day=DAY, last_error="credentials_expired")])
        today = AccountDay(
            account_id=one.id,
            day=DAY,
            calls=5,
            calls_failed=1,
            last_call_at=later(1),
            last_status=503,
            refreshes=1,
            refreshes_failed=2,
            last_refresh_at=later(2),
            last_error="credentials_expired",
        )
        assert await storage.activity("default", one.id) == [today, yesterday]
        assert await storage.activity("default", one.id, limit=1) == [today]
        assert await storage.activity("other", one.id) == []
        assert [day.calls for day in await storage.activity("default", two.id)] == [9]

    async def test_counts_of_the_same_moment_all_count(self, storage: Storage) -> None:
        """Several processes add to one account and day at once, whoever makes the row."""
        account = await linked(storage)
        day = AccountDay(account_id=account.id, day=DAY, calls=1, last_call_at=NOW)
        await asyncio.gather(*(storage.add_activity([day]) for _ in range(4)))
        assert [one.calls for one in await storage.activity("default", account.id)] == [4]

    async def test_an_account_s_days_go_with_it_and_are_purged(self, storage: Storage) -> None:
        """Nothing is counted of an account that is not there; a day is purged as events are."""
        one, two = await linked(storage), await linked(storage, session(origin_owner_id="b"))
        old = DAY - timedelta(days=40)
        days = [
            AccountDay(account_id=account_id, day=at, calls=1)
            for account_id in (one.id, two.id, "nobody")
            for at in (DAY, old)
        ]
        await storage.add_activity(days)
        assert await storage.activity("default", "nobody") == []
        before = NOW - timedelta(days=30)
        purged = await storage.purge(
            Retention(
                sessions_before=before,
                attempts_before=before,
                events_before=before,
                visits_before=before,
                idempotency_before=before,
            )
        )
        assert purged.account_days == 2
        assert [day.day for day in await storage.activity("default", one.id)] == [DAY]
        await storage.delete_account("default", one.id, announce=silent)
        await storage.erase_owner("default", "b", announce=silent)
        for account in (one, two):
            assert await storage.activity("default", account.id) == []
