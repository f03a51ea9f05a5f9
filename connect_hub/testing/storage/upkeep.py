"""Clauses of `ApiKeyStore` and `Upkeep`."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connect_hub.errors import LinkNotFound, StorageConflict
from connect_hub.models import ApiKey, AttemptStatus, StepKind
from connect_hub.storage.protocol import (
    AccountQuery,
    Delivery,
    DeliveryState,
    Idempotency,
    Purged,
    Retention,
    SessionQuery,
    Settlement,
    Storage,
)
from connect_hub.testing.storage.values import (
    HOSTILE,
    NOW,
    Clauses,
    api_key,
    attempt,
    digest,
    event,
    later,
    link_request,
    linked,
    seal,
    session,
    state,
    telling,
    visit,
)

__all__ = ["ApiKeyClauses", "UpkeepClauses"]

LEASE = timedelta(hours=1)
NOTHING = Purged(sessions=0, attempts=0, events=0, visits=0, states=0, idempotency=0, held=0)


class ApiKeyClauses(Clauses):
    """API keys are found by id, listed by project, and revoked for good."""

    async def test_a_key_comes_back_as_it_was(self, storage: Storage) -> None:
        """Every field survives; an id is taken once and exact."""
        made = api_key(id="abc", name=HOSTILE[0])
        await storage.create_api_key(made)
        assert await storage.api_key("abc") == made
        assert await storage.api_key("ABC") is None
        with pytest.raises(StorageConflict):
            await storage.create_api_key(api_key(id="abc"))
        assert await storage.api_key("abc") == made

    async def test_keys_are_the_projects_own(self, storage: Storage) -> None:
        """T41: lists and revocation see the project's keys, newest first; pages neither skip nor
        repeat, also at the same instant."""
        made = sorted(
            (api_key(created_at=later(n // 2)) for n in range(3)), key=lambda k: (k.created_at, k.id)
        )
        for one in (*made, api_key(project_id="another")):
            await storage.create_api_key(one)
        assert await storage.api_keys("default") == made[::-1]
        pages, before = list[list[ApiKey]](), None
        while page := await storage.api_keys("default", limit=2, before=before):
            pages.append(page)
            before = page[-1].created_at, page[-1].id
        assert pages == [made[:0:-1], made[:1]]
        assert await storage.revoke_api_key("another", made[0].id, now=NOW) is None
        assert await storage.api_key(made[0].id) == made[0]

    async def test_a_key_is_revoked_and_touched(self, storage: Storage) -> None:
        """T36: the first revocation counts; a use is noted; an unknown key is None and no error."""
        made = api_key()
        await storage.create_api_key(made)
        await storage.touch_api_key(made.id, now=later(1))
        await storage.touch_api_key("unknown", now=later(1))
        revoked = await storage.revoke_api_key("default", made.id, now=later(2))
        assert revoked == replace(made, last_used_at=later(1), revoked_at=later(2))
        assert await storage.revoke_api_key("default", made.id, now=later(3)) == revoked
        assert await storage.revoke_api_key("default", "unknown", now=later(3)) is None


def _settled(delivery: Delivery, state: DeliveryState) -> Settlement:
    return Settlement(
        delivery_id=delivery.id, epoch=delivery.epoch, state=state, next_at=None, error=None, now=NOW
    )


def _before(cut: datetime, **changes: object) -> Retention:
    never = NOW - timedelta(days=999)
    values: dict[str, object] = dict.fromkeys(
        ("sessions_before", "attempts_before", "events_before", "visits_before", "idempotency_before"), never
    )
    values |= {key: cut if value is True else value for key, value in changes.items()}
    return Retention(**values)  # type: ignore[arg-type]  # a test names the fields


class UpkeepClauses(Clauses):
    """A storage can be checked, emptied of one owner, and purged in batches."""

    async def test_the_canary_is_stored_once(self, storage: Storage) -> None:
        """T45: of 10 proposals at once one is kept, and everybody gets it."""
        await storage.check()
        got = await asyncio.gather(*(storage.canary(f"canary {n}".encode()) for n in range(10)))
        assert len(set(got)) == 1
        assert await storage.canary(b"late") == got[0]

    async def test_an_owner_is_erased(self, storage: Storage) -> None:
        """All of that owner's rows go: sessions, visits, attempts and steps, states, accounts, events."""
        account = await linked(storage, announce=telling("webhook:one"))
        many = await linked(storage, session(multiple=True), announce=telling("webhook:one"))
        made = session()
        remembered = Idempotency("key1", "k", digest("body"), later(-86400))
        await storage.create_session(made, idempotency=remembered)
        await storage.open_visit(visit(made), now=NOW)
        tried = attempt(made)
        await storage.save_attempt(tried, step=StepKind.SUBMITTED)
        await storage.save_state(state(tried))

        erased = await storage.erase_owner("default", "owner", announce=telling("webhook:two"))
        assert erased.sessions == 3
        assert {one.account.id for one in erased.accounts} == {account.id, many.id}
        assert {one.sealed for one in erased.accounts} == {seal(account.id, 1).data, seal(many.id, 1).data}
        assert await storage.sessions(SessionQuery(project_id="default", now=NOW)) == []
        assert await storage.accounts(AccountQuery(project_id="default")) == []
        assert await storage.visit(digest("secret")) is None
        assert await storage.attempt(tried.id) is None
        assert await storage.state(digest("state")) is None
        assert await storage.steps("default", made.id) == []
        assert await storage.claim_deliveries({"webhook:one": 9}, limit=9, lease=LEASE, now=NOW) == []
        last = await storage.claim_deliveries({"webhook:two": 9}, limit=9, lease=LEASE, now=NOW)
        assert {(one.record_id, one.event_name) for one in last} == {
            (account.id, "account.deleted"),
            (many.id, "account.deleted"),
        }
        with pytest.raises(LinkNotFound):
            await storage.save_attempt(attempt(made))
        anew = session()
        assert await storage.create_session(anew, idempotency=remembered) == anew

    async def test_erasing_leaves_everybody_else(self, storage: Storage) -> None:
        """T41: another owner's and another project's rows stay; erasing nobody is no error."""
        others = [
            await linked(storage, session(origin_owner_id="Owner")),
            await linked(storage, session(project_id="another")),
        ]
        nobody = await storage.erase_owner("default", "owner", announce=telling("webhook:one"))
        assert (nobody.sessions, nobody.accounts) == (0, ())
        for one in others:
            assert await storage.account(one.id) == one
        assert len(await storage.claim_deliveries({"webhook:one": 9}, limit=9, lease=LEASE, now=NOW)) == 2

    async def test_an_erased_owner_is_not_linked_again_by_a_race(self, storage: Storage) -> None:
        """Of an erasure and 20 links at once, no account and no session outlives both."""
        made = [session(multiple=True) for _ in range(20)]
        tried = [attempt(one) for one in made]
        for one, by in zip(made, tried, strict=True):
            await storage.create_session(one)
            await storage.save_attempt(by)
        links = [storage.link(link_request(one, by)) for one, by in zip(made, tried, strict=True)]
        erasing = storage.erase_owner("default", "owner", announce=telling())
        *results, _ = await asyncio.gather(*links[:10], erasing, *links[10:], return_exceptions=True)
        assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, LinkNotFound)]
        assert await storage.accounts(AccountQuery(project_id="default")) == []
        assert await storage.sessions(SessionQuery(project_id="default", now=NOW)) == []

    async def test_sessions_are_purged_after_their_end(self, storage: Storage) -> None:
        """T50: expired, used or revoked before the instant; with all that hangs on them; accounts stay."""
        expired, revoked, used = session(expires_at=later(1)), session(), session(provider="acme")
        running = session(expires_at=later(1e7))
        for one in (expired, revoked, used, running):
            await storage.create_session(one)
            await storage.save_attempt(attempt(one, provider="other"))
        await storage.revoke_session("default", revoked.id, now=later(1))
        account = await linked(storage, used)
        assert await storage.purge(_before(later(1), sessions_before=True)) == replace(NOTHING, sessions=1)
        assert await storage.purge(_before(later(2), sessions_before=True)) == replace(NOTHING, sessions=2)
        assert await storage.sessions(SessionQuery(project_id="default", now=NOW)) == [running]
        assert await storage.attempts(expired.id) == []
        assert len(await storage.attempts(running.id)) == 1
        assert await storage.account(account.id) == account

    async def test_events_are_purged_when_nothing_of_them_is_pending(self, storage: Storage) -> None:
        """T50: an old event stays while one of its deliveries waits."""
        await storage.record([event(targets=("webhook:one", "webhook:two")), event(targets=())])
        (one,) = await storage.claim_deliveries({"webhook:one": 9}, limit=9, lease=LEASE, now=NOW)
        await storage.settle_deliveries([_settled(one, DeliveryState.DELIVERED)])
        old = _before(later(1), events_before=True)
        assert await storage.purge(_before(NOW, events_before=True)) == NOTHING
        assert await storage.purge(old) == replace(NOTHING, events=1)
        (two,) = await storage.claim_deliveries({"webhook:two": 9}, limit=9, lease=LEASE, now=NOW)
        await storage.settle_deliveries([_settled(two, DeliveryState.DEAD)])
        assert await storage.purge(old) == replace(NOTHING, events=1)
        assert sum((await storage.backlog()).by_state.values()) == 0

    async def test_the_rest_is_purged_by_age(self, storage: Storage) -> None:
        """T50: attempts, steps, visits, states, held credentials, idempotency keys, each by its instant."""
        made = session()
        remembered = Idempotency("key1", "k", digest("body"), later(-86400))
        await storage.create_session(made, idempotency=remembered)
        await storage.open_visit(visit(made), now=NOW)
        tried = attempt(made, held=b"held", status=AttemptStatus.ERROR)
        await storage.save_attempt(tried)
        await storage.save_state(state(tried))
        at = later(1)
        assert await storage.purge(_before(at, visits_before=True)) == replace(NOTHING, visits=1, held=1)
        assert await storage.attempt(tried.id) == replace(tried, held=None)
        late = _before(later(1201), visits_before=True)
        assert await storage.purge(late) == replace(NOTHING, states=1)
        old = _before(at, attempts_before=True)
        assert await storage.purge(old) == replace(NOTHING, attempts=1, steps=1)
        assert await storage.steps("default", made.id) == []
        assert await storage.purge(_before(at, idempotency_before=True)) == replace(NOTHING, idempotency=1)
        assert await storage.session("default", made.id) == replace(made, opens=1)

    async def test_purging_goes_in_batches(self, storage: Storage) -> None:
        """At most `batch` rows of each kind at a time, until nothing is left to remove."""
        for n in range(7):
            made = session(expires_at=NOW)
            await storage.create_session(
                made, idempotency=Idempotency("s", str(n), digest("body"), later(-86400))
            )
        kept = session(expires_at=later(1e7))
        await storage.create_session(kept)
        for n in range(7):
            await storage.save_attempt(attempt(kept, held=b"held"))
            await storage.open_visit(visit(kept, str(n)), now=NOW)
        await storage.record([event(targets=()) for _ in range(7)])
        retention = _before(later(1), sessions_before=True, events_before=True, visits_before=True, batch=3)
        purged = [await storage.purge(retention) for _ in range(4)]
        assert [p.sessions for p in purged] == [3, 3, 1, 0]
        assert [p.events for p in purged] == [3, 3, 1, 0]
        assert [p.visits for p in purged] == [3, 3, 1, 0]
        assert [p.held for p in purged] == [3, 3, 1, 0]
        first = await storage.purge(_before(later(1), attempts_before=True, batch=5))
        assert (first.attempts, first.steps) == (5, 5)

    async def test_it_may_be_closed_and_used_again(self, storage: Storage) -> None:
        """`aclose` loses nothing that was stored."""
        made = session()
        await storage.create_session(made)
        await storage.aclose()
        assert await storage.session("default", made.id) == made
