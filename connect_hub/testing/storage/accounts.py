"""Clauses of `AccountStore` but `link`."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from connect_hub.errors import AccountConflict
from connect_hub.models import Account, AccountStatus, AccountType, StatusReason
from connect_hub.storage.protocol import AccountQuery, EventQuery, SessionQuery, Storage, StoredCredentials
from connect_hub.testing.storage.values import (
    HOSTILE,
    NOW,
    Clauses,
    attempt,
    later,
    linked,
    seal,
    session,
    silent,
    telling,
)

__all__ = ["AccountClauses", "RefreshClauses"]

LEASE = timedelta(hours=1)
OVER = timedelta(0)
"""A lease that has ended when it begins."""


async def _sequences(storage: Storage, account_id: str) -> int:
    """How many events of the account wait for `webhook:two`."""
    claimed = await storage.claim_deliveries({"webhook:two": 1000}, limit=1000, lease=LEASE, now=later(86400))
    return len([one for one in claimed if one.record_id == account_id])


class AccountClauses(Clauses):
    """Accounts are found within their project, listed newest first, changed and removed with their events."""

    async def test_accounts_are_the_projects_own(self, storage: Storage) -> None:
        """T41: with a project, an account of another is absent to every method; ids are exact."""
        made = await linked(storage)
        assert await storage.account(made.id, project_id="default") == made
        assert await storage.account(made.id, project_id="another") is None
        assert await storage.account(made.id.upper()) is None
        assert await storage.stored_credentials(made.id, project_id="another") is None
        assert await storage.accounts(AccountQuery(project_id="another")) == []
        changed = await storage.change_account(
            "another", made.id, lambda a: replace(a, label="x"), announce=silent
        )
        assert changed is None
        assert await storage.delete_account("another", made.id, announce=silent) is None
        assert await storage.account(made.id) == made

    async def test_accounts_are_paged_by_the_last_row(self, storage: Storage) -> None:
        """Newest first by (created_at, id), by `before` and by `offset`, also where times are equal."""
        made = [await linked(storage, session(multiple=True), now=later(n // 3)) for n in range(10)]
        expected = sorted(made, key=lambda one: (one.created_at, one.id), reverse=True)
        query = AccountQuery(project_id="default", limit=4)
        found: list[Account] = []
        while page := await storage.accounts(query):
            found += page
            query = replace(query, before=(page[-1].created_at, page[-1].id))
        assert found == expected
        deep = AccountQuery(project_id="default", limit=4, offset=8)
        assert await storage.accounts(deep) == expected[8:]

    async def test_accounts_are_filtered(self, storage: Storage) -> None:
        """By ids, owners and providers together; a filter that names nothing filters nothing."""
        a = await linked(storage, session(origin_owner_id="a"))
        b = await linked(storage, session(origin_owner_id="b"))
        c = await linked(
            storage, session(origin_owner_id="b"), make=lambda s: attempt(s, provider="other"), now=later(1)
        )
        query = AccountQuery(project_id="default")
        assert {one.id for one in await storage.accounts(query)} == {a.id, b.id, c.id}
        of_b = replace(query, origin_owner_ids=frozenset({"b", "z"}))
        assert {one.id for one in await storage.accounts(of_b)} == {b.id, c.id}
        assert await storage.accounts(replace(of_b, providers=frozenset({"acme"}))) == [b]
        assert await storage.accounts(replace(of_b, account_ids=frozenset({a.id}))) == []

    async def test_a_customers_id_is_exact(self, storage: Storage) -> None:
        """T41: customers whose ids differ by case, or by spaces at their ends alone, are two: neither takes
        over the other's account, is listed in its place, or goes with it."""
        ids = ("victim", "victim ", "victim  ", " victim", "Victim")
        made = {one: await linked(storage, session(origin_owner_id=one)) for one in ids}
        assert len({account.id for account in made.values()}) == len(ids)
        for one in ids:
            query = AccountQuery(project_id="default", origin_owner_ids=frozenset({one}))
            assert await storage.accounts(query) == [made[one]]
            sessions = SessionQuery(project_id="default", now=NOW, origin_owner_id=one)
            assert [found.origin_owner_id for found in await storage.sessions(sessions)] == [one]
            events = EventQuery(project_id="default", owner_id=one)
            assert {event.owner_id for event in await storage.events(events)} == {one}
        for one in ids[1:]:
            erased = await storage.erase_owner("default", one, announce=silent)
            assert [found.account.id for found in erased.accounts] == [made[one].id]
        assert await storage.accounts(AccountQuery(project_id="default")) == [made["victim"]]
        events = EventQuery(project_id="default")
        assert {event.owner_id for event in await storage.events(events)} == {"victim"}

    async def test_inactive_is_computed(self, storage: Storage) -> None:
        """INACTIVE selects accounts of providers that are not enabled, or by methods that cannot be used;
        other statuses, the rest."""
        active = await linked(storage)
        paused = await linked(storage, session(origin_owner_id="p"))
        disabled = await linked(storage, make=lambda s: attempt(s, provider="disabled"))
        await storage.change_account(
            "default", paused.id, lambda a: replace(a, status=AccountStatus.SUSPENDED), announce=silent
        )

        async def ids(
            *statuses: AccountStatus,
            enabled: tuple[str, ...] = ("acme",),
            unusable: str = "none",
            also_hidden: frozenset[AccountStatus] = frozenset(),
        ) -> set[str]:
            query = AccountQuery(
                project_id="default",
                statuses=frozenset(statuses),
                also_hidden=also_hidden,
                enabled_providers=frozenset(enabled),
                unusable_methods=frozenset({("acme", unusable), ("other", active.method)}),
            )
            return {one.id for one in await storage.accounts(query)}

        assert await ids(AccountStatus.ACTIVE) == {active.id}
        assert await ids(AccountStatus.SUSPENDED) == {paused.id}
        assert await ids(AccountStatus.INACTIVE) == {disabled.id}
        assert await ids(AccountStatus.INACTIVE, AccountStatus.ACTIVE) == {disabled.id, active.id}
        assert await ids(AccountStatus.ACTIVE, enabled=()) == set()
        assert await ids(AccountStatus.INACTIVE, enabled=()) == {active.id, paused.id, disabled.id}
        suspended = frozenset({AccountStatus.SUSPENDED})
        assert await ids(*suspended, enabled=()) == set()
        assert await ids(*suspended, enabled=(), also_hidden=suspended) == {paused.id}
        assert await ids(AccountStatus.ACTIVE, *suspended, also_hidden=suspended) == {active.id, paused.id}
        method = active.method
        assert await ids(AccountStatus.ACTIVE, AccountStatus.SUSPENDED, unusable=method) == set()
        assert await ids(AccountStatus.INACTIVE, unusable=method) == {active.id, paused.id, disabled.id}
        for methods, wanted in (({method}, {active.id, paused.id, disabled.id}), ({"other"}, set())):
            query = AccountQuery(project_id="default", methods=frozenset(methods))
            assert {one.id for one in await storage.accounts(query)} == wanted

    async def test_an_account_is_changed(self, storage: Storage) -> None:
        """Every field that `change` sets is stored, hostile texts too, with one event; id, project,
        generation, sequence, refresh and credentials stay the storage's own."""
        made = await linked(storage)

        def change(account: Account) -> Account:
            return replace(
                account,
                id="other",
                project_id="other",
                generation=9,
                sequence=9,
                refresh_epoch=9,
                key_id="k9",
                origin_owner_id="someone",
                origin_owner_name=HOSTILE[0],
                label=HOSTILE[1],
                metadata={"k": HOSTILE[2]},
                status=AccountStatus.ERROR,
                status_reasons=(StatusReason("code", HOSTILE[3], later(3)),),
                updated_at=later(5),
                last_refreshed_at=later(4),
            )

        after = await storage.change_account("default", made.id, change, announce=telling("webhook:two"))
        assert after == replace(
            change(made),
            id=made.id,
            project_id="default",
            generation=1,
            sequence=2,
            refresh_epoch=0,
            key_id="k1",
        )
        assert await storage.account(made.id) == after
        assert await storage.stored_credentials(made.id) == StoredCredentials(after, seal(made.id, 1).data)
        assert await _sequences(storage, made.id) == 1

    async def test_a_change_of_nothing_is_no_change(self, storage: Storage) -> None:
        """An equal account writes nothing and tells nobody; an unknown one is None."""
        made = await linked(storage)
        same = await storage.change_account("default", made.id, lambda a: a, announce=telling("webhook:two"))
        assert same == made
        assert await _sequences(storage, made.id) == 0
        assert await storage.change_account("default", "no", lambda a: a, announce=silent) is None

    async def test_a_change_may_not_collide(self, storage: Storage) -> None:
        """An owner and type that another account has is AccountConflict, and nothing is written."""
        first = await linked(storage)
        second = await linked(storage, session(type=AccountType.TEST))
        with pytest.raises(AccountConflict):
            await storage.change_account(
                "default",
                second.id,
                lambda a: replace(a, type=AccountType.PRODUCTION),
                announce=telling("webhook:two"),
            )
        assert await storage.account(second.id) == second
        assert await _sequences(storage, second.id) == 0
        many = await linked(storage, session(multiple=True, type=AccountType.TEST))
        moved = await storage.change_account(
            "default", many.id, lambda a: replace(a, type=AccountType.PRODUCTION), announce=silent
        )
        assert moved is not None
        assert moved.type is first.type

    async def test_changes_at_once_are_all_kept(self, storage: Storage) -> None:
        """20 changes of one account at the same time each see the one before; sequences have no gap (R6)."""
        made = await linked(storage)

        def add(account: Account) -> Account:
            return replace(account, label=(account.label or "") + "x")

        done = await asyncio.gather(
            *(storage.change_account("default", made.id, add, announce=telling()) for _ in range(20))
        )
        after = await storage.account(made.id)
        assert after is not None
        assert after.label == "x" * 20
        assert sorted(one.sequence for one in done if one is not None) == list(range(2, 22))

    async def test_a_fault_in_a_change_changes_nothing(self, storage: Storage) -> None:
        """An exception of `change` or `announce` passes through, and nothing is written."""
        made = await linked(storage)

        def fail(*_: object) -> Account:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await storage.change_account("default", made.id, fail, announce=silent)
        with pytest.raises(ZeroDivisionError):
            await storage.change_account(
                "default",
                made.id,
                lambda a: replace(a, label="x"),
                announce=fail,  # type: ignore[arg-type]  # it never answers
            )
        assert await storage.account(made.id) == made

    async def test_deleting_removes_the_credentials(self, storage: Storage) -> None:
        """R17: it returns what was there; afterwards the account is gone to every method, and of 20
        deletions at once one did it."""
        made = await linked(storage)
        epoch = await storage.claim_refresh(made.id, generation=1, lease=LEASE)
        assert epoch is not None
        removed = await asyncio.gather(
            *(storage.delete_account("default", made.id, announce=telling("webhook:two")) for _ in range(20))
        )
        (one,) = [r for r in removed if r is not None]
        assert (one.account.id, one.sealed) == (made.id, seal(made.id, 1).data)
        assert await storage.account(made.id) is None
        assert await storage.stored_credentials(made.id) is None
        assert await storage.claim_refresh(made.id, generation=1, lease=LEASE) is None
        settled = await storage.settle_refresh(
            made.id, epoch=epoch, change=lambda a: a, seal=seal, announce=telling("webhook:two")
        )
        assert settled is None
        assert await _sequences(storage, made.id) == 1
        await storage.touch_account(made.id, now=NOW)
        assert (await linked(storage)).id != made.id

    async def test_an_account_is_touched(self, storage: Storage) -> None:
        """touch_account sets `last_used_at` and nothing else."""
        made = await linked(storage)
        await storage.touch_account(made.id, now=later(9))
        assert await storage.account(made.id) == replace(made, last_used_at=later(9))


class RefreshClauses(Clauses):
    """One refresh at a time, fenced by a number that only rises."""

    async def test_one_holds_the_lease(self, storage: Storage) -> None:
        """R8: of 20 that want to refresh at once, one may."""
        made = await linked(storage)
        claims = await asyncio.gather(
            *(storage.claim_refresh(made.id, generation=1, lease=LEASE) for _ in range(20))
        )
        assert [epoch for epoch in claims if epoch is not None] == [1]
        leased = await storage.account(made.id)
        assert leased is not None
        assert leased.refresh_lease_until is not None
        assert leased.refresh_epoch == 1

    async def test_a_lease_is_for_a_generation(self, storage: Storage) -> None:
        """Credentials that are not the newest need no refresh; nor does an unknown account."""
        made = await linked(storage)
        assert await storage.claim_refresh(made.id, generation=2, lease=LEASE) is None
        assert await storage.claim_refresh("unknown", generation=1, lease=LEASE) is None

    async def test_a_late_writer_is_dropped(self, storage: Storage) -> None:
        """R9: when a lease ran out and another refreshed, the first one's result is not written."""
        made = await linked(storage)
        first = await storage.claim_refresh(made.id, generation=1, lease=OVER)
        second = await storage.claim_refresh(made.id, generation=1, lease=LEASE)
        assert (first, second) == (1, 2)

        async def settle(epoch: int, label: str) -> Account | None:
            return await storage.settle_refresh(
                made.id,
                epoch=epoch,
                change=lambda a: replace(a, label=label),
                seal=seal,
                announce=telling("webhook:two"),
            )

        after = await settle(2, "second")
        assert after is not None
        assert await settle(1, "first") is None
        stored = await storage.stored_credentials(made.id)
        assert stored == StoredCredentials(after, seal(made.id, 2).data)

    async def test_a_renewed_account_drops_a_refresh(self, storage: Storage) -> None:
        """R9: the customer's new credentials are never overwritten by a refresh of the old ones."""
        made = await linked(storage)
        epoch = await storage.claim_refresh(made.id, generation=1, lease=LEASE)
        assert epoch is not None
        renewed = await linked(storage)
        settled = await storage.settle_refresh(
            made.id, epoch=epoch, change=lambda a: a, seal=seal, announce=silent
        )
        assert settled is None
        assert await storage.account(made.id) == renewed
        assert await storage.claim_refresh(made.id, generation=2, lease=LEASE) is not None

    async def test_what_settling_writes(self, storage: Storage) -> None:
        """New credentials raise the generation and end the lease; an event is made only of a new status."""
        made = await linked(storage)
        epoch = await storage.claim_refresh(made.id, generation=1, lease=LEASE)
        assert epoch is not None
        after = await storage.settle_refresh(
            made.id,
            epoch=epoch,
            change=lambda a: replace(a, expires_at=later(60), last_refreshed_at=NOW),
            seal=seal,
            announce=telling("webhook:two"),
        )
        assert after == replace(
            made, expires_at=later(60), last_refreshed_at=NOW, generation=2, refresh_epoch=1
        )
        assert await storage.account(made.id) == after
        assert await _sequences(storage, made.id) == 0
        epoch = await storage.claim_refresh(made.id, generation=2, lease=LEASE)
        assert epoch == 2
        expired = await storage.settle_refresh(
            made.id,
            epoch=epoch,
            change=lambda a: replace(a, status=AccountStatus.EXPIRED),
            seal=None,
            announce=telling("webhook:two"),
        )
        assert expired is not None
        assert (expired.status, expired.generation, expired.sequence) == (AccountStatus.EXPIRED, 2, 2)
        assert expired.refresh_lease_until is None
        assert await storage.stored_credentials(made.id) == StoredCredentials(expired, seal(made.id, 2).data)
        assert await _sequences(storage, made.id) == 1
