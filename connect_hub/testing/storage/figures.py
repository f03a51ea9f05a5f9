"""Clauses of `FigureStore`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connect_hub.models import AccountStatus, StepKind
from connect_hub.storage.protocol import AccountKind, DeliveryState, FailureQuery, Figures, Storage
from connect_hub.testing.storage.values import (
    NOW,
    Clauses,
    event,
    later,
    linked,
    session,
    silent,
    step,
)

__all__ = ["FigureClauses"]


class FigureClauses(Clauses):
    """Counts are of one project, and of what happened since the instant that is given."""

    async def test_nothing_is_counted_as_nothing(self, storage: Storage) -> None:
        """An empty project has no row of any kind."""
        assert await storage.figures("default", since=NOW) == Figures({}, {}, {})

    async def test_accounts_are_counted_by_status_and_day(self, storage: Storage) -> None:
        """T41: another project's are not; nor, by day, those of before."""
        for owner in ("1", "2", "3"):
            await linked(storage, session(origin_owner_id=owner, origin_owner_name=owner))
        await linked(storage, session(project_id="other"))
        made = await linked(storage, session(origin_owner_id="4"))
        await storage.change_account(
            "default", made.id, lambda a: replace(a, status=AccountStatus.SUSPENDED), announce=silent
        )
        day = datetime(made.created_at.year, made.created_at.month, made.created_at.day, tzinfo=UTC)
        found = await storage.figures("default", since=NOW - timedelta(days=3))
        assert found.accounts == {
            AccountKind(AccountStatus.ACTIVE, made.provider, made.method): 3,
            AccountKind(AccountStatus.SUSPENDED, made.provider, made.method): 1,
        }
        assert found.connected == {day: 4}
        by_provider = await storage.accounts_by_provider("default", [made.provider, "other"])
        assert by_provider == {made.provider: 4, "other": 0}
        later_on = await storage.figures("default", since=NOW + timedelta(days=3))
        assert (later_on.accounts, later_on.connected) == (found.accounts, {})

    async def test_a_count_that_ends_says_so(self, storage: Storage) -> None:
        """Of what there is more of than is counted, the newest is counted, and the figures tell."""
        for owner in ("1", "2", "3"):
            made = await linked(storage, session(origin_owner_id=owner, origin_owner_name=owner))
        await storage.record([event(targets=("a",)), event(targets=("a", "b"))])
        since = NOW - timedelta(days=1)
        whole, cut = [await storage.figures("default", since=since, most=n) for n in (100, 2)]
        assert (whole.cut_statuses, whole.connected_cut, whole.deliveries_cut) == (frozenset(), False, False)
        assert cut.accounts == {AccountKind(AccountStatus.ACTIVE, made.provider, made.method): 2}
        assert cut.cut_statuses == {AccountStatus.ACTIVE}
        assert (sum(cut.connected.values()), cut.connected_cut) == (2, True)
        assert cut.deliveries_cut

    async def test_deliveries_are_counted_by_state(self, storage: Storage) -> None:
        """Those to the named targets, of what happened since then."""
        await storage.record([event(targets=("a", "b")), event(targets=("c",))])
        day = timedelta(days=1)
        for targets, count in ((("a", "b"), 2), (("b", "c", "d"), 2), (("d",), 0), ((), 0)):
            found = await storage.figures("default", since=NOW - day, targets=targets)
            assert found.deliveries == ({DeliveryState.PENDING: count} if count else {})
        assert not (await storage.figures("default", since=NOW + day, targets=["a"])).deliveries

    async def test_failures_follow_each_other(self, storage: Storage) -> None:
        """T41: newest first, of one project and provider, each with its customer; pages neither skip nor
        repeat, also at the same instant."""
        for number in range(3):
            made = session(origin_owner_id=str(number), origin_owner_name=f"Owner {number}")
            await storage.create_session(made)
            for kind in (StepKind.OPENED, StepKind.FAILED, StepKind.FAILED):
                failed = step(made, kind, provider="acme", error_code="rejected_credentials")
                await storage.record_step(replace(failed, at=later(number // 2)))
        other = session(project_id="other")
        await storage.create_session(other)
        await storage.record_step(replace(step(other, StepKind.FAILED, provider="acme"), project_id="other"))
        query, seen = FailureQuery(project_id="default", limit=2), []
        for _ in range(4):
            page = await storage.failures(query)
            seen += page
            if page:
                last = page[-1]
                before = (last.step.at, last.step.session_id, last.number)
                query = replace(query, before=before)
        assert len(seen) == 6
        assert len({(one.step.session_id, one.number) for one in seen}) == 6
        assert [one.step.at for one in seen] == sorted((one.step.at for one in seen), reverse=True)
        assert {one.origin_owner_name for one in seen} == {"Owner 0", "Owner 1", "Owner 2"}
        assert await storage.failures(replace(query, before=None, provider="none")) == []
        newest = max(one.step.at for one in seen)
        lately = await storage.failures(replace(query, before=None, since=newest, limit=10))
        assert lately == [one for one in seen if one.step.at == newest]
