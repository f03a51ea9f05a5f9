"""Clauses of endpoints that belong to one session."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from connect_hub.errors import StorageConflict
from connect_hub.storage.protocol import Delivery, DeliveryState, Idempotency, Retention, Storage
from connect_hub.testing.storage.values import NOW, Clauses, digest, endpoint, event, later, session

__all__ = ["SessionEndpointClauses"]

_LONG_AGO = later(-1_000_000)
_SESSIONS = Retention(
    sessions_before=later(3600),
    attempts_before=_LONG_AGO,
    events_before=_LONG_AGO,
    visits_before=_LONG_AGO,
    idempotency_before=_LONG_AGO,
)


async def _claim(storage: Storage) -> list[Delivery]:
    targets = [f"webhook:{one.project_id}/{one.id}" for one in await storage.endpoints_due(now=NOW)]
    return await storage.claim_deliveries(
        dict.fromkeys(targets, 100), limit=100, lease=timedelta(hours=1), now=NOW
    )


async def _told(storage: Storage) -> Sequence[tuple[str, str]]:
    """(endpoint, event) of what is given out now."""
    return sorted((one.target.rpartition("/")[2], one.event_name) for one in await _claim(storage))


class SessionEndpointClauses(Clauses):
    """A session's own endpoint gets what is about the session."""

    async def test_a_sessions_own_endpoint_gets_what_is_about_it(self, storage: Storage) -> None:
        """Events that carry the session go there as well as to the project's; others to the project's alone.
        What is written only where somebody wants it, is."""
        of = await storage.create_session(
            mine := session(), endpoint=endpoint(id="ep_own", session_id=mine.id, events=("link.opened", "a"))
        )
        other = await storage.create_session(session())
        assert await storage.create_endpoint(endpoint(id="ep_all", events=("a",)), at_most=1)
        wanted: dict[str, object] = {"only_if_wanted": True, "targets": ()}
        await storage.record(
            [
                event(name="a", record_id="1", session_id=of.id),
                event(name="a", record_id="2", session_id=other.id),
                event(name="a", record_id="3"),
                event(name="b", record_id="4", session_id=of.id),
                event(name="link.opened", record_id="5", session_id=of.id, **wanted),
                event(name="link.opened", record_id="6", session_id=other.id, **wanted),
                event(name="a", record_id="7", session_id=of.id, project_id="other"),
            ]
        )
        assert await _told(storage) == [
            ("ep_all", "a"),
            ("ep_all", "a"),
            ("ep_all", "a"),
            ("ep_own", "a"),
            ("ep_own", "link.opened"),
        ]

    async def test_it_is_found_by_its_id_alone(self, storage: Storage) -> None:
        """T41: it is neither listed nor counted; who has its id from a delivery finds and deletes it, in its
        project."""
        own = endpoint(id="ep_own", session_id=(mine := session()).id)
        await storage.create_session(mine, endpoint=own)
        assert await storage.endpoints("default") == []
        assert await storage.create_endpoint(endpoint(), at_most=1)
        await storage.record([event(session_id=mine.id)])
        assert own in await storage.endpoints_due(now=NOW)
        assert await storage.endpoint("default", "ep_own") == own
        assert await storage.endpoint("other", "ep_own") is None
        assert await storage.delete_endpoint("other", "ep_own", now=NOW) is None
        assert await storage.delete_endpoint("default", "ep_own", now=NOW) == own
        assert await storage.endpoint("default", "ep_own") is None

    async def test_it_is_written_with_its_session_or_not_at_all(self, storage: Storage) -> None:
        """A session that is not made brings none: its id was taken, or the same request made it before."""
        key = Idempotency(scope="default", key="k", body_hash=digest("body"), forget_before=later(-60))
        first = await storage.create_session(session(), idempotency=key)
        again = session()
        own = endpoint(id="ep_own", session_id=again.id)
        assert await storage.create_session(again, idempotency=key, endpoint=own) == first
        with pytest.raises(StorageConflict):
            await storage.create_session(first, endpoint=own)
        await storage.record([event(session_id=again.id)])
        assert await storage.endpoints_due(now=NOW) == []

    async def test_it_goes_with_its_session(self, storage: Storage) -> None:
        """Once the session is purged nothing more goes there, what waited is given up, and what was sealed in
        it is gone."""
        mine = session(created_at=NOW, expires_at=later(60))
        await storage.create_session(mine, endpoint=endpoint(id="ep_own", session_id=mine.id))
        await storage.record([event(session_id=mine.id, targets=())])
        assert (await storage.purge(_SESSIONS)).sessions == 1
        assert (await storage.backlog()).by_state[DeliveryState.DEAD] == 1
        await storage.record([event(session_id=mine.id, targets=())])
        assert (await storage.backlog()).by_state[DeliveryState.PENDING] == 0
        assert await storage.endpoints_due(now=NOW) == []
