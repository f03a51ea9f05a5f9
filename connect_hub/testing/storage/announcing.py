"""Clauses about events that are written with what they tell of, and about what somebody has to look for."""

from dataclasses import replace

import pytest

from connect_hub.errors import LinkExpired, StorageConflict
from connect_hub.models import AttemptStatus
from connect_hub.storage.protocol import EventQuery, Storage
from connect_hub.testing.storage.values import (
    NOW,
    Clauses,
    attempt,
    digest,
    endpoint,
    event,
    later,
    session,
    visit,
)

__all__ = ["AnnouncingClauses"]


async def _events(storage: Storage) -> set[str]:
    return {one.id for one in await storage.events(EventQuery(project_id="default"))}


class AnnouncingClauses(Clauses):
    """A change and its event are both there, or neither."""

    async def test_an_opening_is_announced_with_the_visit(self, storage: Storage) -> None:
        """R1: the event sees the session as it was counted; a visit that is refused announces nothing, and an
        event that cannot be written leaves no visit."""
        made = session()
        await storage.create_session(made)
        opened = event(id="msg_opened")
        seen = []

        def announce(one: object) -> list[object]:
            seen.append(one)
            return [opened]

        result = await storage.open_visit(visit(made), now=NOW, announce=announce)  # type: ignore[arg-type]
        assert seen[-1] == result == replace(made, opens=1)
        with pytest.raises(LinkExpired):
            await storage.open_visit(
                visit(made, "late"), now=later(7200), announce=lambda _: [event(id="msg_late")]
            )
        with pytest.raises(StorageConflict):
            await storage.open_visit(visit(made, "twice"), now=NOW, announce=lambda _: [opened])
        assert await storage.visit(digest("twice")) is None
        assert await _events(storage) == {"msg_opened"}

    async def test_an_attempt_is_announced_when_it_is_saved(self, storage: Storage) -> None:
        """R1: events come with the attempt, and not when another status stands."""
        made = session()
        await storage.create_session(made)
        tried = attempt(made)
        await storage.save_attempt(tried, events=[event(id="msg_made")])
        failed = replace(tried, status=AttemptStatus.ERROR)
        assert await storage.save_attempt(failed, expected={"pending"}, events=[event(id="msg_failed")])
        assert not await storage.save_attempt(failed, expected={"pending"}, events=[event(id="msg_not")])
        with pytest.raises(StorageConflict):
            await storage.save_attempt(tried, events=[event(id="msg_failed")])
        assert await storage.attempt(tried.id) == failed
        assert await _events(storage) == {"msg_made", "msg_failed"}

    async def test_what_nobody_wants_is_not_written(self, storage: Storage) -> None:
        """An event that is for subscribers alone leaves nothing without one, a target or an endpoint."""
        await storage.record([event(id="msg_1", name="link.opened", targets=(), only_if_wanted=True)])
        assert await _events(storage) == set()
        await storage.record([event(id="msg_2", targets=("handler:x",), only_if_wanted=True)])
        await storage.create_endpoint(endpoint(events=("link.opened",)), at_most=9)
        await storage.record([event(id="msg_3", name="link.opened", targets=(), only_if_wanted=True)])
        await storage.record([event(id="msg_4", name="link.failed", targets=(), only_if_wanted=True)])
        assert await _events(storage) == {"msg_2", "msg_3"}

    async def test_expired_sessions_are_found_by_when_they_ended(self, storage: Storage) -> None:
        """Of all projects, the first to end first; not those that were used up or revoked before, nor those
        that ended outside of the span."""
        spans = [session(expires_at=later(at), project_id=f"p{at}") for at in (30, 10, 20, 40)]
        for one in spans:
            await storage.create_session(one)
        revoked = session(expires_at=later(20))
        await storage.create_session(revoked)
        await storage.revoke_session("default", revoked.id, now=NOW)
        await storage.create_session(session(expires_at=later(20), used_at=NOW))
        found = await storage.sessions_expired(after=later(10), until=later(30))
        assert found == [spans[2], spans[0]]
        assert await storage.sessions_expired(after=later(0), until=later(30), limit=1) == [spans[1]]
