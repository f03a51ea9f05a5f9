"""Clauses of `StepStore`."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from connect_hub.errors import LinkExpired, LinkNotFound
from connect_hub.models import AttemptStatus, Session, StepKind
from connect_hub.storage.protocol import MOST_STEPS, FunnelQuery, Storage
from connect_hub.testing.storage.values import (
    NOW,
    Clauses,
    attempt,
    later,
    link_request,
    linked,
    session,
    step,
    visit,
)

__all__ = ["StepClauses"]

WINDOW = FunnelQuery(project_id="default", since=NOW, until=later(3600))


class StepClauses(Clauses):
    """The steps of customers are kept in order, counted by session, and end with it."""

    async def test_a_step_comes_back_as_it_was(self, storage: Storage) -> None:
        """Every field survives; T41: to another project the session has none."""
        made = session()
        await storage.create_session(made)
        full = step(
            made,
            StepKind.FAILED,
            provider="Acme",
            method="api_key",
            attempt_id="att_1",
            error_code="rejected_credentials",
        )
        await storage.record_step(full)
        assert await storage.steps("default", made.id) == [full]
        assert await storage.steps("another", made.id) == []

    async def test_the_way_is_recorded_where_it_is_taken(self, storage: Storage) -> None:
        """Opening, saving an attempt and linking write their step in the same transaction, or nothing."""
        made = session(provider="acme")
        await storage.create_session(made)
        await storage.open_visit(visit(made), now=later(1))
        tried = attempt(made, visit_name="0a1b2c3d", method="api_key", updated_at=later(3))
        await storage.save_attempt(tried, step=StepKind.SUBMITTED)
        failed = replace(
            tried, status=AttemptStatus.ERROR, error_code="provider_unavailable", updated_at=later(4)
        )
        assert await storage.save_attempt(failed, expected={"pending"}, step=StepKind.FAILED)
        assert not await storage.save_attempt(tried, expected={"redirected"}, step=StepKind.SUBMITTED)
        request = link_request(made, tried, now=later(8))
        await storage.link(request)
        assert (await storage.link(replace(request, now=later(9)))).repeated
        with pytest.raises(LinkExpired):
            await storage.open_visit(visit(await _stored(storage), "late"), now=later(7200))
        first = step(made, StepKind.OPENED, at=later(1), provider="acme")
        by = replace(first, attempt_id=tried.id, method="api_key")
        assert await storage.steps("default", made.id) == [
            first,
            replace(by, kind=StepKind.SUBMITTED, at=later(3)),
            replace(by, kind=StepKind.FAILED, at=later(4), error_code="provider_unavailable"),
            replace(by, kind=StepKind.CONNECTED, at=later(8), took=timedelta(seconds=7)),
        ]

    async def test_a_step_may_be_recorded_once(self, storage: Storage) -> None:
        """With `once`, the first of its kind, visit and provider stays; others do not count."""
        made = session()
        await storage.create_session(made)
        picked = step(made, StepKind.PICKED, provider="acme")
        kept = [
            picked,
            replace(picked, provider="Acme"),
            replace(picked, visit_name="ffffffff"),
            replace(picked, kind=StepKind.ABANDONED, provider=None, visit_name=None),
        ]
        for one in kept:
            await storage.record_step(one, once=True)
            await storage.record_step(replace(one, at=later(5)), once=True)
        assert await storage.steps("default", made.id) == kept

    async def test_steps_at_once_are_all_kept(self, storage: Storage) -> None:
        """20 steps of one session at the same time are 20; the newest are listed in their order."""
        made = session()
        await storage.create_session(made)
        wanted = [step(made, StepKind.PICKED, provider=str(n)) for n in range(20)]
        await asyncio.gather(*(storage.record_step(one) for one in wanted))
        found = await storage.steps("default", made.id)
        assert sorted(found, key=lambda one: int(one.provider or "")) == wanted
        assert await storage.steps("default", made.id, limit=3) == found[-3:]

    async def test_a_session_that_is_gone_has_no_steps(self, storage: Storage) -> None:
        """LinkNotFound: what was erased does not come back."""
        with pytest.raises(LinkNotFound):
            await storage.record_step(step(session(), StepKind.PICKED))

    async def test_a_link_cannot_fill_the_table(self, storage: Storage) -> None:
        """Past MOST_STEPS only connections are added."""
        made = session(multiple=True)
        await storage.create_session(made)
        for _ in range(MOST_STEPS):
            await storage.record_step(step(made, StepKind.SUBMITTED))
        await storage.record_step(step(made, StepKind.FAILED))
        assert len(await storage.steps("default", made.id, limit=2 * MOST_STEPS)) == MOST_STEPS
        await linked(storage, made)
        (last,) = await storage.steps("default", made.id, limit=1)
        assert last.kind is StepKind.CONNECTED

    async def test_a_funnel_counts_sessions(self, storage: Storage) -> None:
        """By provider and kind, each session once, inside the window and the project; with the median."""
        sessions = [session(multiple=True) for _ in range(5)]
        for number, made in enumerate(sessions):
            await storage.create_session(made)
            await storage.open_visit(visit(made, str(number)), now=later(number))
            await storage.record_step(step(made, StepKind.PICKED, provider="acme", at=later(10)))
            await storage.record_step(step(made, StepKind.PICKED, provider="acme", at=later(11)))
        for number, made in enumerate(sessions[:3]):
            await linked(storage, made, now=later(20 + number * number))
        foreign = session(project_id="another")
        await storage.create_session(foreign)
        await storage.record_step(step(foreign, StepKind.PICKED, provider="acme"))
        await storage.record_step(step(sessions[0], StepKind.PICKED, provider="other", at=later(3600)))

        before, acme = await storage.funnel(WINDOW)
        assert (before.provider, before.sessions, before.median) == (None, {StepKind.OPENED: 5}, None)
        assert acme.provider == "acme"
        assert acme.sessions == {StepKind.PICKED: 5, StepKind.CONNECTED: 3}
        assert acme.median == timedelta(seconds=11)
        assert await storage.funnel(replace(WINDOW, provider="acme")) == [acme]
        assert await storage.funnel(replace(WINDOW, provider="Acme")) == []
        late = await storage.funnel(replace(WINDOW, since=later(21)))
        assert [row.sessions for row in late] == [{StepKind.CONNECTED: 2}]
        assert await storage.funnel(replace(WINDOW, project_id="nobody")) == []

    async def test_a_funnel_of_so_many_steps_is_of_the_newest(self, storage: Storage) -> None:
        """And says whether older ones may have been left out."""
        for number in range(3):
            made = session()
            await storage.create_session(made)
            await storage.record_step(step(made, StepKind.PICKED, provider="acme", at=later(number)))
            await storage.record_step(step(made, StepKind.SUBMITTED, provider="acme", at=later(10 + number)))
        (whole,) = await storage.funnel(WINDOW)
        assert (whole.sessions, whole.cut) == ({StepKind.PICKED: 3, StepKind.SUBMITTED: 3}, False)
        assert await storage.funnel(replace(WINDOW, most=7)) == [whole]
        (newest,) = await storage.funnel(replace(WINDOW, most=4))
        assert (newest.sessions, newest.cut) == ({StepKind.PICKED: 1, StepKind.SUBMITTED: 3}, True)


async def _stored(storage: Storage) -> Session:
    made = session(expires_at=later(60))
    await storage.create_session(made)
    return made
