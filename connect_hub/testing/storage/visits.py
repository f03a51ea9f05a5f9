"""Clauses of `VisitStore`."""

import asyncio
from dataclasses import replace

import pytest

from connect_hub.errors import LinkExpired, LinkNotFound, LinkRevoked, LinkUsed, StorageConflict
from connect_hub.models import AttemptStatus
from connect_hub.storage.protocol import Storage
from connect_hub.testing.storage.values import (
    HOSTILE,
    NOW,
    Clauses,
    attempt,
    digest,
    later,
    linked,
    session,
    state,
    visit,
)

__all__ = ["VisitClauses"]


class VisitClauses(Clauses):
    """Visits, attempts and OAuth states: each found by its secret's hash, and used once where said."""

    async def test_opening_counts(self, storage: Storage) -> None:
        """T6: each opened visit raises the session's `opens` by one, 20 at once as well."""
        made = session()
        await storage.create_session(made)
        opened = await asyncio.gather(*(storage.open_visit(visit(made, str(n)), now=NOW) for n in range(20)))
        assert sorted(one.opens for one in opened) == list(range(1, 21))
        found = await storage.visit(digest("7"))
        assert found == (visit(made, "7"), replace(made, opens=20))

    async def test_a_visits_kind_is_kept(self, storage: Storage) -> None:
        """T1, T29: that a visit stands in a frame, or is for one attempt, is kept as it was opened."""
        made = session()
        await storage.create_session(made)
        for one in (visit(made, "frame", embedded=True), visit(made, "window", attempt_id="att-1")):
            await storage.open_visit(one, now=NOW)
            await storage.touch_visit(one.secret_hash, now=NOW)
            found = await storage.visit(one.secret_hash)
            assert found is not None
            assert found[0] == one

    async def test_a_session_that_is_over_cannot_be_opened(self, storage: Storage) -> None:
        """T6: revoked, used, expired and unknown sessions are four refusals that write nothing."""
        revoked, used, expired = session(), session(provider="acme"), session()
        for one in (revoked, used, expired):
            await storage.create_session(one)
        await storage.revoke_session("default", revoked.id, now=NOW)
        await linked(storage, used)
        refusals = (
            (revoked, LinkRevoked),
            (used, LinkUsed),
            (expired, LinkExpired),
            (session(), LinkNotFound),
        )
        for one, refusal in refusals:
            with pytest.raises(refusal):
                await storage.open_visit(visit(one, str(one.id)), now=one.expires_at)
            assert await storage.visit(digest(str(one.id))) is None
        after = await storage.session("default", expired.id)
        assert after == expired

    async def test_a_visits_hash_is_taken_once(self, storage: Storage) -> None:
        """A second visit with the same hash is StorageConflict and counts no opening."""
        made = session()
        await storage.create_session(made)
        await storage.open_visit(visit(made), now=NOW)
        with pytest.raises(StorageConflict):
            await storage.open_visit(visit(made), now=NOW)
        assert await storage.session("default", made.id) == replace(made, opens=1)

    async def test_a_visit_is_touched(self, storage: Storage) -> None:
        """touch_visit moves `last_seen_at`, and sets `subject` where given; an unknown visit is no error."""
        made = session()
        await storage.create_session(made)
        await storage.open_visit(visit(made), now=NOW)
        await storage.touch_visit(digest("secret"), now=later(1), subject="42")
        await storage.touch_visit(digest("secret"), now=later(2))
        await storage.touch_visit(digest("unknown"), now=later(3))
        found = await storage.visit(digest("secret"))
        assert found is not None
        assert found[0] == visit(made, last_seen_at=later(2), subject="42")

    async def test_a_visit_is_ended(self, storage: Storage) -> None:
        """end_visit removes the one, and no other; an unknown visit is no error."""
        made = session()
        await storage.create_session(made)
        await storage.open_visit(visit(made), now=NOW)
        await storage.open_visit(visit(made, "other"), now=NOW)
        await storage.end_visit(digest("secret"))
        await storage.end_visit(digest("secret"))
        assert await storage.visit(digest("secret")) is None
        assert await storage.visit(digest("other")) is not None

    async def test_an_attempt_comes_back_as_it_was(self, storage: Storage) -> None:
        """Every field of an attempt survives; saving it again replaces it."""
        made = session()
        await storage.create_session(made)
        full = attempt(
            made,
            visit_name="0a1b2c3d",
            method="api_key",
            status=AttemptStatus.ERROR,
            values={"subdomain": HOSTILE[1], "name": HOSTILE[2]},
            error_code="rejected_credentials",
            error_description=HOSTILE[0],
            account_id="acc",
            held=b"\x00held\xff",
        )
        assert await storage.save_attempt(full)
        assert await storage.attempt(full.id) == full
        changed = replace(full, status=AttemptStatus.CANCELLED, held=None, values={}, updated_at=later(1))
        assert await storage.save_attempt(changed)
        assert await storage.attempt(full.id) == changed
        assert await storage.attempt(full.id.upper()) is None

    async def test_an_attempt_is_replaced_only_from_an_expected_status(self, storage: Storage) -> None:
        """Of 20 that expect `pending` at once, one wins; an absent attempt meets no expectation."""
        made = session()
        await storage.create_session(made)
        tried = attempt(made)
        assert not await storage.save_attempt(tried, expected={"pending"})
        await storage.save_attempt(tried)
        wanted = [replace(tried, status=AttemptStatus.REDIRECTED, error_code=str(n)) for n in range(20)]
        won = await asyncio.gather(*(storage.save_attempt(one, expected={"pending"}) for one in wanted))
        assert won.count(True) == 1
        assert await storage.attempt(tried.id) == wanted[won.index(True)]

    async def test_nothing_is_saved_for_a_session_that_is_gone(self, storage: Storage) -> None:
        """A new attempt or state of an unknown session is LinkNotFound: erased data does not come back."""
        nowhere = attempt(session())
        with pytest.raises(LinkNotFound):
            await storage.save_attempt(nowhere)
        with pytest.raises(LinkNotFound):
            await storage.save_state(state(nowhere))
        assert await storage.attempt(nowhere.id) is None
        assert await storage.state(digest("state")) is None

    async def test_attempts_are_listed_newest_first(self, storage: Storage) -> None:
        """Of one session only, by (created_at, id), up to the limit; of one status, if it is asked for."""
        made, other = session(), session()
        await storage.create_session(made)
        await storage.create_session(other)
        await storage.save_attempt(attempt(other))
        tried = [
            attempt(
                made,
                created_at=later(n // 2),
                status=AttemptStatus.AUTHENTICATED if n < 2 else AttemptStatus.PENDING,
            )
            for n in range(6)
        ]
        for one in tried:
            await storage.save_attempt(one)
        expected = sorted(tried, key=lambda one: (one.created_at, one.id), reverse=True)
        assert await storage.attempts(made.id) == expected
        assert await storage.attempts(made.id, limit=2) == expected[:2]
        assert await storage.attempts(made.id, status=AttemptStatus.AUTHENTICATED, limit=2) == expected[4:]

    async def test_a_state_is_used_once(self, storage: Storage) -> None:
        """T16: of 20 callbacks at once with the same state, one wins and gets all its fields."""
        made = session()
        await storage.create_session(made)
        tried = attempt(made)
        pending = state(tried, issuer="https://issuer.example.com")
        await storage.save_state(pending)
        assert await storage.state(digest("state")) == pending
        used = await asyncio.gather(*(storage.use_state(digest("state"), now=later(1)) for _ in range(20)))
        assert [one for one in used if one is not None] == [replace(pending, used_at=later(1))]
        assert await storage.state(digest("state")) == replace(pending, used_at=later(1))

    async def test_a_state_expires(self, storage: Storage) -> None:
        """T16: at its `expires_at` a state can no longer be used; an unknown one never can."""
        made = session()
        await storage.create_session(made)
        await storage.save_state(state(attempt(made)))
        assert await storage.use_state(digest("state"), now=later(1200)) is None
        assert await storage.use_state(digest("unknown"), now=NOW) is None
        assert await storage.use_state(digest("state"), now=later(1199.999)) is not None

    async def test_a_new_state_ends_the_attempts_earlier_ones(self, storage: Storage) -> None:
        """Only the newest unused state of an attempt is live; used ones and other attempts' are left."""
        made = session()
        await storage.create_session(made)
        tried, other = attempt(made), attempt(made)
        await storage.save_state(state(tried, "used"))
        await storage.use_state(digest("used"), now=NOW)
        await storage.save_state(state(tried, "first"))
        await storage.save_state(state(other, "other"))
        assert await storage.state_of_attempt(tried.id) == state(tried, "first")
        await storage.save_state(state(tried, "second", created_at=later(1)))
        assert await storage.state_of_attempt(tried.id) == state(tried, "second", created_at=later(1))
        assert await storage.use_state(digest("first"), now=NOW) is None
        assert await storage.state(digest("used")) is not None
        assert await storage.state_of_attempt(other.id) == state(other, "other")
        await storage.use_state(digest("second"), now=NOW)
        assert await storage.state_of_attempt(tried.id) is None
        with pytest.raises(StorageConflict):
            await storage.save_state(state(tried, "other"))
