"""Clauses of `AccountStore.link`, in the order of its steps."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connect_hub.errors import (
    AttemptNotFound,
    LinkNotFound,
    LinkRefused,
    LinkRevoked,
    LinkUsed,
    StorageConflict,
)
from connect_hub.models import Account, AccountType, AttemptStatus, ProviderIdentity, Session
from connect_hub.storage.protocol import LinkResult, NewEvent, Storage
from connect_hub.storage.transaction import Transaction
from connect_hub.testing.storage.values import (
    NOW,
    Clauses,
    all_accounts,
    announced,
    attempt,
    event,
    later,
    link_request,
    linked,
    seal,
    session,
    silent,
)

__all__ = ["LinkClauses"]

LEASE = timedelta(hours=1)


async def _link(storage: Storage, of: Session, provider: str = "acme", **changes: object) -> LinkResult:
    """Link through the stored session `of`, with a new attempt."""
    tried = attempt(of, provider=provider)
    await storage.save_attempt(tried)
    return await storage.link(link_request(of, tried, **changes))


class LinkClauses(Clauses):
    """`link` makes or renews one account, with its events, all or nothing."""

    async def test_a_first_link_makes_an_account(self, storage: Storage) -> None:
        """5: all of the request's and the session's values are in it; generation 1, slot '', one event."""
        made = session(
            origin_username="u", label="L", metadata={"k": [1]}, type=AccountType.TEST, provider="acme"
        )
        await storage.create_session(made)
        tried = attempt(made, held=b"held", error_code="identity_changed", error_description="x")
        await storage.save_attempt(tried)
        identity = ProviderIdentity("p1", "Person", "p@example.com")
        request = link_request(made, tried, identity=identity, expires_at=later(60), now=later(1))
        result = await storage.link(request)
        assert result.account == Account(
            id=request.new_account_id,
            project_id="default",
            provider="acme",
            method="api_key",
            origin_owner_id="owner",
            origin_owner_name="Owner",
            origin_username="u",
            type=AccountType.TEST,
            slot="",
            label="L",
            metadata={"k": [1]},
            setup_information={"subdomain": "acme"},
            identity=identity,
            session_id=made.id,
            generation=1,
            key_id="k1",
            sequence=1,
            expires_at=later(60),
            asked_scopes=("read",),
            granted_scopes=("read", "write"),
            created_at=later(1),
            updated_at=later(1),
        )
        assert (result.created, result.repeated) == (True, False)
        assert result.session == replace(made, connects=1, used_at=later(1))
        assert await storage.session("default", made.id) == result.session
        assert await storage.account(result.account.id) == result.account
        stored = await storage.stored_credentials(result.account.id)
        assert stored is not None
        assert stored.sealed == seal(result.account.id, 1).data
        assert await storage.attempt(tried.id) == replace(
            tried,
            status=AttemptStatus.AUTHENTICATED,
            account_id=result.account.id,
            held=None,
            error_code=None,
            error_description=None,
            updated_at=later(1),
        )
        assert await announced(storage) == ["account.created"]

    async def test_the_same_attempt_has_one_result(self, storage: Storage) -> None:
        """1, R16: an attempt submitted 20 times at once links once; the others are told so."""
        made = session(provider="acme")
        await storage.create_session(made)
        tried = attempt(made)
        await storage.save_attempt(tried)
        results = await asyncio.gather(*(storage.link(link_request(made, tried)) for _ in range(20)))
        assert [r.repeated for r in results].count(False) == 1
        assert len({r.account.id for r in results}) == 1
        assert len(await all_accounts(storage)) == 1
        assert await announced(storage) == ["account.created"]
        await storage.revoke_session("default", made.id, now=NOW)
        assert (await storage.link(link_request(made, tried))).repeated

    async def test_a_single_use_session_links_once(self, storage: Storage) -> None:
        """2, R16: of 50 attempts of one session at once, one links; LinkUsed for the rest, one event."""
        made = session(provider="acme")
        await storage.create_session(made)
        tried = [attempt(made) for _ in range(50)]
        for one in tried:
            await storage.save_attempt(one)
        results = await asyncio.gather(
            *(storage.link(link_request(made, one)) for one in tried), return_exceptions=True
        )
        assert sum(isinstance(r, LinkUsed) for r in results) == 49
        assert len(await all_accounts(storage)) == 1
        assert await announced(storage) == ["account.created"]
        after = await storage.session("default", made.id)
        assert after is not None
        assert after.connects == 1

    async def test_links_of_one_owner_make_one_account(self, storage: Storage) -> None:
        """3, R16: 20 sessions of one owner that finish together make one account and renew it 19 times."""
        made = [session() for _ in range(20)]
        for one in made:
            await storage.create_session(one)
        results = await asyncio.gather(*(_link(storage, one) for one in made))
        assert [r.created for r in results].count(True) == 1
        (account,) = await all_accounts(storage)
        assert account.generation == 20
        assert account.sequence == 20
        stored = await storage.stored_credentials(account.id)
        assert stored is not None
        assert stored.sealed == seal(account.id, 20).data

    async def test_a_session_that_may_not_connect(self, storage: Storage) -> None:
        """2: gone, another project's, revoked and used are refused; an attempt must be the session's own."""
        gone, other = session(), session()
        await storage.create_session(other)
        tried = attempt(other)
        await storage.save_attempt(tried)
        with pytest.raises(LinkNotFound):
            await storage.link(link_request(gone, attempt(gone)))
        with pytest.raises(LinkNotFound):
            await storage.link(link_request(other, tried, project_id="another"))
        with pytest.raises(AttemptNotFound):
            await storage.link(link_request(other, attempt(other)))
        mine = session()
        await storage.create_session(mine)
        with pytest.raises(AttemptNotFound):
            await storage.link(link_request(mine, tried))
        await storage.revoke_session("default", other.id, now=NOW)
        with pytest.raises(LinkRevoked):
            await storage.link(link_request(other, tried))
        assert await all_accounts(storage) == []
        assert await announced(storage) == []

    async def test_expiry_is_not_checked(self, storage: Storage) -> None:
        """2, T8: a visit that was opened in time may finish after its session expired."""
        made = session(expires_at=later(1))
        await storage.create_session(made)
        assert (await _link(storage, made, now=later(3600))).created

    async def test_how_often_a_session_connects(self, storage: Storage) -> None:
        """2, 6: `max_connects`, else 1 with a provider or account, else each provider once, or more with
        `multiple`; `used_at` is set when the limit is reached."""
        twice = session(max_connects=2, multiple=True)
        each = session(origin_owner_id="each")
        many = session(origin_owner_id="many", multiple=True)
        for one in (twice, each, many):
            await storage.create_session(one)
        assert (await _link(storage, twice)).session.used_at is None
        assert (await _link(storage, twice, now=later(1))).session.used_at == later(1)
        with pytest.raises(LinkUsed):
            await _link(storage, twice)
        assert (await _link(storage, each)).session.used_at is None
        with pytest.raises(LinkUsed):
            await _link(storage, each)
        assert (await _link(storage, each, "other")).created
        assert [(await _link(storage, many)).session.connects for _ in range(3)] == [1, 2, 3]

    async def test_a_refusal_by_the_host_leaves_nothing(self, storage: Storage) -> None:
        """7: an exception of a callback passes through as it is, and neither account, event, count nor
        attempt is changed; for a new account and for a renewed one."""
        before = await linked(storage)
        for made in (session(multiple=True), session()):
            await storage.create_session(made)
            tried = attempt(made, held=b"held")
            await storage.save_attempt(tried)
            for refusal in (LinkRefused("No."), ZeroDivisionError("a fault")):

                def refuse(*_: object, refusal: Exception = refusal) -> None:
                    raise refusal

                with pytest.raises(type(refusal)) as caught:
                    await storage.link(link_request(made, tried, in_transaction=refuse))
                assert caught.value is refusal
                assert await all_accounts(storage) == [before]
                assert await storage.session("default", made.id) == made
                assert await storage.attempt(tried.id) == tried
            await storage.link(link_request(made, tried))
            await storage.delete_account(
                "default", (await storage.attempts(made.id))[0].account_id or "", announce=silent
            )
            before = await linked(storage)
        assert "account.created" in await announced(storage)

    async def test_callbacks_run_last_and_once(self, storage: Storage) -> None:
        """7: they are given the events and the account as written, and a transaction."""
        seen: list[tuple[list[str], Account]] = []

        def callback(events: Sequence[NewEvent], account: Account, transaction: Transaction) -> None:
            assert hasattr(transaction, "connection")
            seen.append(([e.name for e in events], account))

        made = await linked(storage, in_transaction=callback)
        assert seen == [(["account.created"], made)]

    async def test_without_events_the_sequence_stays(self, storage: Storage) -> None:
        """An announcement of nothing raises no sequence."""
        assert (await linked(storage, announce=silent)).sequence == 0

    async def test_an_event_id_is_taken_once(self, storage: Storage) -> None:
        """A link whose event cannot be written is no link."""
        taken = event(id="msg_taken")
        await storage.record([taken])
        with pytest.raises(StorageConflict):
            await linked(storage, announce=lambda *_: [taken])
        assert await all_accounts(storage) == []
